import { isThenable } from "../base/is_thenable.ts";
import { show } from "../base/validate.ts";
import type { Future } from "../core/future.ts";
import type { Awaitable } from "../core/task.ts";

/**
 * What an awaitable resolves with.
 *
 * @typeParam A A function, promise, future or task; of several, what any of them resolves with.
 *
 * @example
 * ```ts
 * import { type Awaitable, gather, type ResultOf, sleep, timeout } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Everything that a page is made of, if it is there in time.
 * function within<A extends Awaitable<unknown>>(ms: number, aws: A[]): Promise<ResultOf<A>[]> {
 *   return timeout(ms, () => gather(new Set(aws)));
 * }
 *
 * const parts = await within(60_000, [() => sleep(1, "news"), () => sleep(2, 42)]);
 * assertEquals(parts, ["news", 42]); // its type is `(string | number)[]`
 * ```
 */
export type ResultOf<A> = A extends Awaitable<infer T> ? T : never;

/**
 * The future that stands for an awaitable: a future or task is its own.
 *
 * @typeParam A A function, promise, future or task; of several, the future of any of them.
 *
 * @example
 * ```ts
 * import { createTask, type FutureOf, sleep, wait } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const greeting = createTask(() => sleep(1, "hello"), { name: "greeting" });
 * const { done } = await wait([greeting, () => sleep(2, 36)]);
 *
 * // Task<string> | Future<number>
 * const [first]: Iterable<FutureOf<typeof greeting | (() => Promise<number>)>> = done;
 * assertEquals(first?.result(), "hello");
 * ```
 */
export type FutureOf<A> = A extends Future<unknown> ? A : Future<ResultOf<A>>;

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
