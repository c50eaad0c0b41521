/** What a pool is doing and has done. */
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
