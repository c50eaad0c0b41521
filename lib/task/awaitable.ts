import { show } from "../base/validate.ts";
import type { Awaitable } from "../core/task.ts";

/** Whether `value` has a `then` method. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/** Refuse what can not be waited for. `what` completes "Cannot …". */
export function checkAwaitable(what: string, value: unknown): asserts value is Awaitable<unknown> {
  if (typeof value !== "function" && !isThenable(value)) {
    throw new TypeError(
      `Cannot ${what}: wanted a function, promise, future or task, received ${show(value)}`,
    );
  }
}

/** Read all of an iterable of awaitables, and refuse it before anything has started. */
export function listAwaitables<T>(what: string, aws: Iterable<Awaitable<T>>): Awaitable<T>[] {
  if (typeof aws === "string" || typeof aws?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `Cannot ${what}: wanted an iterable of awaitables, received ${show(aws)}`,
    );
  }
  const list = [...aws];
  for (const aw of list) checkAwaitable(what, aw);
  return list;
}
