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
  /** How many of them have nothing to do. */
  idle: number;
  /** How many of them have something to do. */
  busy: number;
  /** How many calls wait for a worker. */
  queued: number;
  /** How many calls and items ended well. */
  completed: number;
  /** How many failed, crashes included. */
  failed: number;
  /** How many were cancelled, or took longer than their time limit. */
  cancelled: number;
  /** How many workers died by themselves. */
  crashed: number;
  /** How many threads burn on that the runtime could not stop. */
  stuck: number;
}
