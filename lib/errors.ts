/**
 * Every error class that callers may want to catch.
 * @module
 */

export { CancelledError, InvalidStateError, TimeoutError } from "./task_errors.ts";

/**
 * `getNowait` found the queue empty.
 *
 * CPython: `asyncio.QueueEmpty`, `queue.Empty`.
 *
 * @example
 * ```ts
 * import { Queue, QueueEmpty } from "@strand/strand";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new Queue().getNowait(), QueueEmpty);
 * ```
 */
export class QueueEmpty extends Error {
  static {
    this.prototype.name = "QueueEmpty";
  }
}

/**
 * `putNowait` found the queue full.
 *
 * CPython: `asyncio.QueueFull`, `queue.Full`.
 *
 * @example
 * ```ts
 * import { Queue, QueueFull } from "@strand/strand";
 * import { assertThrows } from "@std/assert";
 *
 * const queue = new Queue<number>(1);
 * queue.putNowait(1);
 * assertThrows(() => queue.putNowait(2), QueueFull);
 * ```
 */
export class QueueFull extends Error {
  static {
    this.prototype.name = "QueueFull";
  }
}

/**
 * The queue was shut down: it takes no more items, or has none left to give.
 *
 * CPython: `asyncio.QueueShutDown`.
 *
 * @example
 * ```ts
 * import { Queue, QueueShutDown } from "@strand/strand";
 * import { assertThrows } from "@std/assert";
 *
 * const queue = new Queue<number>();
 * queue.shutdown();
 * assertThrows(() => queue.putNowait(1), QueueShutDown);
 * ```
 */
export class QueueShutDown extends Error {
  static {
    this.prototype.name = "QueueShutDown";
  }
}

/**
 * The barrier was aborted, or reset while others were waiting at it.
 *
 * CPython: `asyncio.BrokenBarrierError`, `threading.BrokenBarrierError`.
 *
 * @example
 * ```ts
 * import { Barrier, BrokenBarrierError } from "@strand/strand";
 * import { assertRejects } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * await barrier.abort();
 * await assertRejects(() => barrier.wait(), BrokenBarrierError);
 * ```
 */
export class BrokenBarrierError extends Error {
  static {
    this.prototype.name = "BrokenBarrierError";
  }
}

/**
 * The worker that ran the call died before it could answer: an uncaught error, `self.close()`,
 * `Deno.exit()`, a kill, or no memory left. The `cause` is the worker's own error, if it left one.
 *
 * CPython: `concurrent.futures.process.BrokenProcessPool`, but only for the calls that ran on the
 * dead worker: the pool itself goes on with a new one.
 *
 * @example
 * ```ts
 * import { WorkerCrashedError, WorkerPool } from "@strand/strand";
 * import { assertRejects } from "@std/assert";
 *
 * await using pool = new WorkerPool(1);
 * await assertRejects(
 *   () => Promise.resolve(pool.submit(() => self.close())),
 *   WorkerCrashedError,
 * );
 * ```
 */
export class WorkerCrashedError extends Error {
  static {
    this.prototype.name = "WorkerCrashedError";
  }
}

/**
 * The pool cannot make workers any more: its initializer failed, or its workers cannot boot. The
 * `cause` says why. Every call, waiting or new, rejects with it.
 *
 * CPython: `concurrent.futures.BrokenExecutor`, `BrokenThreadPool`.
 *
 * @example
 * ```ts
 * import { BrokenWorkerPoolError, WorkerPool } from "@strand/strand";
 * import { assertRejects } from "@std/assert";
 *
 * const pool = new WorkerPool({
 *   maxWorkers: 1,
 *   initializer: () => {
 *     throw new Error("no database");
 *   },
 * });
 * await assertRejects(() => Promise.resolve(pool.submit(() => 1)), BrokenWorkerPoolError);
 * await pool.terminate();
 * ```
 */
export class BrokenWorkerPoolError extends Error {
  static {
    this.prototype.name = "BrokenWorkerPoolError";
  }
}
