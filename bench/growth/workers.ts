import { WorkerPool } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import type { Curve, Point } from "../support/growth.ts";
import { median } from "../support/ratio.ts";

const PRIME = 1_000_000_000_039;
const CALLS = 64;
const numbers: number[] = new Array(CALLS).fill(PRIME);
const functions = new URL("../workers/prime_functions.ts", import.meta.url);

/** The cost of one call when `n` workers share the calls. */
async function withWorkers(n: number): Promise<Point> {
  await using pool = new WorkerPool(n);
  const { isPrime } = pool.import<typeof import("../workers/prime_functions.ts")>(functions);
  const samples: number[] = [];
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    const results = await pool.map(isPrime, numbers, { chunksize: 1 });
    // The first round starts the workers.
    if (round > 0) samples.push((performance.now() - start) * 1e6 / CALLS);
    expect(results.filter((one) => one).length, CALLS);
  }
  return { n, ns: median(samples) };
}

const points: Point[] = [];
for (let n = 1; n <= 8; n++) points.push(await withWorkers(n));

export const curve: Curve = {
  title: "Workers of a pool",
  along: "workers",
  each: "call",
  series: [{ name: `is_prime(${PRIME})`, points }],
};
