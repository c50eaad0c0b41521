/** 10,000 tasks at a semaphore of 10, each of which sleeps for a turn inside. */
import { run, Semaphore, sleep, TaskGroup } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { report } from "./twin.ts";

const N = 10_000;

async function main(): Promise<void> {
  const semaphore = new Semaphore(10);
  let passed = 0;
  await TaskGroup.run((group) => {
    for (let i = 0; i < N; i++) {
      group.createTask(async () => {
        using _permit = await semaphore.acquire();
        await sleep(0);
        passed++;
      });
    }
  });
  expect(passed, N);
}

await report(5, () => run(main));
