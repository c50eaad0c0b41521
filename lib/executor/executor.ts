import type { Future } from "../core/future.ts";

/**
 * Options of one call.
 *
 * @example
 * ```ts
 * import { type CallOptions, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const image = new Uint8Array([10, 20, 30]);
 * const options: CallOptions = {
 *   timeout: 60_000, // as soon as it runs
 *   priority: 1, // before what else waits for a worker
 *   transfer: [image.buffer], // moves instead of being copied
 * };
 *
 * await using pool = new WorkerPool(1);
 * const invert = (pixels: Uint8Array) => pixels.map((value) => 255 - value);
 * assertEquals(await pool.apply(invert, [image], options), new Uint8Array([245, 235, 225]));
 * assertEquals(image.length, 0); // it is not here any more
 * ```
 */
export interface CallOptions {
  /** A signal that cancels the call when it is aborted. */
  signal?: AbortSignal;
  /**
   * How long the call may run, in milliseconds from its start; it then rejects with `TimeoutError`.
   * Default: no limit.
   */
  timeout?: number;
  /** The buffers and ports that move to the worker instead of being copied. */
  transfer?: Transferable[];
  /** Waiting calls of a higher priority are begun first. Default: 0. */
  priority?: number;
}

/**
 * Options of `map` and its kin.
 *
 * @example
 * ```ts
 * import { type MapOptions, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * let percent = 0;
 * const options: MapOptions = {
 *   timeout: 60_000, // for the whole, from now on
 *   chunksize: 25, // items that go to a worker at a time
 *   onProgress: (done, total = done) => percent = 100 * done / total,
 * };
 *
 * await using pool = new WorkerPool(1);
 * const numbers = Array.from({ length: 100 }, (_, n) => n);
 * const squares = await pool.map((n: number) => n * n, numbers, options);
 * assertEquals([squares.at(-1), percent], [9_801, 100]);
 * ```
 */
export interface MapOptions {
  /** A signal that cancels the whole map when it is aborted. */
  signal?: AbortSignal;
  /**
   * How long the whole may take, in milliseconds from the call; it then rejects with
   * `TimeoutError`; a loop gets the results that were there by then first. Default: no limit.
   */
  timeout?: number;
  /** How many items go to a worker at a time. Default: as many as fill some milliseconds. */
  chunksize?: number;
  /** How many items may be taken from the input whose results nobody has taken yet. */
  buffersize?: number;
  /** A function that is called as items are done, with their number and, if known, that of all. */
  onProgress?: (done: number, total?: number) => void;
}

/**
 * What a pool is doing and has done.
 *
 * @example
 * ```ts
 * import { type PoolStats, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Whether a server ought to turn new requests away.
 * function overloaded({ queued, workers, stuck }: PoolStats): boolean {
 *   return stuck > 0 || queued > 10 * workers;
 * }
 *
 * await using pool = new WorkerPool(1);
 * await pool.map((n: number) => n + 1, [1, 2, 3]);
 * const { workers, queued, completed } = pool.stats;
 * assertEquals({ workers, queued, completed }, { workers: 1, queued: 0, completed: 3 });
 * assertEquals(overloaded(pool.stats), false);
 * ```
 */
export interface PoolStats {
  /** How many workers there are: booting, idle or busy. */
  workers: number;
  /** How many workers have nothing to do. */
  idle: number;
  /** How many workers have something to do. */
  busy: number;
  /** How many calls wait for a worker. */
  queued: number;
  /** How many calls and items ended well. */
  completed: number;
  /** How many calls and items failed, crashes included. */
  failed: number;
  /** How many calls and items were cancelled, or took longer than their time limit. */
  cancelled: number;
  /** How many workers died by themselves. */
  crashed: number;
  /** How many threads burn on that the runtime could not stop. */
  stuck: number;
}

/**
 * What `map` gives: `await` it for an array of all results, or iterate it with `for await`, one by
 * one.
 *
 * @typeParam R The type of a result.
 *
 * @example
 * ```ts
 * import { type MapResult, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Takes results until one is too large; leaving the loop cancels what has not begun.
 * async function takeWhile(results: MapResult<number>, most: number): Promise<number[]> {
 *   const taken: number[] = [];
 *   for await (const result of results) {
 *     if (result > most) break;
 *     taken.push(result);
 *   }
 *   return taken;
 * }
 *
 * await using pool = new WorkerPool(1);
 * const squares = (): MapResult<number> => pool.map((n: number) => n * n, [1, 2, 3, 4]);
 * assertEquals(await takeWhile(squares(), 5), [1, 4]);
 * assertEquals(await squares(), [1, 4, 9, 16]); // or all of them at once
 * ```
 */
export type MapResult<R> = PromiseLike<R[]> & AsyncIterable<R>;

/**
 * What runs functions elsewhere, or later: `TaskPool`, `WorkerPool` and `ProcessPool`.
 *
 * CPython: `concurrent.futures.Executor`.
 *
 * @example
 * ```ts
 * import { type Executor, sleep, TaskPool, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Works on whichever pool it is given.
 * async function lengths(executor: Executor, words: string[]): Promise<number[]> {
 *   return await executor.map((word: string) => word.length, words);
 * }
 *
 * await using here = new TaskPool(2);
 * await using there = new WorkerPool(1);
 * assertEquals(await lengths(here, ["one", "three"]), [3, 5]);
 * assertEquals(await lengths(there, ["one", "three"]), [3, 5]);
 * ```
 */
export interface Executor extends AsyncDisposable {
  /** Run a function with these arguments. */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>>;
  /** Run a function with a list of arguments, and options. */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>>;
  /** Run a function over many items, and give the results in the order of the items. */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>>;
  /** As `map`, for a function of several parameters: each item is a list of arguments. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<Readonly<A>> | AsyncIterable<Readonly<A>>,
    options?: MapOptions,
  ): MapResult<Awaited<R>>;
  /** As `map`, but the results come as they are done. */
  mapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>>;
  /** Take no more calls, and wait for those that are there. */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

/**
 * Options of `shutdown`.
 *
 * @example
 * ```ts
 * import { CancelledError, type ShutdownOptions, sleep, TaskPool } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * // Finish what has begun, and forget the rest.
 * const closingTime: ShutdownOptions = { cancelFutures: true };
 *
 * const pool = new TaskPool(1);
 * const begun = pool.submit(() => sleep(50, "served"));
 * const waiting = pool.submit(() => sleep(1, "never served"));
 * await sleep(0);
 * await pool.shutdown(closingTime);
 * assertEquals(begun.result(), "served");
 * await assertRejects(() => waiting, CancelledError);
 * ```
 */
export interface ShutdownOptions {
  /** Whether to wait until everything is done. Default: `true`. */
  wait?: boolean;
  /** Whether to cancel the calls that wait for a worker. Default: `false`. */
  cancelFutures?: boolean;
}
