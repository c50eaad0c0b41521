import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  createTask,
  LifoQueue,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
} from "../../mod.ts";
import { testQueueing } from "../contracts/queueing.ts";
import { giveWay, settle } from "../support/settled.ts";

const KINDS = { Queue, LifoQueue, PriorityQueue };

testQueueing("Queue", (maxsize) => new Queue(maxsize));
testQueueing("LifoQueue", (maxsize) => new LifoQueue(maxsize), {
  order: (items) => items.toReversed(),
});
testQueueing("PriorityQueue", (maxsize) => new PriorityQueue(maxsize), {
  order: (items) => items.toSorted((a, b) => a - b),
});

for (const [name, Kind] of Object.entries(KINDS)) {
  Deno.test(`${name}: refuses a maxsize that is no number`, () => {
    for (const maxsize of ["1", null, {}, 1n]) {
      assertThrows(
        () => new Kind(maxsize as unknown as number),
        TypeError,
        "maxsize must be a number",
      );
    }
    assertThrows(() => new Kind(NaN), RangeError, "maxsize must be a number, received NaN");
  });

  Deno.test(`${name}: is bounded by a positive maxsize only`, async () => {
    for (const maxsize of [undefined, 0, -1, -Infinity, Infinity]) {
      const queue = new Kind<number>(maxsize);
      assertEquals(queue.maxsize, maxsize ?? 0);
      for (let i = 0; i < 100; i++) await queue.put(i);
      assertEquals([queue.qsize(), queue.full(), queue.empty()], [100, false, false]);
    }
    for (const maxsize of [2, 1.3]) {
      const queue = new Kind<number>(maxsize);
      assert(queue.empty());
      await queue.put(1);
      assertFalse(queue.full());
      await queue.put(2);
      assert(queue.full());
      assertThrows(
        () => queue.putNowait(3),
        QueueFull,
        "Cannot put an item into a queue: it is full",
      );
    }
  });

  Deno.test(`${name}: holds 100000 items`, () => {
    const queue = new Kind<number>();
    for (let i = 0; i < 100_000; i++) queue.putNowait(i);
    const items: number[] = [];
    while (!queue.empty()) items.push(queue.getNowait());
    if (name === "LifoQueue") items.reverse();
    assert(items.every((item, i) => item === i) && items.length === 100_000);
    assertThrows(
      () => queue.getNowait(),
      QueueEmpty,
      "Cannot get an item from a queue: it is empty",
    );
  });

  Deno.test(`${name}: shut down while empty, it refuses everything and wakes the getters`, async () => {
    const queue = new Kind<number>();
    const getters = [1, 2].map(() => createTask(() => queue.get()));
    await settle();
    queue.shutdown();
    for (const getter of getters) {
      await assertRejects(() => Promise.resolve(getter), QueueShutDown, "it is shut down");
    }
    await queue.join();
    await assertRejects(() => queue.put(1), QueueShutDown);
    await assertRejects(() => queue.get(), QueueShutDown);
    assertThrows(() => queue.putNowait(1), QueueShutDown);
    assertThrows(() => queue.getNowait(), QueueShutDown);
    queue.shutdown();
    assertEquals(queue.qsize(), 0);
  });

  Deno.test(`${name}: shut down with items, it gives them, and wakes the putters`, async () => {
    const queue = new Kind<number>(1);
    queue.putNowait(1);
    const join = createTask(() => queue.join());
    const putters = [2, 3].map((item) => createTask(() => queue.put(item)));
    await settle();
    queue.shutdown();
    for (const putter of putters) {
      await assertRejects(() => Promise.resolve(putter), QueueShutDown);
    }
    assertEquals([queue.qsize(), queue.full()], [1, true]);
    // It is still full, and nobody waits for room that will not come.
    await assertRejects(() => queue.put(4), QueueShutDown);
    assertEquals(await queue.get(), 1);
    await assertRejects(() => queue.get(), QueueShutDown);
    await settle();
    assertFalse(join.done());
    queue.taskDone();
    await join;
    assertThrows(() => queue.taskDone(), RangeError, "all of them are already");
  });

  Deno.test(`${name}: shut down at once, it drops its items and counts them as done`, async () => {
    const queue = new Kind<number>();
    for (const item of [1, 2, 3]) queue.putNowait(item);
    const join = createTask(() => queue.join());
    await queue.get();
    await giveWay();
    queue.shutdown({ immediate: true });
    assertEquals([queue.qsize(), queue.empty()], [0, true]);
    await settle();
    assertFalse(join.done(), "the item that was taken is not done");
    await assertRejects(() => queue.get(), QueueShutDown);
    queue.taskDone();
    await join;
    assertThrows(() => queue.taskDone(), RangeError);
  });

  Deno.test(`${name}: may be shut down gently first and then at once`, async () => {
    const queue = new Kind<number>();
    queue.putNowait(1);
    const join = createTask(() => queue.join());
    queue.shutdown();
    await settle();
    assertFalse(join.done());
    queue.shutdown({ immediate: true });
    await join;
    assertThrows(() => queue.getNowait(), QueueShutDown);
  });

  Deno.test(`${name}: shut down in the same step as a put, the item still reaches the getter`, async () => {
    const queue = new Kind<number>();
    const first = createTask(() => queue.get());
    const second = createTask(() => queue.get());
    await settle();
    queue.putNowait(1);
    queue.shutdown();
    assertEquals(await first, 1);
    await assertRejects(() => Promise.resolve(second), QueueShutDown);
  });

  Deno.test(`${name}: a putter that was woken hears of a shutdown before its turn`, async () => {
    const queue = new Kind<number>(1);
    queue.putNowait(1);
    const putter = createTask(() => queue.put(2));
    await settle();
    assertEquals(queue.getNowait(), 1);
    queue.shutdown();
    await assertRejects(() => Promise.resolve(putter), QueueShutDown);
    assertEquals(queue.qsize(), 0);
  });

  Deno.test(`${name}: refuses options that are none`, () => {
    const queue = new Kind<number>();
    assertThrows(() => queue.shutdown(true as never), TypeError, "options must be an object");
    queue.putNowait(1);
    assertEquals(queue.getNowait(), 1);
  });
}

Deno.test("Queue: gives every value back as it is", async () => {
  const queue = new Queue<unknown>();
  const values = [undefined, null, NaN, "", 0, false, {}, [], () => {}, Symbol("x")];
  for (const value of values) await queue.put(value);
  for (const value of values) assert(Object.is(await queue.get(), value));
  const promise = Promise.reject(new Error("kept"));
  queue.putNowait(promise);
  assertStrictEquals(queue.getNowait(), promise);
  await assertRejects(() => promise, Error, "kept");
});

Deno.test("Queue: each of two iterations gets its part, and both end", async () => {
  const queue = new Queue<number>();
  const seen: number[] = [];
  const readers = [1, 2].map(() =>
    createTask(async () => {
      for await (const item of queue) {
        seen.push(item);
        await giveWay();
      }
    })
  );
  for (let i = 0; i < 10; i++) await queue.put(i);
  await settle();
  queue.shutdown();
  await Promise.all(readers);
  assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("Queue: leaving an iteration early leaves the items", async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 5; i++) queue.putNowait(i);
  for await (const item of queue) {
    if (item === 1) break;
  }
  assertEquals(queue.qsize(), 3);
  const iterator = queue[Symbol.asyncIterator]();
  assertEquals(await iterator.next(), { done: false, value: 2 });
  assertEquals(await iterator.return!(), { done: true, value: undefined });
  assertEquals(await iterator.next(), { done: true, value: undefined });
  assertEquals(queue.qsize(), 2);
});

Deno.test("Queue: an iteration can be cancelled, and no item is lost", async () => {
  const queue = new Queue<number>();
  const seen: number[] = [];
  const reader = createTask(async () => {
    for await (const item of queue) seen.push(item);
  });
  await settle();
  queue.putNowait(1);
  reader.cancel();
  await Promise.allSettled([reader]);
  assert(reader.cancelled());
  assertEquals([seen, queue.qsize()], [[], 1]);
});

Deno.test("Queue: works outside any task", async () => {
  const queue = new Queue<number>(1);
  const get = queue.get();
  await queue.put(1);
  assertEquals(await get, 1);
  queue.putNowait(2);
  const put = queue.put(3);
  assertEquals(await queue.get(), 2);
  await put;
  assertEquals(await queue.get(), 3);
});

Deno.test("Queue: a getter robbed again and again is not lost", async () => {
  const queue = new Queue<number>();
  const log: string[] = [];
  const getters = ["A", "B", "C", "D"].map((name) =>
    createTask(async () => void log.push(name + await queue.get()))
  );
  await settle();
  for (const count of [1, 2, 1, 3, 4, 2]) {
    for (let i = 0; i < count; i++) queue.putNowait(0);
    for (let i = 0; i < count; i++) queue.getNowait();
    await settle();
  }
  getters[1]!.cancel();
  for (const item of [1, 2, 3]) {
    await settle();
    queue.putNowait(item);
  }
  await Promise.allSettled(getters);
  // Thirteen times the first in line was woken in vain, and went to its end.
  assertEquals(log, ["C1", "D2", "A3"]);
});
