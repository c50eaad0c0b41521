/**
 * The errors that tasks themselves need: in a file of their own, as a page that has no queue and no
 * worker is to load none of their errors.
 * @module
 */

/**
 * The wait was called off because its task, group or timeout was asked to stop.
 *
 * Let it pass, or rethrow it after cleaning up: a task that swallows it goes on as if nothing had
 * happened. A string given to `task.cancel(reason)` is the `message`, anything else the `cause`.
 *
 * CPython: `asyncio.CancelledError`. Here it is an ordinary `Error`, because JavaScript has no
 * `BaseException`: a bare `catch` catches it too and ought to rethrow it.
 *
 * @example
 * ```ts
 * import { CancelledError, createTask, sleep } from "@strand/strand";
 * import { assertRejects } from "@std/assert";
 *
 * const task = createTask(() => sleep(60_000));
 * task.cancel("no longer needed");
 * await assertRejects(() => Promise.resolve(task), CancelledError, "no longer needed");
 * ```
 */
export class CancelledError extends Error {
  static {
    this.prototype.name = "CancelledError";
  }
}

/**
 * Something did not happen within the time allowed.
 *
 * CPython: the built-in `TimeoutError`, `asyncio.TimeoutError`, `multiprocessing.TimeoutError`.
 *
 * @example
 * ```ts
 * import { sleep, timeout, TimeoutError } from "@strand/strand";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => timeout(1, () => sleep(60_000)), TimeoutError);
 * ```
 */
export class TimeoutError extends Error {
  static {
    this.prototype.name = "TimeoutError";
  }
}

/**
 * The object is not in a state in which the call makes sense: a future that is not done, or done
 * already; a lock released by nobody who holds it; a group that has ended.
 *
 * CPython: `asyncio.InvalidStateError`, and `RuntimeError` where asyncio raises that for misuse.
 *
 * @example
 * ```ts
 * import { Future, InvalidStateError } from "@strand/strand";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Future().result(), InvalidStateError);
 * ```
 */
export class InvalidStateError extends Error {
  static {
    this.prototype.name = "InvalidStateError";
  }
}
