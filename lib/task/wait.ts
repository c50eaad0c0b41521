import type { Timer } from "../base/clock.ts";
import { checkDuration, checkOptions, show } from "../base/validate.ts";
import { type FutureOf, listAwaitables, type ResultOf } from "./awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import { Callback, type Future, futureInternals } from "../core/future.ts";
import { startLimit } from "../core/start_limit.ts";
import { callNextRound } from "../core/scheduler.ts";
import type { Awaitable } from "../core/task.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/**
 * When `wait` returns: once all are done, the first is, or the first has failed.
 *
 * @example
 * ```ts
 * import { type Coroutine, gather, type ReturnWhen, sleep, wait } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Asks several servers for the same thing: until one has answered, or all have.
 * async function ask(servers: Coroutine<string>[], until: ReturnWhen): Promise<string[]> {
 *   const { done, pending } = await wait(servers, { returnWhen: until });
 *   for (const late of pending) late.cancel();
 *   await gather(pending, { returnExceptions: true }); // until they have ended
 *   return Array.from(done, (answer) => answer.result());
 * }
 *
 * const servers = [() => sleep(1, "near"), () => sleep(60_000, "far")];
 * assertEquals(await ask(servers, "FIRST_COMPLETED"), ["near"]);
 * ```
 */
export type ReturnWhen = "ALL_COMPLETED" | "FIRST_COMPLETED" | "FIRST_EXCEPTION";

/**
 * Options of `wait`.
 *
 * @example
 * ```ts
 * import { createTask, sleep, wait, type WaitOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // A first look: at whatever is there after a moment, or at the first failure.
 * const firstLook: WaitOptions = { timeout: 5, returnWhen: "FIRST_EXCEPTION" };
 *
 * const slow = createTask(() => sleep(60_000));
 * const broken = createTask(() => Promise.reject(new Error("no such file")));
 * const { done, pending } = await wait([slow, broken], firstLook);
 * assertEquals(done, new Set([broken]));
 * assertEquals(String(broken.exception()), "Error: no such file");
 *
 * for (const task of pending) task.cancel(); // `wait` itself cancels nothing
 * await wait([slow]);
 * ```
 */
export interface WaitOptions {
  /** How long to wait at most, in milliseconds; `null` for no limit. Default: for ever. */
  timeout?: number | null;
  /** When to return. Default `"ALL_COMPLETED"`. */
  returnWhen?: ReturnWhen;
}

/**
 * What `wait` resolves with.
 *
 * @typeParam T What the awaitables resolve with.
 * @typeParam F Their futures; `wait` gives tasks back as tasks.
 *
 * @example
 * ```ts
 * import { createTask, sleep, wait, type WaitResult } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // What became of them, in a line.
 * function summary({ done, pending }: WaitResult<unknown>): string {
 *   const failed = [...done].filter((one) => one.cancelled() || one.exception() !== undefined);
 *   return `${done.size - failed.length} done, ${failed.length} failed, ${pending.size} to come`;
 * }
 *
 * const jobs = [
 *   createTask(() => sleep(1)),
 *   createTask(() => Promise.reject(new Error("out of paper"))),
 *   createTask(() => sleep(60_000)),
 * ];
 * assertEquals(summary(await wait(jobs, { timeout: 20 })), "1 done, 1 failed, 1 to come");
 * jobs[2]!.cancel();
 * assertEquals(summary(await wait(jobs)), "1 done, 2 failed, 0 to come");
 * ```
 */
export interface WaitResult<T, F = Future<T>> {
  /** The futures that are done, in the order in which they were given. */
  done: Set<F>;
  /** The futures that are not. */
  pending: Set<F>;
}

class Some<T> extends Waiter<WaitResult<T>, void> {
  readonly #futures: Set<Future<T>>;
  readonly #callbacks: [Future<unknown>, Callback][] = [];
  readonly #returnWhen: ReturnWhen;
  #timer: Timer | undefined;
  #left: number;

  constructor(futures: Set<Future<T>>, returnWhen: ReturnWhen, timeout: number | null) {
    super();
    this.#futures = futures;
    this.#returnWhen = returnWhen;
    this.#left = futures.size;
    for (const future of futures) {
      const callback = new Callback(() => this.#oneEnded(future));
      this.#callbacks.push([future, callback]);
      futureInternals.subscribe(future, callback);
    }
    if (timeout !== null) this.#timer = startLimit(timeout, () => this.wake(), callNextRound);
  }

  #oneEnded(future: Future<unknown>): void {
    this.#left--;
    const enough = this.#left === 0 || this.#returnWhen === "FIRST_COMPLETED" ||
      (this.#returnWhen === "FIRST_EXCEPTION" && futureInternals.failed(future));
    if (enough) this.wake();
  }

  override describe(): WaitSubject {
    const kind = "wait";
    if (this.#returnWhen !== "ALL_COMPLETED") return { kind };
    return { kind, all: this.#futures };
  }

  protected override onWithdraw(): CancelOutcome {
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
    for (const [future, callback] of this.#callbacks) futureInternals.unsubscribe(future, callback);
  }
}

/**
 * Wait until some or all of several things are done, without raising and without cancelling.
 *
 * Futures and tasks come out as themselves, and with the type that they were given.
 *
 * CPython: `asyncio.wait`. Functions may be given here, too; each is started as a task.
 *
 * @typeParam A The awaitables.
 * @param aws Functions, promises, futures and tasks; at least one.
 * @param options `timeout`, in milliseconds, after which it returns as things stand; `returnWhen`.
 * @returns Two sets: the futures that are done, and those that are still pending.
 * @throws {TypeError} (as a rejection) If `aws` is not an iterable of awaitables, or an option of
 *   the wrong type.
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
export function wait<A extends Awaitable<unknown>>(
  aws: Iterable<A>,
  options?: WaitOptions,
): Promise<WaitResult<ResultOf<A>, FutureOf<A>>>;
/**
 * Wait until some or all of several things are done, where the type of their results is given.
 *
 * @typeParam T What each resolves with.
 * @param aws Functions, promises, futures and tasks; at least one.
 * @param options `timeout`, in milliseconds, after which it returns as things stand; `returnWhen`.
 * @returns Two sets: the futures that are done, and those that are still pending.
 * @throws {TypeError} (as a rejection) If `aws` is not an iterable of awaitables, or an option of
 *   the wrong type.
 * @throws {RangeError} (as a rejection) If `aws` is empty, `returnWhen` unknown or `timeout` `NaN`.
 *
 * @example
 * ```ts
 * import { sleep, wait } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const { done } = await wait<string | number>([() => sleep(1, "a"), () => sleep(1, 2)]);
 * assertEquals(done.size, 2); // Set<Future<string | number>>
 * ```
 */
export function wait<T>(
  aws: Iterable<Awaitable<T>>,
  options?: WaitOptions,
): Promise<WaitResult<T>>;
export function wait(
  aws: Iterable<Awaitable<unknown>>,
  options?: WaitOptions,
): Promise<WaitResult<unknown>> {
  try {
    const list = listAwaitables("wait", aws);
    checkOptions("wait", options, ["timeout", "returnWhen"]);
    const { returnWhen = "ALL_COMPLETED" } = options ?? {};
    const timeout = options?.timeout ?? null;
    if (list.length === 0) {
      throw new RangeError("Cannot wait: wanted at least one awaitable, received none");
    }
    if (timeout !== null) checkDuration("wait", "timeout", timeout);
    if (typeof returnWhen !== "string") {
      throw new TypeError(`Cannot wait: returnWhen must be a string, received ${show(returnWhen)}`);
    }
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
