/**
 * Measures one curve in a process of its own and prints it as JSON.
 *
 * Usage: deno run -A --v8-flags=--expose-gc bench/support/measure_growth.ts <growth file>
 *
 * @module
 */
import { bend, type Curve } from "./growth.ts";

const [file] = Deno.args;
if (file === undefined) {
  console.error("Usage: measure_growth.ts <file in bench/growth>");
  Deno.exit(2);
}

const { curve } = await import(new URL(`../growth/${file}`, import.meta.url).href) as {
  curve: Curve;
};
for (const series of curve.series) {
  const costs = series.points.map(({ n, ns }) => `${n.toLocaleString("en")}: ${ns.toPrecision(3)}`);
  console.error(
    `${curve.title}, ${series.name}, ns each, bend ${bend(series).toFixed(2)}\n  ${
      costs.join("  ")
    }`,
  );
}
console.log(JSON.stringify(curve));
Deno.exit(0);
