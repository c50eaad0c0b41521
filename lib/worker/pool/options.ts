import { processorCount } from "../../base/runtime.ts";
import { checkDuration, checkFunction, checkInteger, show } from "../../base/validate.ts";
import { describeCallable } from "../../wire/function_codec.ts";
import type { PoolSettings, WorkerExit } from "./settings.ts";

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

const DEFAULT_GRACE_MS = 1_000;

const counts = new Map<string, number>();

/** Check the options of a pool and fill in what they leave open. */
export function readPoolOptions(
  what: string,
  kind: string,
  given: number | CommonPoolOptions | undefined,
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
  const {
    maxWorkers = processorCount(),
    initializer,
    initargs = [],
    maxTasksPerWorker,
    idleTimeout = Infinity,
    cancelGrace = DEFAULT_GRACE_MS,
    name,
    onWorkerExit,
  } = options as CommonPoolOptions;
  checkInteger(what, "maxWorkers", maxWorkers, 1);
  if (!Array.isArray(initargs)) {
    throw new TypeError(`Cannot ${what}: initargs must be an array, received ${show(initargs)}`);
  }
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
    initializer: initializer && describeCallable(what, initializer).ref,
    initargs: [...initargs],
    maxTasksPerWorker: maxTasksPerWorker ?? Infinity,
    idleTimeout,
    cancelGrace,
    onWorkerExit,
  };
}

function checkSpan(what: string, name: string, value: unknown): void {
  checkDuration(what, name, value);
  if (value as number < 0) {
    throw new RangeError(`Cannot ${what}: ${name} must not be negative, received ${value}`);
  }
}

function nextName(kind: string): string {
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  return `${kind}-${count}`;
}
