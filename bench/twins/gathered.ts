/** 100,000 coroutines gathered, each of which gives its number. */
import { gather, run } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { report } from "./twin.ts";

const N = 100_000;

// deno-lint-ignore require-await
const one = (i: number) => async () => i;

async function main(): Promise<void> {
  const results = await gather(Array.from({ length: N }, (_, i) => one(i)));
  expect(results.reduce((sum, i) => sum + i), N * (N - 1) / 2);
}

await report(5, () => run(main));
