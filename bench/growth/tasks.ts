import { AsyncLocalStorage } from "node:async_hooks";
import { createTask, gather, TaskGroup } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, decades, grow } from "../support/growth.ts";

async function inGroup(n: number): Promise<void> {
  let sum = 0;
  await TaskGroup.run((group) => {
    // deno-lint-ignore require-await
    for (let i = 0; i < n; i++) group.createTask(async () => void (sum += i));
  });
  expect(sum, n * (n - 1) / 2);
}

async function gathered(n: number): Promise<void> {
  const results = await gather(Array.from({ length: n }, (_, i) => () => i));
  expect(results.length, n);
  expect(results[n - 1], n - 1);
}

async function chained(n: number): Promise<void> {
  let last = createTask(() => 0);
  for (let i = 1; i < n; i++) {
    const before = last;
    last = createTask(async () => await before + 1);
  }
  expect(await last, n - 1);
}

const storage = new AsyncLocalStorage<number>();

async function floor(n: number): Promise<void> {
  let sum = 0;
  const running: Promise<void>[] = [];
  for (let i = 0; i < n; i++) {
    // deno-lint-ignore require-await
    running.push(storage.run(i, async () => void (sum += i)));
  }
  await Promise.all(running);
  expect(sum, n * (n - 1) / 2);
}

const sizes = decades(1_000_000);

export const curve: Curve = {
  title: "Tasks",
  along: "tasks",
  each: "task",
  series: [
    await grow("TaskGroup, spawn and join", sizes, inGroup, { memory: true }),
    await grow("gather", sizes, gathered, { memory: true }),
    await grow("each awaits the one before", decades(100_000), chained, { memory: true }),
    await grow("floor: Promise.all over AsyncLocalStorage.run", sizes, floor, { memory: true }),
  ],
};
