import type { FunctionRef } from "../../wire/function_ref.ts";

/** What a pool was asked to be. */
export interface PoolSettings {
  readonly name: string;
  readonly maxWorkers: number;
  readonly initializer: FunctionRef | undefined;
  readonly initargs: unknown[];
  readonly maxTasksPerWorker: number;
  readonly idleTimeout: number;
  readonly cancelGrace: number;
  readonly onWorkerExit: ((exit: WorkerExit) => void) | undefined;
}

/**
 * What `onWorkerExit` is told.
 *
 * @example
 * ```ts
 * import { WorkerCrashedError, type WorkerExit, WorkerPool } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const alarms: string[] = [];
 * // Rings when a worker has died, and not when the pool has ended it.
 * function watch({ name, crashed }: WorkerExit): void {
 *   if (crashed) alarms.push(`${name} died`);
 * }
 *
 * {
 *   await using pool = new WorkerPool({ maxWorkers: 1, name: "render", onWorkerExit: watch });
 *   await assertRejects(() => pool.submit(() => self.close()), WorkerCrashedError);
 *   assertEquals(await pool.submit(() => "still working"), "still working");
 * }
 * assertEquals(alarms, ["render-1 died"]);
 * ```
 */
export interface WorkerExit {
  /** The name of the worker. */
  name: string;
  /** Whether it died by itself, and not because the pool ended it. */
  crashed: boolean;
  /** What it died of, where that is known. */
  cause?: unknown;
}

/** What has become of the calls of a pool. */
export interface Counts {
  completed: number;
  failed: number;
  cancelled: number;
  crashed: number;
}
