/**
 * What Deno, Node and Bun have and browsers have not yet: an `AsyncLocalStorage`, so that the library
 * knows which task runs beyond its first `await`. It is for the playground alone, whose code is
 * compiled so that each `await` is a call of `Promise.resolve(…).then(…)`; a native `await` would
 * pass it by.
 *
 * @module
 */

type Frame = ReadonlyMap<object, unknown>;

let current: Frame = new Map();

function within<R>(frame: Frame, fn: () => R): R {
  const before = current;
  current = frame;
  try {
    return fn();
  } finally {
    current = before;
  }
}

class AsyncLocalStorage<T> {
  static snapshot(): <R>(fn: () => R) => R {
    const frame = current;
    return (fn) => within(frame, fn);
  }

  getStore(): T | undefined {
    return current.get(this) as T | undefined;
  }

  run<R>(value: T | undefined, fn: () => R): R {
    return within(new Map(current).set(this, value), fn);
  }
}

// deno-lint-ignore no-explicit-any -- functions of any kind, which are called as they were
type Fn = (...args: any[]) => unknown;

/** A function that runs in the context in which it was handed over. */
function bound<F>(fn: F): F {
  if (typeof fn !== "function") return fn;
  const frame = current;
  return function (this: unknown, ...args: unknown[]) {
    return within(frame, () => Reflect.apply(fn, this, args));
  } as F;
}

const { then } = Promise.prototype;
Promise.prototype.then = function (onFulfilled, onRejected) {
  return Reflect.apply(then, this, [bound(onFulfilled), bound(onRejected)]);
};

const { resolve } = Promise;
Promise.resolve = function (this: PromiseConstructor, value?: unknown) {
  const thenable = typeof value === "object" && value !== null && !(value instanceof Promise) &&
    typeof (value as { then?: unknown }).then === "function";
  if (!thenable) return Reflect.apply(resolve, this, [value]);
  // Its `then` is called a turn later, and there, too, the task that awaits is the running one.
  return new Promise((onFulfilled, onRejected) => {
    queueMicrotask(() => (value as PromiseLike<unknown>).then(onFulfilled, onRejected));
  });
} as typeof Promise.resolve;

const globals = globalThis as unknown as Record<string, Fn> & { process?: object };
for (const name of ["setTimeout", "setInterval", "queueMicrotask"]) {
  const original = globals[name]!;
  globals[name] = (fn: Fn, ...args: unknown[]) => original(bound(fn), ...args);
}

globals.process = {
  getBuiltinModule: (name: string) =>
    name === "node:async_hooks" ? { AsyncLocalStorage } : undefined,
};
