/**
 * What is there needs no wait at the shared objects, either: to take it is no pause in a task.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  createTask,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
} from "../../mod.ts";
import type { Shareable } from "../../lib/wire/shareable.ts";
import { giveWay } from "../support/settled.ts";
import { shared } from "./shared.ts";

/** What needs no wait. */
const FREE: Record<string, () => Promise<void>> = {};

const WAYS: [string, <S extends Shareable>(object: S) => S][] = [
  ["", (object) => object],
  [" that others know", shared],
];

for (const [how, pass] of WAYS) {
  const lock = pass(new SharedLock()), semaphore = pass(new SharedSemaphore());
  const condition = pass(new SharedCondition()), event = pass(new SharedEvent());
  const barrier = pass(new SharedBarrier(1)), queue = pass(new SharedQueue<unknown>());
  event.set();
  FREE[`a free lock${how}`] = async () => {
    using _ = await lock.acquire();
  };
  FREE[`a permit that is there${how}`] = async () => {
    using _ = await semaphore.acquire();
  };
  FREE[`an event that is set${how}`] = async () => void await event.wait();
  FREE[`a predicate that is true${how}`] = async () => {
    using _ = await condition.acquire();
    await condition.waitForPredicate(() => true);
    condition.notify();
  };
  FREE[`a barrier for one${how}`] = async () => void await barrier.wait();
  FREE[`a barrier that is reset${how}`] = () => barrier.reset();
  FREE[`a barrier that is aborted${how}`] = async () => {
    await barrier.abort();
    await barrier.reset();
  };
  FREE[`room and items in a queue${how}`] = async () => {
    await queue.put({ a: 1 });
    await queue.get();
    queue.taskDone();
    await queue.join();
  };
}

for (const [name, use] of Object.entries(FREE)) {
  Deno.test(`One step between threads: asking a thousand times for ${name}`, async () => {
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
