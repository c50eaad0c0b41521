import { TimeoutError } from "../task_errors.ts";
import { checkDuration } from "../base/validate.ts";
import { checkAwaitable, type ResultOf } from "./awaitable.ts";
import { currentScope } from "../core/context.ts";
import { ensureFuture } from "./ensure_future.ts";
import { Callback, type Future, futureInternals } from "../core/future.ts";
import { inTask } from "../core/in_task.ts";
import { cancelledError } from "../core/cancellation.ts";
import type { Awaitable } from "../core/task.ts";
import { timeout } from "./timeout.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/** Waits until a future is done, whatever the outcome; cancelling it leaves the future alone. */
class Ended extends Waiter<void> {
  readonly #future: Future<unknown>;
  readonly #callback: Callback = new Callback(() => this.wake());

  constructor(future: Future<unknown>) {
    super();
    this.#future = future;
    futureInternals.subscribe(future, this.#callback);
  }

  override describe(): WaitSubject {
    return futureInternals.subject(this.#future);
  }

  protected override onWithdraw(): CancelOutcome {
    futureInternals.unsubscribe(this.#future, this.#callback);
    return "left";
  }
}

async function expireAtOnce<T>(aw: Awaitable<T>): Promise<T> {
  const future = ensureFuture(aw);
  // A promise that has its value says so only in the next microtask: `waitFor(queue.get(), 0)`.
  if (aw instanceof Promise) await undefined;
  if (future.done()) return future.result();
  const ended = new Ended(future);
  futureInternals.stop(future, cancelledError("The time limit was exceeded"));
  await ended.begin();
  if (future.cancelled()) {
    const cause = futureInternals.error(future);
    throw new TimeoutError("The time limit was exceeded", { cause });
  }
  return future.result();
}

/**
 * Wait for one thing, but not longer than `ms`.
 *
 * When the time is over it is cancelled, and the call rejects with `TimeoutError` only when it has
 * really ended; a task that swallows the cancellation and returns a value has its value returned.
 * Cancelling the wait cancels what it waits for; `shield` it to keep it.
 *
 * CPython: `asyncio.wait_for`.
 *
 * @typeParam T What it resolves with.
 * @param aw A function, which runs in the calling task; or a promise, future or task.
 * @param ms How long, in milliseconds; `null` for no limit; 0 or less takes only what is there.
 * @returns Its result.
 * @throws {TypeError} (as a rejection) If `aw` cannot be waited for or `ms` is neither a number nor `null`.
 * @throws {RangeError} (as a rejection) If `ms` is `NaN`.
 * @throws {TimeoutError} (as a rejection) If the time was over first.
 *
 * @example
 * ```ts
 * import { sleep, TimeoutError, waitFor } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const response = await waitFor((signal) => fetch(url, { signal }), 5_000);
 * assertEquals(await response.text(), "hello");
 * assertEquals(await waitFor(() => sleep(1, "in time"), 1_000), "in time");
 * await assertRejects(() => waitFor(() => sleep(1_000), 1), TimeoutError);
 * ```
 */
export function waitFor<T>(aw: Awaitable<T>, ms: number | null): Promise<T>;
/**
 * Wait for one of several kinds of things, but not longer than `ms`.
 *
 * @typeParam A The awaitable: a union of several.
 * @param aw A function, which runs in the calling task; or a promise, future or task.
 * @param ms How long, in milliseconds; `null` for no limit; 0 or less takes only what is there.
 * @returns Its result.
 * @throws {TypeError} (as a rejection) If `aw` cannot be waited for or `ms` is neither a number nor `null`.
 * @throws {RangeError} (as a rejection) If `ms` is `NaN`.
 * @throws {TimeoutError} (as a rejection) If the time was over first.
 *
 * @example
 * ```ts
 * import { sleep, waitFor } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const source: Promise<string> | (() => Promise<number>) = () => sleep(1, 42);
 * assertEquals(await waitFor(source, 1_000), 42);
 * ```
 */
export function waitFor<A extends Awaitable<unknown>>(
  aw: A,
  ms: number | null,
): Promise<ResultOf<A>>;
export function waitFor(aw: Awaitable<unknown>, ms: number | null): Promise<unknown> {
  try {
    checkAwaitable("wait", aw);
    if (ms !== null) checkDuration("wait", "ms", ms);
  } catch (error) {
    return Promise.reject(error);
  }
  if (ms !== null && ms <= 0) return inTask(() => expireAtOnce(aw));
  return timeout(
    ms,
    () => typeof aw === "function" ? aw(currentScope()!.signal) : ensureFuture(aw),
  );
}
