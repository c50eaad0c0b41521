import { CancelledError } from "../errors.ts";
import { isInstance } from "../base/instance.ts";
import { heldWait } from "../core/held_wait.ts";
import { checkAwaitable } from "./awaitable.ts";
import { Future, futureInternals, type Stoppable } from "../core/future.ts";
import { type Awaitable, taskInternals } from "../core/task.ts";

/**
 * The callbacks by which a future follows a promise.
 *
 * A promise does not take callbacks back. A loop that waits for one promise again and again, each
 * time with a limit, would leave its futures hanging on it for as long as it is pending: so what a
 * cancelled future leaves behind serves the next one that follows the same promise.
 */
class Link implements Stoppable {
  #future: Future<unknown> | undefined;
  #fired = false;
  readonly #promise: Promise<unknown>;

  private constructor(promise: Promise<unknown>, future: Future<unknown>) {
    this.#promise = promise;
    this.#future = future;
    promise.then(
      (value) => this.#end((future) => futureInternals.resolve(future, value)),
      (error) =>
        this.#end((future) => {
          if (isInstance(error, CancelledError)) futureInternals.abandon(future, error);
          else futureInternals.reject(future, error);
        }),
    );
  }

  /** One that follows `promise`, for `future`. */
  static of(promise: Promise<unknown>, future: Future<unknown>): Link {
    const left = links.get(promise)?.pop();
    if (left === undefined || left.#fired) return new Link(promise, future);
    left.#future = future;
    return left;
  }

  stop(error: CancelledError): boolean {
    const future = this.#future;
    if (future === undefined) return false;
    this.#future = undefined;
    const left = links.get(this.#promise);
    if (left === undefined) links.set(this.#promise, [this]);
    else left.push(this);
    return futureInternals.abandon(future, error);
  }

  #end(settle: (future: Future<unknown>) => void): void {
    const future = this.#future;
    this.#future = undefined;
    this.#fired = true;
    links.delete(this.#promise);
    if (future !== undefined) settle(future);
  }
}

/** What cancelled futures left behind, by the promise that they followed. */
const links: WeakMap<Promise<unknown>, Link[]> = new WeakMap();

/**
 * Make a future of anything that can be waited for.
 *
 * A function is started as a task; a future or task is returned as it is; any other promise is
 * wrapped. Awaiting the wrapper is a cancellation point, which awaiting the bare promise is not:
 * cancelling it ends the wait behind a promise of this library, and abandons any other promise, which
 * itself goes on.
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
  // What is no promise may throw here, call back twice, or give yet another one.
  const link = Link.of(Promise.resolve(aw), future as Future<unknown>);
  const wait = heldWait(aw);
  wait?.detach();
  futureInternals.stopWith(future, {
    // When the wait is over, its outcome is on its way here, and must not be lost:
    //   const item = ensureFuture(queue.get()); …; item.cancel();   // it has the item already
    stop: (error) => wait === undefined ? link.stop(error) : wait.withdraw(error),
    arriving: () => future.done() || (wait?.over() ?? false),
  });
  return future;
}
