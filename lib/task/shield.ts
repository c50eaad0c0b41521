import type { CancelledError } from "../task_errors.ts";
import { checkAwaitable, type ResultOf } from "./awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import { Callback, Future, futureInternals } from "../core/future.ts";
import { heldWait } from "../core/held_wait.ts";
import type { Awaitable } from "../core/task.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

class Shield<T> extends Waiter<T> {
  readonly #inner: Future<T>;
  readonly #own: boolean;
  readonly #callback: Callback;

  /** `own`: nobody else knows `inner`. */
  constructor(inner: Future<T>, own: boolean) {
    super();
    this.#inner = inner;
    this.#own = own;
    this.#callback = new Callback(() => {
      if (inner.cancelled() || futureInternals.failed(inner)) {
        this.fail(futureInternals.error(inner));
      } else this.wake(inner.result());
    });
    futureInternals.subscribe(inner, this.#callback);
  }

  override describe(): WaitSubject {
    return futureInternals.subject(this.#inner);
  }

  protected override onWithdraw(error: CancelledError): CancelOutcome {
    futureInternals.unsubscribe(this.#inner, this.#callback);
    // Otherwise it would follow a promise that may never settle, for nobody.
    if (this.#own) futureInternals.stop(this.#inner, error);
    return "left";
  }
}

/**
 * Wait for something without cancelling it when the waiting task is cancelled.
 *
 * The waiter is still cancelled; what it waited for goes on, and if that fails later, the failure
 * is not reported. If the shielded task itself is cancelled, the wait rejects too.
 *
 * CPython: `asyncio.shield`.
 *
 * @typeParam T What it resolves with.
 * @param aw A function, which is started as a task, or a promise, future or task.
 * @returns Its result.
 * @throws {TypeError} (as a rejection) If `aw` cannot be waited for.
 * @throws {CancelledError} (as a rejection) If the waiting task, or `aw`, is cancelled.
 *
 * @example
 * ```ts
 * import { createTask, shield, sleep } from "@strand/strand";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const save = createTask(() => sleep(5, "saved"));
 * const request = createTask(() => shield(save));
 * await sleep(0);
 * request.cancel();
 * await Promise.allSettled([request]);
 * assert(request.cancelled());
 * assertEquals(await save, "saved");
 * ```
 */
export function shield<T>(aw: Awaitable<T>): Promise<T>;
/**
 * Wait for one of several kinds of things without cancelling it when the waiting task is cancelled.
 *
 * @typeParam A The awaitable: a union of several.
 * @param aw A function, which is started as a task, or a promise, future or task.
 * @returns Its result.
 * @throws {TypeError} (as a rejection) If `aw` cannot be waited for.
 * @throws {CancelledError} (as a rejection) If the waiting task, or `aw`, is cancelled.
 *
 * @example
 * ```ts
 * import { shield, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const cached: Promise<string> | (() => Promise<number>) = () => sleep(1, 42);
 * assertEquals(await shield(cached), 42);
 * ```
 */
export function shield<A extends Awaitable<unknown>>(aw: A): Promise<ResultOf<A>>;
export function shield(aw: Awaitable<unknown>): Promise<unknown> {
  let inner: Future<unknown>;
  try {
    checkAwaitable("shield", aw);
    inner = ensureFuture(aw);
  } catch (error) {
    return Promise.reject(error);
  }
  if (inner.done()) return futureInternals.promise(inner);
  const follows = !(aw instanceof Future) && typeof aw !== "function";
  return new Shield(inner, follows && heldWait(aw) === undefined).begin();
}
