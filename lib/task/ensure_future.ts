import { CancelledError } from "../errors.ts";
import { isInstance } from "../base/instance.ts";
import { checkAwaitable } from "./awaitable.ts";
import { Future, internals } from "./future.ts";
import { type Awaitable, taskInternals } from "./task.ts";

/**
 * Waits behind promises that are handed on to other waits, as in `waitFor(shield(task), 10)`:
 * cancelling the future made of one ends the wait. Otherwise it would go on as one of the task's
 * waits, and the next cancellation would end it instead of reaching the task.
 */
export const waitsBehind: WeakMap<object, { abandon(error: CancelledError): void }> = new WeakMap();

/**
 * Make a future of anything that can be waited for.
 *
 * A function is started as a task; a future or task is returned as it is; any other promise is
 * wrapped. Awaiting the wrapper is a cancellation point, which awaiting the bare promise is not:
 * cancelling it abandons the promise, which itself goes on.
 *
 * CPython: `asyncio.ensure_future`, `asyncio.wrap_future`.
 *
 * @typeParam T What it resolves with.
 * @param aw A function, promise, future or task.
 * @returns The future.
 * @throws {TypeError} If `aw` is none of these.
 *
 * @example
 * ```ts
 * import { createTask, ensureFuture, sleep } from "@strand/strand";
 * import { assert } from "@std/assert";
 *
 * const never = new Promise(() => {});
 * const task = createTask(async () => await ensureFuture(never));
 * await sleep(0);
 * task.cancel();
 * await Promise.allSettled([task]);
 * assert(task.cancelled());
 * ```
 */
export function ensureFuture<T>(aw: Awaitable<T>): Future<T> {
  checkAwaitable("make a future", aw);
  if (typeof aw === "function") return taskInternals.create(aw);
  if (aw instanceof Future) return aw;
  const future = new Future<T>();
  const wait = waitsBehind.get(aw);
  if (wait !== undefined) {
    internals.stopWith(future, {
      stop: (error) => {
        wait.abandon(error);
        return internals.abandon(future, error);
      },
    });
  }
  // What is no promise may throw here, call back twice, or give yet another one.
  Promise.resolve(aw).then(
    (value) => internals.resolve(future, value),
    (error) => {
      if (isInstance(error, CancelledError)) internals.abandon(future, error);
      else internals.reject(future, error);
    },
  );
  return future;
}
