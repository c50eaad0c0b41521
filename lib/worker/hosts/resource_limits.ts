import { checkOptions, show } from "../../base/validate.ts";

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
  checkOptions(what, limits);
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
