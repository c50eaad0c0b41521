import type { Future } from "../task/future.ts";

/** Options of one call. */
export interface CallOptions {
  /** Cancels the call when it is aborted. */
  signal?: AbortSignal;
  /**
   * How long the call may run, in milliseconds from its start; it then rejects with `TimeoutError`.
   * Default: no limit.
   */
  timeout?: number;
  /** What moves to the worker instead of being copied. */
  transfer?: Transferable[];
  /** Waiting calls of a higher priority are begun first. Default: 0. */
  priority?: number;
}

/** Options of `map` and its kin. */
export interface MapOptions {
  /** Cancels the whole when it is aborted. */
  signal?: AbortSignal;
  /**
   * How long the whole may take, in milliseconds from the call; it then rejects with
   * `TimeoutError`. Default: no limit.
   */
  timeout?: number;
  /** How many items go to a worker at a time. Default: as many as fill some milliseconds. */
  chunksize?: number;
  /** How many items may be taken from the input whose results nobody has taken yet. */
  buffersize?: number;
  /** Called as items are done, with their number and, where it is known, that of all. */
  onProgress?: (done: number, total?: number) => void;
}

/**
 * What `map` gives: `await` it for an array of all results, or iterate it with `for await`, one by
 * one.
 *
 * @typeParam R The type of a result.
 */
export type MapResult<R> = PromiseLike<R[]> & AsyncIterable<R>;

/**
 * What runs functions elsewhere, or later: `TaskPool`, `WorkerPool` and `ProcessPool`.
 *
 * CPython: `concurrent.futures.Executor`.
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
  /** The same for a function of several parameters: each item is a list of arguments. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<A> | AsyncIterable<A>,
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

/** Options of `shutdown`. */
export interface ShutdownOptions {
  /** Whether to wait until everything is done. Default: `true`. */
  wait?: boolean;
  /** Whether to cancel the calls that wait for a worker. Default: `false`. */
  cancelFutures?: boolean;
}
