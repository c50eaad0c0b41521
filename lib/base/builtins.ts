/**
 * The one place that reaches the built-in modules of the runtime: without a static import, so that
 * the library loads where there are none.
 */

interface Runtime {
  Deno?: unknown;
  process?: { getBuiltinModule?(name: string): unknown };
}

const given = new Map<string, unknown>();

/** What is to be called once the runtime has loaded what it is loading. */
let held: (() => void)[] | undefined;

/**
 * Whether the runtime is loading something that the library has asked for. Deno may run microtasks
 * within that, in the middle of the code that asked:
 *
 *     Deno.test("…", async () => {
 *       const task = createTask(next);
 *       const nap = sleep(1);   // the first to need a timer: `next` must not run before this returns
 *     });
 */
export function isLoading(): boolean {
  return held !== undefined;
}

/** Call `fn` when that is over. */
export function afterLoading(fn: () => void): void {
  held!.push(fn);
}

function load<T>(read: () => T): T {
  if (held !== undefined) return read();
  const waiting: (() => void)[] = held = [];
  try {
    return read();
  } finally {
    held = undefined;
    for (const fn of waiting) fn();
  }
}

/**
 * Say what a built-in module is, before anything asks for it. In a worker, asking the runtime for
 * its `process` first takes as long as everything else that it does to start.
 */
export function provideBuiltin(name: string, module: unknown): void {
  given.set(name, module);
}

/**
 * What gives a global as it is now, whatever is put in its place later. It is read when that is called:
 * Deno loads what is behind some globals, `setTimeout` and `process` among them, when they are first
 * read, which takes as long as to load a fifth of this library.
 */
export function laterGlobal(name: string): { isLazy: boolean; read(): unknown } {
  // In a worker of a browser, timers are of what the global scope inherits from.
  const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name) ??
    { value: Reflect.get(globalThis, name) };
  return {
    isLazy: get !== undefined,
    read: () => get === undefined ? value : load(() => get.call(globalThis)),
  };
}

/** A built-in module, `undefined` where there is no such thing. */
export function builtin<T>(name: string): T | undefined {
  if (!given.has(name)) {
    const module = load(() => (globalThis as Runtime).process?.getBuiltinModule?.(name));
    if (module === undefined) return undefined;
    given.set(name, module);
  }
  return given.get(name) as T;
}

const coming = new Map<string, Promise<void>>();

/**
 * Load a built-in module ahead, where `builtin` would take three times as long because it has to load
 * `process` first; until then `builtin` still finds it at once.
 *
 * @returns When it is here; `undefined` if it is, or if there is nothing to be gained.
 */
export function builtinSoon(name: string): Promise<void> | undefined {
  if (given.has(name) || (globalThis as Runtime).Deno === undefined) return undefined;
  let loading = coming.get(name);
  if (loading === undefined) {
    loading = import(/* @vite-ignore */ /* webpackIgnore: true */ name).then((module) => {
      if (!given.has(name)) given.set(name, module);
    }, () => {});
    coming.set(name, loading);
  }
  return loading;
}
