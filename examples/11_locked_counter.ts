/**
 * A counter that 1,000 tasks raise, with and without a lock.
 *
 * Python: `async with lock: counter += 1` in 1,000 tasks of `asyncio`.
 *
 * Run it: `deno run examples/11_locked_counter.ts`
 *
 * @module
 */
import { Lock, run, sleep, TaskGroup } from "@strand/strand";

const TASKS = 1_000;

class Counter {
  value = 0;

  /** Reads, waits and writes back: what another task wrote meanwhile is overwritten. */
  async raise(): Promise<void> {
    const before = this.value;
    await sleep(0);
    this.value = before + 1;
  }
}

async function countWithoutLock(): Promise<number> {
  const counter = new Counter();
  await TaskGroup.run((group) => {
    for (let i = 0; i < TASKS; i++) group.createTask(() => counter.raise());
  });
  return counter.value;
}

async function countWithLock(): Promise<number> {
  const counter = new Counter();
  const lock = new Lock();
  await TaskGroup.run((group) => {
    for (let i = 0; i < TASKS; i++) {
      group.createTask(async () => {
        using _held = await lock.acquire(); // until the end of this block
        await counter.raise();
      });
    }
  });
  return counter.value;
}

async function main(): Promise<void> {
  console.log(`${TASKS} tasks add 1 each`);
  console.log(`without a lock: ${await countWithoutLock()}`);
  console.log(`with a lock:    ${await countWithLock()}`);
}

if (import.meta.main) await run(main);
