import { processorCount } from "../base/runtime.ts";
import { checkInteger, checkOptions, checkPeriod, show } from "../base/validate.ts";
import type { RunnerOptions } from "./task_runner.ts";

/**
 * Options of a `TaskPool`.
 *
 * @example
 * ```ts
 * import { currentTask, TaskPool, type TaskPoolOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // At most ten requests to that server at once, and fifty in any second; its tasks are called
 * // "api-1", "api-2" …
 * const polite: TaskPoolOptions = { maxWorkers: 10, name: "api", rate: { max: 50, perMs: 1_000 } };
 *
 * await using pool = new TaskPool(polite);
 * assertEquals(await pool.submit(() => currentTask()?.name), "api-1");
 * ```
 */
export interface TaskPoolOptions {
  /**
   * How many calls run at a time. Default: the number of logical processors and 4 more, at most 32.
   */
  maxWorkers?: number;
  /** The name of the pool, from which its tasks have theirs: `"name-1"` … Default: none. */
  name?: string;
  /**
   * How many calls may wait for their turn. One more rejects with `QueueFull`; a `map` waits for
   * room instead. Default: no limit.
   */
  maxQueue?: number;
  /** How often calls may begin: at most `max` in any `perMs` milliseconds. Default: no limit. */
  rate?: {
    /** How many calls may begin in any `perMs` milliseconds. */
    max: number;
    /** The length of that window, in milliseconds. */
    perMs: number;
  };
}

const MOST_BY_DEFAULT = 32;

/** Refuse wrong options of a pool, and fill in what they leave open. */
export function readTaskPoolOptions(options: number | TaskPoolOptions | undefined): RunnerOptions {
  const what = "create a task pool";
  const given = typeof options === "number" ? { maxWorkers: options } : options;
  if (given === null || Array.isArray(given) || !["object", "undefined"].includes(typeof given)) {
    throw new TypeError(
      `Cannot ${what}: options must be a number of workers or an object, received ${show(options)}`,
    );
  }
  checkOptions(what, given, ["maxWorkers", "name", "maxQueue", "rate"]);
  const { maxWorkers = defaultWorkers(), name, maxQueue = Infinity, rate } = given ?? {};
  checkInteger(what, "maxWorkers", maxWorkers, 1);
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot ${what}: name must be a string, received ${show(name)}`);
  }
  if (maxQueue !== Infinity) checkInteger(what, "maxQueue", maxQueue, 0);
  if (rate !== undefined) checkRate(what, rate);
  return { maxWorkers, maxQueue, rate, name };
}

function checkRate(what: string, rate: unknown): void {
  if (typeof rate !== "object" || rate === null) {
    throw new TypeError(`Cannot ${what}: rate must be an object, received ${show(rate)}`);
  }
  checkOptions(`${what} with a rate`, rate, ["max", "perMs"]);
  const { max, perMs } = rate as { max?: unknown; perMs?: unknown };
  checkInteger(what, "rate.max", max, 1);
  checkPeriod(what, "rate.perMs", perMs);
}

function defaultWorkers(): number {
  return Math.min(MOST_BY_DEFAULT, processorCount() + 4);
}
