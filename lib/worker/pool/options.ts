import { processorCount } from "../../base/runtime.ts";
import { checkFunction, checkInteger, checkOptions, checkSpan, show } from "../../base/validate.ts";
import { describeCallable } from "../../wire/describe_function.ts";
import { refuseTransferred } from "../../wire/transfer.ts";
import type { FunctionRef } from "../../wire/function_ref.ts";

/**
 * Options that pools of threads and of processes have in common.
 *
 * @example
 * ```ts
 * import { type CommonPoolOptions, ProcessPool, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // The same for threads and processes: each worker loads the table once, before its first call.
 * const options: CommonPoolOptions = {
 *   maxWorkers: 1,
 *   initializer: (table: Record<string, number>) => Object.assign(globalThis, { table }),
 *   initargs: [{ tea: 3, cake: 4 }],
 * };
 * const price = (item: string) => (globalThis as unknown as { table: Record<string, number> }).table[item];
 *
 * await using threads = new WorkerPool(options);
 * await using processes = new ProcessPool(options);
 * assertEquals(await threads.submit(price, "tea"), 3);
 * assertEquals(await processes.submit(price, "cake"), 4);
 * ```
 */
export interface CommonPoolOptions {
  /** How many workers there may be at a time. Default: the number of logical processors. */
  maxWorkers?: number;
  /** How many workers are started at once, and kept, whatever `idleTimeout` says. Default: 0. */
  minWorkers?: number;
  /**
   * How many calls may wait while `maxWorkers` others are done, those sent ahead to a busy worker
   * included. One more rejects with `QueueFull`; a `map` waits until there is room. Default: any.
   */
  maxQueue?: number;
  /** Run once in each worker before its first call; it may be async. If it fails, the pool breaks. */
  // deno-lint-ignore no-explicit-any
  initializer?: (...args: any[]) => unknown;
  /** The arguments of `initializer`. */
  initargs?: unknown[];
  /** After how many calls a worker is replaced by a new one. Default: never. */
  maxTasksPerWorker?: number;
  /** After how many milliseconds without work a worker is ended. Default: never. */
  idleTimeout?: number;
  /**
   * How many milliseconds a call that was asked to stop may go on before its worker is ended and
   * replaced. Default: 1,000.
   */
  cancelGrace?: number;
  /** The name of the pool, from which its workers have theirs. Default: `"WorkerPool-1"` … */
  name?: string;
  /** Called after a worker has ended. */
  onWorkerExit?: (exit: WorkerExit) => void;
}

/** What a pool was asked to be. */
export interface PoolSettings {
  readonly name: string;
  readonly maxWorkers: number;
  readonly minWorkers: number;
  readonly maxQueue: number;
  /** How many milliseconds a chunk of a map ought to take. */
  readonly chunkMs: number;
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

const DEFAULT_GRACE_MS = 1_000;

const DEFAULT_CHUNK_MS = 8;

const counts = new Map<string, number>();

const OPTIONS = [
  "maxWorkers",
  "minWorkers",
  "maxQueue",
  "initializer",
  "initargs",
  "maxTasksPerWorker",
  "idleTimeout",
  "cancelGrace",
  "name",
  "onWorkerExit",
];

/**
 * Check the options of a pool and fill in what they leave open. `others` are the names of those that
 * this kind of pool has besides.
 */
export function readPoolOptions(
  what: string,
  kind: string,
  given: number | CommonPoolOptions | undefined,
  others: readonly string[] = [],
): PoolSettings {
  const options = typeof given === "number"
    ? { maxWorkers: given }
    : given === undefined
    ? {}
    : given;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Cannot ${what}: options must be a number of workers or an object, received ${show(given)}`,
    );
  }
  checkOptions(what, options, [...OPTIONS, ...others]);
  const {
    minWorkers = 0,
    maxWorkers = Math.max(processorCount(), minWorkers),
    maxQueue = Infinity,
    initializer,
    initargs = [],
    maxTasksPerWorker,
    idleTimeout = Infinity,
    cancelGrace = DEFAULT_GRACE_MS,
    name,
    onWorkerExit,
  } = options as CommonPoolOptions;
  checkInteger(what, "minWorkers", minWorkers, 0);
  checkInteger(what, "maxWorkers", maxWorkers, 1);
  if (minWorkers > maxWorkers) {
    throw new RangeError(
      `Cannot ${what}: minWorkers must not be above maxWorkers, received ${minWorkers} and ${maxWorkers}`,
    );
  }
  if (maxQueue !== Infinity) checkInteger(what, "maxQueue", maxQueue, 0);
  if (!Array.isArray(initargs)) {
    throw new TypeError(`Cannot ${what}: initargs must be an array, received ${show(initargs)}`);
  }
  refuseTransferred(what, initargs);
  if (maxTasksPerWorker !== undefined) {
    checkInteger(what, "maxTasksPerWorker", maxTasksPerWorker, 1);
  }
  checkSpan(what, "idleTimeout", idleTimeout);
  checkSpan(what, "cancelGrace", cancelGrace);
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot ${what}: name must be a string, received ${show(name)}`);
  }
  if (onWorkerExit !== undefined) checkFunction(what, "onWorkerExit", onWorkerExit);
  if (initializer !== undefined) checkFunction(what, "initializer", initializer);
  return {
    name: name ?? nextName(kind),
    maxWorkers,
    minWorkers,
    maxQueue,
    chunkMs: DEFAULT_CHUNK_MS,
    initializer: initializer && describeCallable(what, initializer).ref,
    initargs: [...initargs],
    maxTasksPerWorker: maxTasksPerWorker ?? Infinity,
    idleTimeout,
    cancelGrace,
    onWorkerExit,
  };
}

function nextName(kind: string): string {
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  return `${kind}-${count}`;
}
