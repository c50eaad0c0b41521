import { InvalidStateError } from "../task_errors.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { checkFunction, checkInteger } from "../base/validate.ts";
import { Future, futureInternals } from "../core/future.ts";
import {
  checkArguments,
  checkCallOptions,
  checkIterable,
  checkMapOptions,
  readShutdownOptions,
} from "./checks.ts";
import type {
  CallOptions,
  Executor,
  MapOptions,
  MapResult,
  PoolStats,
  ShutdownOptions,
} from "./executor.ts";
import { type CallFunction, TaskCall } from "./task_call.ts";
import { TaskMap } from "./task_map.ts";
import { readTaskPoolOptions, type TaskPoolOptions } from "./task_pool_options.ts";
import { TaskRunner } from "./task_runner.ts";

/**
 * Runs functions as tasks on this event loop, at most so many at a time: for work that waits for
 * the network, the disk or other processes.
 *
 * - Calls begin in order of arrival, the higher `priority` first, and no more often than `rate` says.
 * - It can be steered while it runs: `maxWorkers` may be set, `pause` and `resume` hold it up, `idle`
 *   waits until there is nothing to do.
 * - Each runs as a `Task`: `currentTask()`, its `signal`, `sleep` and everything else that can be
 *   cancelled work inside.
 * - Cancelling a call, by `future.cancel()`, `signal`, `timeout`, or by cancelling a task that
 *   awaits it, ends its future at once and asks its task to stop. Its place goes to another call
 *   only when the task has really ended. What fails while it cleans up is not reported.
 * - Functions and values are used as they are: nothing is copied, and closures work.
 * - Work that computes holds up this thread whatever the pool: use `WorkerPool` for that, and
 *   `ProcessPool` where it has to be isolated.
 *
 * `await using` waits for the work at the end of the block, as Python's `with` does.
 *
 * CPython: `concurrent.futures.ThreadPoolExecutor`, with tasks in place of threads. A running call
 * can be cancelled here.
 *
 * @example
 * ```ts
 * import { sleep, TaskPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new TaskPool(2);
 * const future = pool.submit(async (a: number, b: number) => {
 *   await sleep(1);
 *   return a + b;
 * }, 1, 2);
 * assertEquals(await future, 3);
 * assertEquals(await pool.map((n) => sleep(3 - n, n * n), [1, 2, 3]), [1, 4, 9]);
 * ```
 */
export class TaskPool implements Executor {
  readonly #runner: TaskRunner;

  /**
   * Make a pool. It starts nothing, and needs no clean-up where nothing was submitted.
   *
   * @param options How many calls run at a time, or an object that may also have other options.
   * @throws {TypeError} If an option is of the wrong type, or there is no such option.
   * @throws {RangeError} If `maxWorkers` or `rate.max` is not a positive integer, `maxQueue` neither
   *   a non-negative one nor `Infinity`, or `rate.perMs` not positive and finite.
   */
  constructor(options?: number | TaskPoolOptions) {
    this.#runner = new TaskRunner(readTaskPoolOptions(options));
  }

  /**
   * Call a function as soon as there is room for it, never before this has returned.
   *
   * CPython: `Executor.submit`.
   *
   * @typeParam A The types of the arguments.
   * @typeParam R What the function returns.
   * @param fn The function; it may be async.
   * @param args Its arguments.
   * @returns A future of what it returns. It rejects with `QueueFull` if `maxQueue` calls wait.
   * @throws {TypeError} If `fn` is not a function.
   * @throws {InvalidStateError} If the pool is shut down.
   *
   * @example
   * ```ts
   * import { TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new TaskPool();
   * assertEquals(await pool.submit((text: string) => text.length, "four"), 4);
   * ```
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    const what = "submit a call";
    checkFunction(what, "fn", fn);
    return this.#call(what, fn as CallFunction, args) as Future<Awaited<R>>;
  }

  /**
   * As `submit`, with options.
   *
   * @typeParam A The types of the arguments.
   * @typeParam R What the function returns.
   * @param fn The function; it may be async.
   * @param args A list of its arguments.
   * @param options `signal`: cancels the call. `timeout`: how many milliseconds it may run, from
   *   its start; no limit by default. `priority`: the higher goes first; 0 by default. `transfer`
   *   means nothing here.
   * @returns A future of what it returns. It rejects with `TimeoutError` when the time is over, and
   *   with `QueueFull` if `maxQueue` calls wait.
   * @throws {TypeError} If an argument or an option is of the wrong type.
   * @throws {RangeError} If `timeout` or `priority` is `NaN`.
   * @throws {InvalidStateError} If the pool is shut down.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool, TimeoutError } from "@strand/strand";
   * import { assertRejects } from "@std/assert";
   *
   * await using pool = new TaskPool();
   * const future = pool.apply(() => sleep(60_000), [], { timeout: 1 });
   * await assertRejects(() => Promise.resolve(future), TimeoutError);
   * ```
   */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>> {
    const what = "apply a function";
    checkFunction(what, "fn", fn);
    checkArguments(what, args);
    checkCallOptions(what, options);
    return this.#call(what, fn as CallFunction, [...args], options) as Future<Awaited<R>>;
  }

  /**
   * Call a function for each item, and get the results in the order of the items.
   *
   * It starts at once, whether or not the results are asked for. The input is read as there is room
   * for the items, so it may be infinite, and async. The results of a list, or of anything else
   * whose length is known, are kept until they are taken; of any other input only 8 items for each
   * worker are read ahead of the loop that takes the results. `await` has no loop, and reads all.
   *
   * The first failure, in the order of the items, rejects or ends the loop; the items after it are
   * cancelled, and so are all when the loop is left early. If nobody asks for the results, it
   * surfaces as an unhandled rejection.
   *
   * CPython: `Executor.map`; there, running items go on after a failure.
   *
   * @typeParam T The type of an item.
   * @typeParam R What the function returns.
   * @param fn Called with an item; it may be async.
   * @param items What to go through.
   * @param options `signal`: cancels the whole. `timeout`: how many milliseconds the whole may take,
   *   from now; then it rejects with `TimeoutError`. `buffersize`: how many items may be taken from
   *   the input whose results nobody has taken. `onProgress`: called with the number of items done
   *   and, where it is known, that of all; if it throws, the map fails with that. `chunksize` means
   *   nothing here.
   * @returns The results: `await` it for an array, or take them one by one with `for await`.
   * @throws {TypeError} If an argument or an option is of the wrong type.
   * @throws {RangeError} If `timeout` is `NaN`, or a size not a positive integer.
   * @throws {InvalidStateError} If the pool is shut down. As a rejection: if it is awaited after a
   *   loop has begun to take the results.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new TaskPool(4);
   * assertEquals(await pool.map((n) => sleep(5 - n, n * n), [1, 2, 3]), [1, 4, 9]);
   *
   * function* naturals() {
   *   for (let n = 1;; n++) yield n;
   * }
   * for await (const square of pool.map((n) => n * n, naturals())) {
   *   if (square > 100) break; // the generator is closed, and the rest is cancelled
   * }
   * ```
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    return this.#map(fn as CallFunction, items, options, true) as MapResult<Awaited<R>>;
  }

  /**
   * As `map` for a function of several parameters: each item is a list of arguments.
   *
   * CPython: `multiprocessing.Pool.starmap`.
   *
   * @typeParam A The types of the arguments.
   * @typeParam R What the function returns.
   * @param fn Called with the arguments of an item; it may be async.
   * @param items Lists of arguments.
   * @param options As for `map`.
   * @returns The results, as `map` gives them.
   * @throws {TypeError} If an argument or an option is of the wrong type. As a rejection: if an item
   *   is not iterable.
   * @throws {RangeError} If `timeout` is `NaN`, or a size not a positive integer.
   * @throws {InvalidStateError} As for `map`.
   *
   * @example
   * ```ts
   * import { TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new TaskPool();
   * assertEquals(await pool.starmap((a: number, b: number) => a ** b, [[2, 5], [3, 2]]), [32, 9]);
   * ```
   */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<Readonly<A>> | AsyncIterable<Readonly<A>>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    const spread = typeof fn === "function" ? (args: A) => fn(...args) : fn;
    return this.#map(spread as CallFunction, items, options, true) as MapResult<Awaited<R>>;
  }

  /**
   * As `map`, but the results come in the order in which they are done.
   *
   * CPython: `multiprocessing.Pool.imap_unordered`.
   *
   * @typeParam T The type of an item.
   * @typeParam R What the function returns.
   * @param fn Called with an item; it may be async.
   * @param items What to go through.
   * @param options As for `map`.
   * @returns The results, as `map` gives them. A failure counts when it happens, and cancels all
   *   other items.
   * @throws {TypeError} If an argument or an option is of the wrong type.
   * @throws {RangeError} If `timeout` is `NaN`, or a size not a positive integer.
   * @throws {InvalidStateError} As for `map`.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new TaskPool(2);
   * assertEquals(await pool.mapUnordered((ms) => sleep(ms, ms), [20, 1]), [1, 20]);
   * ```
   */
  mapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    return this.#map(fn as CallFunction, items, options, false) as MapResult<Awaited<R>>;
  }

  /**
   * Take no more calls, and wait until those that are there are done. A map that is being iterated
   * goes on until its loop has ended, and a pool that is paused goes on. It may be called again.
   *
   * CPython: `Executor.shutdown`.
   *
   * @param options `wait`: whether to wait; `true` by default. `cancelFutures`: whether to cancel
   *   the calls that have not begun; `false` by default.
   * @throws {TypeError} (as a rejection) If an option is of the wrong type.
   * @throws {InvalidStateError} (as a rejection) If a call of this pool would wait for itself.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool } from "@strand/strand";
   * import { assert, assertEquals } from "@std/assert";
   *
   * const pool = new TaskPool(1);
   * const running = pool.submit(() => sleep(1, "done"));
   * const waiting = pool.submit(() => sleep(60_000));
   * await pool.shutdown({ cancelFutures: true });
   * assertEquals(running.result(), "done");
   * assert(waiting.cancelled());
   * ```
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    try {
      const { wait, cancelFutures } = readShutdownOptions("shut down a pool", options);
      this.#runner.close(cancelFutures);
      return wait ? this.#runner.whenIdle() : Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Take no more calls; what is there is done. A pool that is paused goes on.
   *
   * CPython: `Pool.close`.
   */
  close(): void {
    this.#runner.close();
  }

  /**
   * Wait until everything is done.
   *
   * CPython: `Pool.join`.
   *
   * @throws {InvalidStateError} (as a rejection) If the pool is neither closed nor terminated, or if
   *   a call of this pool would wait for itself.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  join(): Promise<void> {
    if (this.#runner.closed) return this.#runner.whenIdle();
    const message = "Cannot join a pool: it has to be closed or terminated first";
    return Promise.reject(new InvalidStateError(message));
  }

  /**
   * Take no more calls and cancel all that are there. Their callers hear of it at once; a call that
   * runs is asked to stop.
   *
   * CPython: `Pool.terminate`.
   *
   * @returns When the calls that ran have really ended.
   * @throws {InvalidStateError} (as a rejection) If a call of this pool would wait for itself.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool } from "@strand/strand";
   * import { assert } from "@std/assert";
   *
   * const pool = new TaskPool(1);
   * const calls = [pool.submit(() => sleep(60_000)), pool.submit(() => sleep(60_000))];
   * await pool.terminate();
   * assert(calls.every((call) => call.cancelled()));
   * ```
   */
  terminate(): Promise<void> {
    this.#runner.terminate();
    return this.#runner.whenIdle();
  }

  /**
   * Begin no more calls, until `resume`. What runs goes on, and calls may be submitted.
   *
   * @example
   * ```ts
   * import { TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new TaskPool(2);
   * pool.pause();
   * const call = pool.submit(() => "went on");
   * assertEquals(pool.stats.queued, 1);
   * pool.resume();
   * assertEquals(await call, "went on");
   * ```
   */
  pause(): void {
    this.#runner.pause();
  }

  /** Begin calls again, after `pause`. */
  resume(): void {
    this.#runner.resume();
  }

  /**
   * Wait until there is nothing to do: no call runs or waits, and no `map` is under way. More may be
   * submitted meanwhile, and is waited for, too.
   *
   * @throws {InvalidStateError} (as a rejection) If a call of this pool would wait for itself.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   *
   * @example
   * ```ts
   * import { sleep, TaskPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new TaskPool(2);
   * for (const ms of [1, 2, 3]) pool.submit(() => sleep(ms));
   * await pool.idle();
   * assertEquals(pool.stats.completed, 3);
   * ```
   */
  idle(): Promise<void> {
    return this.#runner.whenIdle();
  }

  /**
   * How many calls run at a time. It may be set at any time: with a higher number more begin at once;
   * with a lower one those that run finish, and others begin when there is room again.
   *
   * Setting it throws as the constructor does.
   */
  get maxWorkers(): number {
    return this.#runner.maxWorkers;
  }
  set maxWorkers(maxWorkers: number) {
    checkInteger("set the size of a task pool", "maxWorkers", maxWorkers, 1);
    this.#runner.maxWorkers = maxWorkers;
  }

  /**
   * What the pool is doing and has done. Its workers are places for calls: `maxWorkers` of them, and
   * as many more as still run after `maxWorkers` was lowered. `crashed` and `stuck` are 0.
   */
  get stats(): PoolStats {
    const { running: busy, queued, counts, maxWorkers } = this.#runner;
    const workers = Math.max(maxWorkers, busy);
    return { workers, idle: workers - busy, busy, queued, ...counts, crashed: 0, stuck: 0 };
  }

  /** `shutdown()`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const { name, maxWorkers, running: busy, queued, state } = this.#runner;
    const counts = showCounts({ busy, queued });
    const title = name === undefined ? "TaskPool" : `TaskPool ${JSON.stringify(name)}`;
    return `${title} [${
      [`${maxWorkers} ${maxWorkers === 1 ? "worker" : "workers"}`, ...counts, ...state].join(", ")
    }]`;
  }

  #call(
    what: string,
    fn: CallFunction,
    args: unknown[],
    options?: CallOptions,
  ): Future<unknown> {
    this.#runner.checkOpen(what);
    const full = this.#runner.fullError(what);
    if (full !== undefined) {
      const future = new Future<unknown>();
      futureInternals.reject(future, full);
      return future;
    }
    const call = new TaskCall(this.#runner, fn, args, options);
    // Its signal may be aborted already.
    if (!call.future.done()) this.#runner.add(call);
    return call.future;
  }

  #map(
    fn: CallFunction,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions | undefined,
    ordered: boolean,
  ): MapResult<unknown> {
    const what = "map a function";
    checkFunction(what, "fn", fn);
    checkIterable(what, items);
    checkMapOptions(what, options);
    this.#runner.checkOpen(what);
    return new TaskMap(this.#runner, fn, items, ordered, options ?? {});
  }
}
