import { WorkerPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { isPrime } from "./workers/prime_functions.ts";

const ONE_THREAD = "one thread";
const PRIMES: number[] = new Array(100).fill(112_272_535_095_293);
const functions = new URL("./workers/prime_functions.ts", import.meta.url);

function check(results: boolean[]): void {
  expect(results.length, PRIMES.length);
  expect(results.every((one) => one), true);
}

export const comparisons = bench([
  {
    operation: "is_prime(112272535095293), 100 times, pool of 2",
    ops: PRIMES.length,
    few: 1,
    contenders: [
      strand({
        async open() {
          const pool = new WorkerPool(2);
          const prime = pool.import<typeof import("./workers/prime_functions.ts")>(functions);
          await Promise.all([pool.submit(prime.isPrime, 7), pool.submit(prime.isPrime, 11)]);
          return { pool, prime };
        },
        async run({ pool, prime }) {
          check(await pool.map(prime.isPrime, PRIMES));
        },
        close: ({ pool }) => pool.terminate(),
      }),
      contender({ name: ONE_THREAD, kind: "floor", run: () => check(PRIMES.map(isPrime)) }),
    ],
    goals: [{ against: ONE_THREAD, most: 0.52 }],
  },
]);
