import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  pipe,
  QueueFull,
  QueueShutDown,
  SharedEvent,
  SharedLock,
  SharedQueue,
  type SharedValue,
  Thread,
  WorkerCrashedError,
} from "../../mod.ts";
import { claim, publish, retract } from "../../lib/wire/resource_sharer.ts";
import {
  type Kinds,
  makeKinds,
  makeQueue,
  markAndReturn,
  markKinds,
  produceKinds,
  produceValues,
  putHeldLockAndDie,
  readKinds,
  receiveQueue,
  sendQueue,
  sumValues,
  takeLock,
  type Wrapped,
} from "./fixtures/shared_in_queue.ts";
import { HOSTS, withPool } from "./helpers.ts";

const NAMES = [
  "SharedValue",
  "SharedArray",
  "SharedLock",
  "SharedSemaphore",
  "SharedEvent",
  "SharedCondition",
  "SharedBarrier",
  "SharedQueue",
  "Int32Array",
  "SharedArrayBuffer",
];
const MARKED = [2, [7, 2.5], true, 2, true, true, 5, 2, 9, 9];

Deno.test("Shared in a queue: within a thread, each kind arrives on the same memory", async () => {
  const queue = new SharedQueue<Kinds>();
  const kinds = makeKinds();
  queue.putNowait(kinds);
  assertEquals(markKinds(await queue.get()), NAMES);
  assertEquals(await readKinds(kinds), MARKED);
});

for (const host of HOSTS) {
  for (const sync of [true, false]) {
    const how = `${sync ? "sync" : "async"} on the ${host} host`;

    Deno.test(`Shared in a queue: each kind goes from here to a worker and back, ${how}`, async () => {
      await withPool({ maxWorkers: 1, host }, async (pool) => {
        const there = new SharedQueue<
          Parameters<typeof markAndReturn>[0] extends SharedQueue<infer T> ? T : never
        >();
        const back = new SharedQueue<Kinds>();
        const ready = new SharedEvent();
        const marked = pool.submit(markAndReturn, there, back, ready, sync);
        // It waits, or sleeps, when the item comes.
        await ready.wait();
        const kinds = makeKinds();
        await there.put([1, { kinds, also: new Map([["value", kinds.value]]) }]);
        assertEquals(await marked, [NAMES, true]);
        const again = await back.get();
        again.value.add(1);
        assertEquals(await readKinds(kinds), [3, ...MARKED.slice(1, 7), 3, ...MARKED.slice(8)]);
      });
    });

    Deno.test(`Shared in a queue: each kind goes from worker to worker, ${how}`, async () => {
      await withPool({ maxWorkers: 2, host }, async (pool) => {
        const there = new SharedQueue<Wrapped>();
        const back = new SharedQueue<Kinds>();
        const ready = new SharedEvent();
        const marked = pool.submit(markAndReturn, there, back, ready, sync);
        await ready.wait();
        await pool.submit(produceKinds, there, sync);
        assertEquals(await marked, [NAMES, true]);
        assertEquals(await readKinds(await back.get()), MARKED);
      });
    });

    Deno.test(`Shared in a queue: the producer is gone before the item is read, ${how}`, async () => {
      await withPool({ maxWorkers: 1, host }, async (pool) => {
        const queue = new SharedQueue<[SharedLock, number]>();
        const ready = new SharedEvent();
        // The worker has to be there: who starts later is told of what there is by the host.
        await pool.submit((queue: SharedQueue<[SharedLock, number]>) => queue.qsize(), queue);
        const thread = new Thread(putHeldLockAndDie, { args: [queue] });
        thread.start();
        await assertRejects(() => thread.result(), WorkerCrashedError);
        await thread.join();
        assertEquals(await pool.submit(takeLock, queue, ready, sync), [7, true]);
      });
    });
  }

  Deno.test(`Shared in a queue: a worker that starts after the producer has gone, ${host} host`, async () => {
    const queue = new SharedQueue<[SharedLock, number]>();
    const thread = new Thread(putHeldLockAndDie, { args: [queue] });
    thread.start();
    await assertRejects(() => thread.result(), WorkerCrashedError);
    await thread.join();
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      assertEquals(await pool.submit(takeLock, queue, new SharedEvent(), true), [7, true]);
    });
  });

  Deno.test(`Shared in a queue: one that a worker made, ${host} host`, async () => {
    await withPool({ maxWorkers: 2, host }, async (pool) => {
      const queue = await pool.submit(makeQueue);
      assertEquals((await queue.get()).value, 42);
      const [left, right] = pipe<unknown>();
      const released = pool.submit(sendQueue, left);
      assert(await pool.submit(receiveQueue, right));
      assertEquals(await released, false);
    });
  });

  Deno.test(`Shared in a queue: two producers and two consumers, ${host} host`, async () => {
    await withPool({ maxWorkers: 4, host }, async (pool) => {
      const queue = new SharedQueue<SharedValue>({ maxsize: 16 });
      const sums = [pool.submit(sumValues, queue, true), pool.submit(sumValues, queue, false)];
      await Promise.all([0, 500].map((from) => pool.submit(produceValues, queue, from, 500)));
      queue.close();
      const all = await Promise.all(sums);
      assertEquals(all[0]! + all[1]!, 999 * 500);
    });
  });
}

Deno.test("Shared in a queue: what is not put leaves nothing behind", async () => {
  const queue = new SharedQueue<unknown>({ maxsize: 1 });
  const lock = new SharedLock();
  const before = publish([]);
  retract(before);
  queue.putNowait(1);
  assertThrows(() => queue.putNowait(lock), QueueFull);
  const waiting = queue.put([lock]);
  queue.close();
  await assertRejects(() => waiting, QueueShutDown);
  assertThrows(() => queue.putNowait(lock), QueueShutDown);
  await assertRejects(() => queue.put(lock), QueueShutDown);
  // The numbers follow each other: these four are gone, and one that was not withdrawn is there.
  for (let i = 1; i <= 4; i++) assertEquals(claim(before + i), undefined);
  const kept = publish(["kept"]);
  assertEquals(kept, before + 5);
  assertEquals([claim(kept), claim(kept)], [["kept"], undefined]);
});

Deno.test("Shared in a queue: what moves to one thread is refused, and names the way", () => {
  const queue = new SharedQueue<unknown>();
  const [left, right] = pipe();
  assertThrows(
    () => queue.putNowait([left]),
    TypeError,
    "pass it through a pipe or as an argument",
  );
  const { port1, port2 } = new MessageChannel();
  assertThrows(() => queue.putNowait(port1), TypeError, "pass it through a pipe or as an argument");
  assertEquals([left.closed, queue.qsize()], [false, 0]);
  for (const one of [left, right, port1, port2]) one.close();
});
