/**
 * Measures the ratios of one bench file in a process of its own and prints them as JSON.
 *
 * Usage: deno run -A --v8-flags=--expose-gc bench/support/measure.ts <x_bench.ts> [operation]
 *
 * @module
 */
import type { Comparison } from "./comparison.ts";
import { measure, type Measured } from "./ratio.ts";

const [file, only = ""] = Deno.args;
if (file === undefined) {
  console.error("Usage: measure.ts <x_bench.ts> [part of an operation's name]");
  Deno.exit(2);
}

const { comparisons } = await import(new URL(`../${file}`, import.meta.url).href) as {
  comparisons: Comparison[];
};
const results: Measured[] = [];
for (const comparison of comparisons) {
  if (!comparison.operation.includes(only)) continue;
  const result = await measure(comparison);
  results.push(result);
  for (const { against, ratio, most, unit = "" } of result.ratios) {
    const verdict = most === null ? "" : ratio <= most ? ` <= ${most}` : ` > ${most}  MISSED`;
    console.error(`${result.operation} / ${against}: ${ratio.toFixed(2)} ${unit}${verdict}`);
  }
}
console.log(JSON.stringify(results));
// Whatever a peer left running shall not hold the report up.
Deno.exit(0);
