import { TaskPool, WorkerPool } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, decades, grow, type MemoryWatch } from "../support/growth.ts";

function* below(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i;
}

async function drain(
  results: AsyncIterable<number>,
  n: number,
  memory: MemoryWatch,
): Promise<void> {
  let count = 0;
  let sum = 0;
  for await (const result of results) {
    sum += result;
    if (++count % 500_000 === 0) memory.look();
  }
  expect(count, n);
  expect(sum, n * (n - 1) / 2);
}

await using tasks = new TaskPool(16);
await using workers = new WorkerPool(2);
const sizes = decades(10_000_000);
const options = { memory: true, budget: 100 };

export const curve: Curve = {
  title: "Items of a streamed map",
  along: "items",
  each: "item",
  series: [
    await grow(
      "TaskPool.map",
      sizes,
      (n, memory) => drain(tasks.map((item: number) => item, below(n)), n, memory),
      options,
    ),
    await grow(
      "WorkerPool.map",
      sizes,
      (n, memory) => drain(workers.map((item: number) => item, below(n)), n, memory),
      options,
    ),
  ],
};
