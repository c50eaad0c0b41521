import type { Timer } from "../base/clock.ts";
import { checkDuration, checkOptions, show } from "../base/validate.ts";
import { listAwaitables } from "./awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import { Callback, type Future, internals } from "./future.ts";
import { startLimit } from "./limit.ts";
import type { Awaitable } from "./task.ts";
import { Waiter, type Withdrawal } from "./waiter.ts";

/** When `wait` returns: once all are done, the first is, or the first has failed. */
export type ReturnWhen = "ALL_COMPLETED" | "FIRST_COMPLETED" | "FIRST_EXCEPTION";

/** Options of `wait`. */
export interface WaitOptions {
  /** How long to wait at most, in milliseconds. Default: for ever. */
  timeout?: number;
  /** When to return. Default `"ALL_COMPLETED"`. */
  returnWhen?: ReturnWhen;
}

/** What `wait` resolves with. */
export interface WaitResult<T> {
  /** The futures that are done, in the order in which they were given. */
  done: Set<Future<T>>;
  /** The futures that are not. */
  pending: Set<Future<T>>;
}

class Some<T> extends Waiter<WaitResult<T>, void> {
  readonly #futures: Set<Future<T>>;
  readonly #callbacks: [Future<unknown>, Callback][] = [];
  readonly #returnWhen: ReturnWhen;
  #timer: Timer | undefined;
  #left: number;

  constructor(futures: Set<Future<T>>, returnWhen: ReturnWhen, timeout: number | undefined) {
    super();
    this.#futures = futures;
    this.#returnWhen = returnWhen;
    this.#left = futures.size;
    for (const future of futures) {
      const callback = new Callback(() => this.#oneEnded(future));
      this.#callbacks.push([future, callback]);
      internals.subscribe(future, callback);
    }
    if (timeout !== undefined) this.#timer = startLimit(timeout, () => this.wake());
  }

  #oneEnded(future: Future<unknown>): void {
    this.#left--;
    const enough = this.#left === 0 || this.#returnWhen === "FIRST_COMPLETED" ||
      (this.#returnWhen === "FIRST_EXCEPTION" && internals.failed(future));
    if (enough) this.wake();
  }

  protected override onWithdraw(): Withdrawal {
    this.#stopWatching();
    return "left";
  }

  protected override onLost(): void {
    this.#stopWatching();
  }

  protected override onResume(): WaitResult<T> {
    this.#stopWatching();
    const done = new Set<Future<T>>();
    const pending = new Set<Future<T>>();
    for (const future of this.#futures) (future.done() ? done : pending).add(future);
    return { done, pending };
  }

  #stopWatching(): void {
    this.#timer?.stop();
    for (const [future, callback] of this.#callbacks) internals.unsubscribe(future, callback);
  }
}

/**
 * Wait until some or all of several things are done, without raising and without cancelling.
 *
 * CPython: `asyncio.wait`. Functions may be given here, too; each is started as a task.
 *
 * @typeParam T What each resolves with.
 * @param aws Functions, promises, futures and tasks; at least one.
 * @param options `timeout`, in milliseconds, after which it returns as things stand; `returnWhen`.
 * @returns Two sets: the futures that are done, and those that are still pending.
 * @throws {TypeError} (as a rejection) If `aws` is not an iterable of awaitables.
 * @throws {RangeError} (as a rejection) If `aws` is empty, `returnWhen` unknown or `timeout` `NaN`.
 *
 * @example
 * ```ts
 * import { createTask, sleep, wait } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const fast = createTask(() => sleep(1, "fast"));
 * const slow = createTask(() => sleep(60_000, "slow"));
 * const { done, pending } = await wait([fast, slow], { returnWhen: "FIRST_COMPLETED" });
 * assertEquals([...done].map((future) => future.result()), ["fast"]);
 * for (const future of pending) future.cancel();
 * ```
 */
export function wait<T>(
  aws: Iterable<Awaitable<T>>,
  options?: WaitOptions,
): Promise<WaitResult<T>> {
  try {
    const list = listAwaitables("wait", aws);
    checkOptions("wait", options);
    const { timeout, returnWhen = "ALL_COMPLETED" } = options ?? {};
    if (list.length === 0) {
      throw new RangeError("Cannot wait: wanted at least one awaitable, received none");
    }
    if (timeout !== undefined) checkDuration("wait", "timeout", timeout);
    if (!["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"].includes(returnWhen)) {
      throw new RangeError(
        `Cannot wait: returnWhen must be "ALL_COMPLETED", "FIRST_COMPLETED" or ` +
          `"FIRST_EXCEPTION", received ${show(returnWhen)}`,
      );
    }
    const futures = distinct(list);
    return new Some(futures, returnWhen, timeout).begin();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A future for each: one for a promise that stands there twice, one for each function. */
export function distinct<T>(aws: Awaitable<T>[]): Set<Future<T>> {
  const futures = new Set<Future<T>>();
  const seen = new Set<unknown>();
  for (const aw of aws) {
    if (typeof aw !== "function" && seen.has(aw)) continue;
    seen.add(aw);
    futures.add(ensureFuture(aw));
  }
  return futures;
}
