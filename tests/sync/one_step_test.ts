/**
 * In asyncio, asking for something that is there is no pause: what a task does between two real
 * waits is one step, which no other task sees the middle of.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  Barrier,
  Condition,
  createTask,
  Event,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
} from "../../mod.ts";
import { giveWay } from "../support/settled.ts";

const lock = new Lock(), semaphore = new Semaphore(), condition = new Condition();
const event = new Event(), barrier = new Barrier(1);
event.set();

/** What needs no wait. */
const FREE: Record<string, () => Promise<void>> = {
  "a free lock": async () => {
    await lock.acquire();
    lock.release();
  },
  "a free lock, held by a block": async () => {
    using _ = await lock.acquire();
  },
  "a permit that is there": async () => {
    using _ = await semaphore.acquire();
  },
  "an event that is set": async () => void await event.wait(),
  "a predicate that is true": async () => {
    using _ = await condition.acquire();
    await condition.waitForPredicate(() => true);
    condition.notify();
  },
  "a barrier for one": async () => void await barrier.wait(),
  "a barrier that is reset": () => barrier.reset(),
};
for (const queue of [new Queue<number>(), new LifoQueue<number>(), new PriorityQueue<number>(1)]) {
  FREE[`room and items in a ${queue.constructor.name}`] = async () => {
    await queue.put(1);
    await queue.get();
    queue.taskDone();
    await queue.join();
  };
}

for (const [name, use] of Object.entries(FREE)) {
  Deno.test(`One step: asking a thousand times for ${name}`, async () => {
    let step = 0;
    let asking = true;
    const watcher = createTask(async () => {
      while (asking) {
        step++;
        await giveWay();
      }
    });
    await createTask(async () => {
      await giveWay();
      const before = step;
      for (let i = 0; i < 1_000; i++) await use();
      asking = false;
      assertEquals(step, before);
    });
    await watcher;
  });
}
