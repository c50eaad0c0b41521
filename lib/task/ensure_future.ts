import { CancelledError } from "../task_errors.ts";
import { Deque } from "../base/deque.ts";
import { isInstance } from "../base/instance.ts";
import { heldWait } from "../core/held_wait.ts";
import { checkAwaitable } from "./awaitable.ts";
import { Future, futureInternals, type Stoppable } from "../core/future.ts";
import { type Awaitable, taskInternals } from "../core/task.ts";
import { noWaits } from "../core/waiter.ts";

/**
 * The callbacks by which a future follows a promise.
 *
 * A promise does not take callbacks back. A loop that waits for one promise again and again, each
 * time with a limit or beside others, would leave its futures hanging on it for as long as it is
 * pending: so what a cancelled future leaves behind, or one that everybody has forgotten, serves the
 * next one that follows the same promise.
 *
 *     const closed = connection.closed;
 *     for (;;) await wait([closed, () => queue.get()], { returnWhen: "FIRST_COMPLETED" });
 */
class Link implements Stoppable {
  // While nobody waits for the future, only those who hold it keep it.
  #future: Future<unknown> | WeakRef<Future<unknown>> | undefined;
  #fired = false;
  #spare = false;
  readonly #promise: Promise<unknown>;

  private constructor(promise: Promise<unknown>, future: Future<unknown>) {
    this.#promise = promise;
    this.#future = future;
    promise.then(
      (value) => this.#end((future) => futureInternals.resolve(future, value)),
      (error) =>
        this.#end((future) => {
          if (isInstance(error, CancelledError)) futureInternals.settleCancelled(future, error);
          else futureInternals.reject(future, error);
        }),
    );
  }

  /** One that follows `promise`, for `future`. */
  static of(promise: Promise<unknown>, future: Future<unknown>): Link {
    const spare = spares.get(promise);
    // Two looks a call are enough for the number to stay as it is.
    for (let looks = Math.min(spare?.size ?? 0, 2); looks > 0; looks--) {
      const link = spare!.shift()!;
      if (link.#held === undefined && !link.#fired) {
        link.#spare = false;
        link.#future = future;
        return link;
      }
      if (link.#future !== undefined && !(link.#future instanceof Future)) spare!.push(link);
      else link.#spare = false;
    }
    return new Link(promise, future);
  }

  stop(error: CancelledError): boolean {
    const future = this.#held;
    if (future === undefined) return false;
    this.#future = undefined;
    this.#keepSpare();
    return futureInternals.settleCancelled(future, error);
  }

  subscribed(): void {
    this.#future = this.#held;
  }

  unsubscribed(): void {
    const future = this.#held;
    // Cloudflare has no such references at dates before 2025: there they are kept.
    if (future === undefined || typeof WeakRef === "undefined") return;
    this.#future = new WeakRef(future);
    this.#keepSpare();
  }

  get #held(): Future<unknown> | undefined {
    const future = this.#future;
    return future === undefined || future instanceof Future ? future : future.deref();
  }

  #keepSpare(): void {
    if (this.#spare || this.#fired) return;
    this.#spare = true;
    const spare = spares.get(this.#promise);
    if (spare !== undefined) return spare.push(this);
    const first = new Deque<Link>();
    first.push(this);
    spares.set(this.#promise, first);
  }

  #end(settle: (future: Future<unknown>) => void): void {
    const future = this.#held;
    this.#future = undefined;
    this.#fired = true;
    spares.delete(this.#promise);
    if (future !== undefined) settle(future);
  }
}

/** The links to a promise whose futures are cancelled, or may have been forgotten. */
const spares: WeakMap<Promise<unknown>, Deque<Link>> = new WeakMap();

/** How many waits had needed none when it was last known what their promises had given. */
let seen = 0;

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
 * import { assert, assertEquals } from "@std/assert";
 *
 * // A function becomes a task: cancelling that ends the request.
 * const url = "data:text/plain,hello";
 * const response = await ensureFuture((signal) => fetch(url, { signal }));
 * assertEquals(await response.text(), "hello");
 *
 * // A promise of somebody else goes on: cancelling ends the wait for it.
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
  // A promise that was never waited for is like any other, and says only in the next microtask that it
  // has a value, which nobody can give back:
  //   queue.putNowait(1); ensureFuture(queue.get()).cancel();
  const count = noWaits;
  let open = seen !== count;
  if (open) {
    queueMicrotask(() => {
      seen = count;
      open = false;
    });
  }
  futureInternals.stopWith(future, {
    // When the wait is over, its outcome is on its way here, and must not be lost:
    //   const item = ensureFuture(queue.get()); …; item.cancel();   // it has the item already
    stop: (error) => {
      if (wait !== undefined) return wait.withdraw(error);
      if (!open) return link.stop(error);
      queueMicrotask(() => link.stop(error));
      return true;
    },
    onItsWay: () => future.done() || (wait?.over() ?? false),
    subscribed: () => link.subscribed(),
    unsubscribed: () => link.unsubscribed(),
  });
  return future;
}
