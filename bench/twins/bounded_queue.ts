/** 100,000 numbers through a queue of 64, from one task to another. */
import { Queue, run, TaskGroup } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { report } from "./twin.ts";

const N = 100_000;

async function main(): Promise<void> {
  const queue = new Queue<number>(64);
  let total = 0;
  await TaskGroup.run((group) => {
    group.createTask(async () => {
      for (let i = 0; i < N; i++) await queue.put(i);
    });
    group.createTask(async () => {
      for (let i = 0; i < N; i++) total += await queue.get();
    });
  });
  expect(total, N * (N - 1) / 2);
}

await report(5, () => run(main));
