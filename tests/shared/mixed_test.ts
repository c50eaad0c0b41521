/**
 * Threads that sleep, some of them for so long at most, and tasks that wait, here and elsewhere, all in
 * one queue: those that give up take nothing with them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  createTask,
  SharedArray,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
} from "../../mod.ts";
import {
  OF_CONDITION,
  OF_LOCK,
  OF_QUEUE,
  OF_SEMAPHORE,
  ThreadIdentity,
  untilWaiting,
} from "./threads.ts";

for (
  const [name, make, where] of [
    ["lock", () => new SharedLock(), OF_LOCK],
    ["semaphore", () => new SharedSemaphore(1), OF_SEMAPHORE],
  ] as const
) {
  Deno.test(`Mixed: at a ${name}, those behind one that gives up are served in order`, async () => {
    using threads = await ThreadIdentity.start(3);
    const [a, b, c] = threads;
    const lock = make();
    const log = new SharedArray("int32", 4);
    const permit = await lock.acquire();
    const tired = a!.do("tryFor", lock, 5);
    await untilWaiting(lock, 1, where, tired);
    const asleep = b!.do("logSync", lock, log, 1);
    const cancelled = createTask(() => lock.acquire());
    const waiting = c!.do("logAsync", lock, log, 2);
    assertEquals(await tired, "TimeoutError");
    await untilWaiting(lock, 3, where);
    cancelled.cancel();
    await Promise.allSettled([cancelled]);
    await untilWaiting(lock, 2, where);
    assertEquals(await a!.do("tryFor", lock, 0), "TimeoutError");
    permit[Symbol.dispose]();
    await Promise.all([asleep, waiting]);
    assertEquals([log.get(0), log.get(1) + log.get(2)], [2, 3]);
    assertEquals(await a!.do("tryFor", lock, 60_000), "acquired");
    assert(lock.tryAcquire() !== undefined);
    assertEquals(lock.tryAcquire(), undefined);
  });
}

Deno.test("Mixed: at a condition, one that gives up takes no notification", async () => {
  using threads = await ThreadIdentity.start(3);
  const [a, b, c] = threads;
  const condition = new SharedCondition();
  const tired = a!.do("listenFor", condition, 5);
  await untilWaiting(condition, 1, OF_CONDITION, tired);
  const listening = [b!.do("listenFor", condition), c!.do("listen", condition)];
  const here = createTask(async () => {
    using _ = await condition.acquire();
    return await condition.wait();
  });
  assertEquals(await tired, false);
  await untilWaiting(condition, 3, OF_CONDITION);
  {
    using _ = await condition.acquire();
    condition.notify(3);
  }
  assertEquals(await Promise.all([...listening, here]), [true, undefined, true]);
  assert(!condition.locked());
});

Deno.test("Mixed: at an event, one that gives up leaves the others to hear of it", async () => {
  using threads = await ThreadIdentity.start(3);
  const [a, b, c] = threads;
  const event = new SharedEvent();
  const others = [b!.do("awaitEventSync", event), c!.do("awaitEvent", event), event.wait()];
  const cancelled = createTask(() => event.wait());
  assertEquals(await a!.do("awaitEventSync", event, 5), false);
  cancelled.cancel();
  await Promise.allSettled([cancelled]);
  event.set();
  assertEquals(await Promise.all(others), [true, true, true]);
  assertEquals(await a!.do("awaitEventSync", event, 0), true);
});

Deno.test("Mixed: at an empty queue, one that gives up takes no item", async () => {
  using threads = await ThreadIdentity.start(3);
  const [a, b, c] = threads;
  const queue = new SharedQueue<number>();
  const tired = a!.do("getFor", queue, 5);
  await untilWaiting(queue, 1, OF_QUEUE, tired);
  const getting = [b!.do("getFor", queue), c!.do("getOne", queue)];
  const cancelled = createTask(() => queue.get());
  const here = createTask(() => queue.get());
  assertEquals(await tired, "QueueEmpty");
  cancelled.cancel();
  await Promise.allSettled([cancelled]);
  await untilWaiting(queue, 3, OF_QUEUE);
  for (const item of [1, 2, 3]) queue.putNowait(item);
  assertEquals((await Promise.all([...getting, here])).toSorted(), [1, 2, 3]);
  assertEquals([queue.qsize(), await a!.do("getFor", queue, 0)], [0, "QueueEmpty"]);
});

Deno.test("Mixed: at a full queue, one that gives up puts nothing", async () => {
  using threads = await ThreadIdentity.start(3);
  const [a, b, c] = threads;
  const queue = new SharedQueue<number>({ maxsize: 1 });
  queue.putNowait(0);
  const tired = a!.do("putFor", queue, 9, 5);
  await untilWaiting(queue, 1, OF_QUEUE, tired);
  const putting = [b!.do("putFor", queue, 1), c!.do("putOne", queue, 2)];
  const cancelled = createTask(() => queue.put(8));
  const here = createTask(() => queue.put(3));
  assertEquals(await tired, "QueueFull");
  cancelled.cancel();
  await Promise.allSettled([cancelled]);
  await untilWaiting(queue, 3, OF_QUEUE);
  const got = [await queue.get(), await queue.get(), await queue.get(), await queue.get()];
  await Promise.all([...putting, here]);
  assertEquals([got[0], ...got.slice(1).toSorted()], [0, 1, 2, 3]);
  assertEquals(queue.qsize(), 0);
});
