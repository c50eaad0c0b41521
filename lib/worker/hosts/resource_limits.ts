import { checkOptions, show } from "../../base/validate.ts";

/**
 * How much memory a worker of the node host may use; each in megabytes.
 *
 * @example
 * ```ts
 * import { type ResourceLimits, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // A call that wants more ends its own worker, and neither the others nor the program.
 * const limits: ResourceLimits = { maxOldGenerationSizeMb: 64 };
 *
 * await using pool = new WorkerPool({ maxWorkers: 1, host: "node", resourceLimits: limits });
 * const sum = (n: number) => new Array<number>(n).fill(1).reduce((a, b) => a + b);
 * assertEquals(await pool.map(sum, [10, 1_000]), [10, 1_000]);
 * ```
 */
export interface ResourceLimits {
  /** The heap of what lives long. */
  maxOldGenerationSizeMb?: number;
  /** The heap of what is new. */
  maxYoungGenerationSizeMb?: number;
  /** Code. */
  codeRangeSizeMb?: number;
  /** The stack. */
  stackSizeMb?: number;
}

const NAMES = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb",
] as const;

/** With less, the engine ends the whole program while it starts the worker. */
const LEAST_OLD = 8;

/** Refuse limits of memory that are none. */
export function checkResourceLimits(what: string, limits: unknown): void {
  if (limits === undefined) return;
  checkOptions(what, limits, NAMES, "resource limit");
  for (const name of NAMES) {
    const value = (limits as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot ${what}: ${name} must be a number of megabytes, received ${show(value)}`,
      );
    }
    const least = name === "maxOldGenerationSizeMb" ? LEAST_OLD : 0;
    if (value > 0 && value >= least && value < Infinity) continue;
    const wanted = least > 0 ? `at least ${least} and finite` : "positive and finite";
    throw new RangeError(`Cannot ${what}: ${name} must be ${wanted}, received ${value}`);
  }
}
