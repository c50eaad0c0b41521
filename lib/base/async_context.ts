import { builtin } from "./builtins.ts";

/** What other stores than ours, those of users, hold along with some code. */
export type ContextSnapshot = object | undefined;

/** A value that goes along with running code through everything that it awaits. */
export interface AsyncContext<T> {
  /** The value in the running code. */
  get(): T | undefined;
  /** What else goes along with the running code. */
  contextSnapshot(): ContextSnapshot;
  /** Call `fn` with the value, and everything else as it was when `contextSnapshot` was asked for. */
  run<A, R>(value: T | undefined, around: ContextSnapshot, fn: (argument: A) => R, argument: A): R;
}

/** What Deno makes its own `AsyncLocalStorage` of. */
interface Core {
  getAsyncContext?(): object | undefined;
  setAsyncContext?(context: object | undefined): void;
  AsyncVariable?: new () => { enter(value: unknown): object | undefined; get(): unknown };
}

interface ContextRuntime {
  Deno?: { internal: symbol; [inner: symbol]: { core?: Core } | undefined };
}

const { getAsyncContext, setAsyncContext, AsyncVariable } = coreOf(
  globalThis as unknown as ContextRuntime,
);

function coreOf({ Deno: deno }: ContextRuntime): Core {
  return deno?.[deno.internal]?.core ?? {};
}

const own: unique symbol = Symbol("strand");

/** What goes along with code in which no other store has a value. */
class Frame {
  readonly [own]: unknown;

  constructor(value: unknown) {
    this[own] = value;
  }
}
// Stores are looked up by name in what goes along.
Object.setPrototypeOf(Frame.prototype, null);

/**
 * Deno's own: all stores have an entry each in one object, which is replaced and never changed. An
 * `AsyncLocalStorage` does the same, and a lookup in a `WeakMap` besides, which costs more than all
 * the rest of a short task.
 */
class NativeContext<T> implements AsyncContext<T> {
  get(): T | undefined {
    return (getAsyncContext!() as { [own]?: T } | undefined)?.[own];
  }

  contextSnapshot(): ContextSnapshot {
    const all = getAsyncContext!();
    return all instanceof Frame ? undefined : all;
  }

  run<A, R>(value: T | undefined, around: ContextSnapshot, fn: (argument: A) => R, argument: A): R {
    const before = getAsyncContext!();
    setAsyncContext!(
      around === undefined ? new Frame(value) : { __proto__: null, ...around, [own]: value },
    );
    try {
      return fn(argument);
    } finally {
      setAsyncContext!(before);
    }
  }
}

/**
 * Whether Deno's own way is there and is what it is taken for: it is not documented. Otherwise
 * `node:async_hooks` is needed.
 */
export const isNative: boolean = works(new NativeContext<number>());

function works(context: AsyncContext<number>): boolean {
  if (!getAsyncContext || !setAsyncContext || !AsyncVariable) return false;
  const before = getAsyncContext();
  try {
    const other = new AsyncVariable();
    const seen: unknown[] = [];
    const look = () => seen.push(context.get(), other.get());
    context.run(1, undefined, look, undefined);
    const outer = other.enter("other");
    context.run(2, context.contextSnapshot(), () => {
      look();
      const inner = other.enter("another");
      look();
      setAsyncContext(inner);
    }, undefined);
    look();
    setAsyncContext(outer);
    look();
    return seen.join() === "1,,2,other,2,another,,other,,";
  } catch {
    return false;
  } finally {
    setAsyncContext(before);
  }
}

/** The part of `node:async_hooks` that is used here. */
interface Hooks<T> {
  AsyncLocalStorage: {
    new (): { getStore(): T | undefined; run<R>(value: T | undefined, fn: () => R): R };
    snapshot?(): <R>(fn: () => R) => R;
  };
}

/** By way of an `AsyncLocalStorage`. */
class StorageContext<T> implements AsyncContext<T> {
  readonly #storage: InstanceType<Hooks<T>["AsyncLocalStorage"]>;
  readonly #snapshot: Hooks<T>["AsyncLocalStorage"]["snapshot"];

  constructor({ AsyncLocalStorage }: Hooks<T>) {
    this.#storage = new AsyncLocalStorage();
    this.#snapshot = AsyncLocalStorage.snapshot;
  }

  get(): T | undefined {
    return this.#storage.getStore();
  }

  contextSnapshot(): ContextSnapshot {
    return this.#snapshot?.();
  }

  run<A, R>(value: T | undefined, around: ContextSnapshot, fn: (argument: A) => R, argument: A): R {
    const call = () => this.#storage.run(value, () => fn(argument));
    return around === undefined ? call() : (around as <R>(fn: () => R) => R)(call);
  }
}

/** Where the runtime has nothing of the kind: the value is known until the first `await`. */
class SynchronousContext<T> implements AsyncContext<T> {
  #value: T | undefined;

  get(): T | undefined {
    return this.#value;
  }

  contextSnapshot(): ContextSnapshot {
    return undefined;
  }

  run<A, R>(
    value: T | undefined,
    _around: ContextSnapshot,
    fn: (argument: A) => R,
    argument: A,
  ): R {
    const outer = this.#value;
    this.#value = value;
    try {
      return fn(argument);
    } finally {
      this.#value = outer;
    }
  }
}

/** Make the one that this runtime has. */
export function makeAsyncContext<T>(): AsyncContext<T> {
  if (isNative) return new NativeContext();
  const hooks = builtin<Hooks<T>>("node:async_hooks");
  return hooks === undefined ? new SynchronousContext() : new StorageContext(hooks);
}

/** Whether the value goes along with code beyond its first `await`: not so in browsers. */
export function followsAwaits(): boolean {
  return isNative || builtin("node:async_hooks") !== undefined;
}
