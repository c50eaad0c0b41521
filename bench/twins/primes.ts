/** is_prime(112272535095293), 100 times, on a pool of two threads; the pool is new each time. */
import { WorkerPool } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { report } from "./twin.ts";

const NUMBERS: number[] = new Array(100).fill(112_272_535_095_293);
const functions = new URL("../workers/prime_functions.ts", import.meta.url);

await report(1, async () => {
  await using pool = new WorkerPool(2);
  const { isPrime } = pool.import<typeof import("../workers/prime_functions.ts")>(functions);
  const results = await pool.map(isPrime, NUMBERS);
  expect(results.filter((one) => one).length, NUMBERS.length);
});
