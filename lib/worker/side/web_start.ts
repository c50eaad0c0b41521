/**
 * Runs before everything else in a Web Worker: it listens, and finds the built-ins that the library
 * needs. To import the first one from the runtime takes a quarter of the time in which a bare worker
 * starts, to read `process` or `setTimeout` as much again.
 */
import { provideBuiltin } from "../../base/builtins.ts";
import type { Boot } from "../protocol.ts";

/** What the pool gives this worker. */
// Set before anything is awaited: a message that finds no listener is lost.
export const boot: Promise<Boot> = new Promise((resolve) => {
  addEventListener("message", (event) => resolve((event as MessageEvent<Boot>).data), {
    once: true,
  });
});

/** What Deno's own `AsyncLocalStorage` is made of. */
interface Core {
  AsyncVariable?: new () => { enter(value: unknown): unknown; get(): unknown };
  setAsyncContext?(context: unknown): void;
}

interface Runtime {
  Deno?: { internal: symbol; [inner: symbol]: { core?: Core } | undefined };
}

/** The part of `node:async_hooks` that the library uses, if it can be had without loading that. */
function ownHooks(): object | undefined {
  const { Deno: deno } = globalThis as unknown as Runtime;
  const { AsyncVariable, setAsyncContext } = deno?.[deno.internal]?.core ?? {};
  if (AsyncVariable === undefined || setAsyncContext === undefined) return undefined;
  class AsyncLocalStorage {
    readonly #variable = new AsyncVariable!();

    getStore(): unknown {
      return this.#variable.get();
    }

    run<A extends unknown[], R>(store: unknown, fn: (...args: A) => R, ...args: A): R {
      const outer = this.#variable.enter(store);
      try {
        return fn(...args);
      } finally {
        setAsyncContext!(outer);
      }
    }
  }
  return works(new AsyncLocalStorage()) ? { AsyncLocalStorage } : undefined;
}

interface Storage {
  getStore(): unknown;
  run<A extends unknown[], R>(store: unknown, fn: (...args: A) => R, ...args: A): R;
}

function works(storage: Storage): boolean {
  try {
    const inner = storage.run(
      1,
      () => [storage.getStore(), storage.run(2, () => storage.getStore())],
    );
    return inner[0] === 1 && inner[1] === 2 && storage.getStore() === undefined;
  } catch {
    return false;
  }
}

/** A global as the runtime made it, whatever has been put in its place since; read when needed. */
function original(name: string): () => unknown {
  const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
  return () => get === undefined ? value : get.call(globalThis);
}

const setTimeout = original("setTimeout");
const setImmediate = original("setImmediate");

provideBuiltin("node:timers", {
  get setTimeout() {
    return setTimeout();
  },
  get setImmediate() {
    return setImmediate();
  },
});
// Not written into the import itself: older versions of Deno load types from npm for that.
const hooks = "node:async_hooks";
// Where there is none, the library does without.
provideBuiltin(hooks, ownHooks() ?? await import(hooks).catch(() => undefined));
