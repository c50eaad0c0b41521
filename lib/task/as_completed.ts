import { TimeoutError } from "../task_errors.ts";
import { now, type Timer } from "../base/clock.ts";
import { Deque } from "../base/deque.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkDuration, checkOptions } from "../base/validate.ts";
import { type FutureOf, listAwaitables } from "./awaitable.ts";
import { Callback, type Future, futureInternals } from "../core/future.ts";
import { startLimit } from "../core/start_limit.ts";
import { callNextRound } from "../core/scheduler.ts";
import type { Awaitable } from "../core/task.ts";
import { distinct } from "./wait.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/**
 * Options of `asCompleted`.
 *
 * @example
 * ```ts
 * import { asCompleted, type AsCompletedOptions, createTask, sleep } from "@strand/strand";
 * import { TimeoutError, wait } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // What is not there by then is left out of the page.
 * const budget: AsCompletedOptions = { timeout: 20 };
 *
 * const parts = [createTask(() => sleep(60_000, "advert")), createTask(() => sleep(1, "news"))];
 * const page: string[] = [];
 * try {
 *   for await (const part of asCompleted(parts, budget)) page.push(await part);
 * } catch (error) {
 *   if (!(error instanceof TimeoutError)) throw error;
 * }
 * assertEquals(page, ["news"]);
 *
 * for (const part of parts) part.cancel(); // the late one still ran
 * await wait(parts);
 * ```
 */
export interface AsCompletedOptions {
  /** How long the whole loop may take, in milliseconds; `null` for no limit, the default. */
  timeout?: number | null;
}

type Completion<T> = IteratorResult<Future<T>, undefined>;

/** One `next()` that found nothing done yet. */
class Next<T> extends Waiter<Completion<T>> {
  readonly #line: WaitQueue<Next<T>>;
  readonly #cancelled: (step?: Completion<T>) => void;

  constructor(line: WaitQueue<Next<T>>, cancelled: (step?: Completion<T>) => void) {
    super();
    this.#line = line;
    this.#cancelled = cancelled;
    line.append(this);
  }

  override describe(): WaitSubject {
    return { kind: "asCompleted" };
  }

  protected override onWithdraw(): CancelOutcome {
    this.#line.remove(this);
    this.#cancelled();
    return "left";
  }

  protected override onLost(step: Completion<T> | undefined): void {
    this.#cancelled(step);
  }
}

/** Hands out futures as they are done; written by hand, as a generator would await them away. */
class Completed<T> implements AsyncIterableIterator<Future<T>, undefined> {
  readonly #todo: Map<Future<T>, Callback> = new Map();
  readonly #done: Deque<Future<T>> = new Deque();
  readonly #line: WaitQueue<Next<T>> = new WaitQueue();
  readonly #deadline: number;
  #timer: Timer | undefined;
  #left: number;
  #expired = false;

  constructor(futures: Set<Future<T>>, timeout: number | null) {
    this.#left = futures.size;
    this.#deadline = now() + (timeout ?? Infinity);
    if (futures.size > 0 && timeout !== null) this.#startTimer(timeout);
    for (const future of futures) {
      const callback = new Callback(() => this.#oneEnded(future));
      this.#todo.set(future, callback);
      futureInternals.subscribe(future, callback);
    }
  }

  next(): Promise<Completion<T>> {
    const future = this.#line.size === 0 ? this.#done.shift() : undefined;
    if (future !== undefined) return Promise.resolve(this.#take(future));
    if (this.#expired) return Promise.reject(new TimeoutError("The time limit was exceeded"));
    if (this.#left - this.#line.size <= 0) return Promise.resolve({ done: true, value: undefined });
    if (this.#timer === undefined && this.#deadline < Infinity) {
      this.#startTimer(Math.ceil(this.#deadline - now()));
    }
    return new Next(this.#line, (step) => this.#cancelled(step)).begin();
  }

  return(): Promise<Completion<T>> {
    this.#timer?.stop();
    for (const [future, callback] of this.#todo) {
      futureInternals.unsubscribe(future, callback);
    }
    this.#todo.clear();
    this.#done.clear();
    this.#left = 0;
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      next.wake({ done: true, value: undefined });
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(future: Future<T>): Completion<T> {
    this.#left--;
    return { done: false, value: future };
  }

  #cancelled(step: Completion<T> | undefined): void {
    if (step?.done === false) {
      this.#left++;
      const next = this.#line.shift();
      if (next !== undefined) next.wake(this.#take(step.value));
      else this.#done.unshift(step.value);
    }
    if (this.#line.size > 0) return;
    // JavaScript does not say that the loop is left when it is the step itself that throws, so no
    // timer may go on. One who takes a further step starts it again.
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #startTimer(ms: number): void {
    this.#timer = startLimit(ms, () => this.#expire(), callNextRound);
  }

  #oneEnded(future: Future<T>): void {
    // The limit was over first, when this was already on its way.
    if (!this.#todo.delete(future)) return;
    if (this.#todo.size === 0) this.#timer?.stop();
    const next = this.#line.shift();
    if (next !== undefined) next.wake(this.#take(future));
    else this.#done.push(future);
  }

  #expire(): void {
    this.#expired = true;
    for (const [future, callback] of this.#todo) {
      futureInternals.unsubscribe(future, callback);
    }
    this.#todo.clear();
    const error = new TimeoutError("The time limit was exceeded");
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      next.fail(error);
    }
  }
}

/**
 * Go through several things in the order in which they are done.
 *
 * Each step gives a future that is done, so that `await future` gives its result at once, or throws
 * its failure. Tasks and futures come out as themselves, and can be told apart with `===`.
 * TypeScript believes that `for await` awaits what it is given, and takes the future for its result;
 * where that matters, say `const future = each as unknown as Future<T>`.
 *
 * They are all started at once, by this call, and go on when the loop is left early.
 *
 * CPython: `asyncio.as_completed` (its asynchronous iteration of 3.13), and
 * `concurrent.futures.as_completed`.
 *
 * @typeParam A The awaitables.
 * @param aws Functions, promises, futures and tasks.
 * @param options `timeout`: milliseconds for the whole loop; when they are over, the loop throws.
 * @returns An async iterable of futures, each done.
 * @throws {TypeError} If `aws` is not an iterable of awaitables, or `timeout` not a number.
 * @throws {RangeError} If `timeout` is `NaN`.
 * @throws {TimeoutError} From the loop, when the time was over before all were done.
 *
 * @example
 * ```ts
 * import { asCompleted, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const order: string[] = [];
 * for await (const future of asCompleted([() => sleep(9, "slow"), () => sleep(1, "fast")])) {
 *   order.push(await future);
 * }
 * assertEquals(order, ["fast", "slow"]);
 * ```
 */
export function asCompleted<A extends Awaitable<unknown>>(
  aws: Iterable<A>,
  options?: AsCompletedOptions,
): AsyncIterableIterator<FutureOf<A>, undefined>;
/**
 * Go through several things in the order in which they are done, where the type of their results
 * is given.
 *
 * @typeParam T What each resolves with.
 * @param aws Functions, promises, futures and tasks.
 * @param options `timeout`: milliseconds for the whole loop; when they are over, the loop throws.
 * @returns An async iterable of futures, each done.
 * @throws {TypeError} If `aws` is not an iterable of awaitables, or `timeout` not a number.
 * @throws {RangeError} If `timeout` is `NaN`.
 * @throws {TimeoutError} From the loop, when the time was over before all were done.
 *
 * @example
 * ```ts
 * import { asCompleted, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: (string | undefined)[] = [];
 * for await (const future of asCompleted<string | undefined>([() => sleep(1, "a")])) {
 *   seen.push(await future);
 * }
 * assertEquals(seen, ["a"]);
 * ```
 */
export function asCompleted<T>(
  aws: Iterable<Awaitable<T>>,
  options?: AsCompletedOptions,
): AsyncIterableIterator<Future<T>, undefined>;
export function asCompleted(
  aws: Iterable<Awaitable<unknown>>,
  options?: AsCompletedOptions,
): AsyncIterableIterator<Future<unknown>, undefined> {
  const list = listAwaitables("go through what completes", aws);
  checkOptions("go through what completes", options, ["timeout"]);
  const timeout = options?.timeout ?? null;
  if (timeout !== null) checkDuration("go through what completes", "timeout", timeout);
  return new Completed(distinct(list), timeout);
}
