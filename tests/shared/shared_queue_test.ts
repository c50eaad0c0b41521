import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  InvalidStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  SharedQueue,
} from "../../mod.ts";
import { testQueueing } from "../contracts/queueing.ts";
import { settle } from "../support/settled.ts";
import { parcel } from "../../lib/wire/shareable.ts";
import { arrived, shared } from "./shared.ts";

const robbed = "first";
const end = (queue: unknown) => (queue as SharedQueue<number>).close();

testQueueing("SharedQueue", (maxsize) => new SharedQueue<number>({ maxsize }), { end, robbed });
testQueueing(
  "SharedQueue that others know",
  (maxsize) => shared(new SharedQueue<number>({ maxsize })),
  { end, robbed, crowd: 10_000 },
);
testQueueing(
  "SharedQueue that has arrived",
  (maxsize) => arrived(new SharedQueue<number>({ maxsize })),
  { end, robbed, crowd: 10_000 },
);

Deno.test("SharedQueue: two that share a memory are one queue", async () => {
  const one = new SharedQueue<string>({ maxsize: 1 });
  const two = arrived(one);
  assertEquals(two.maxsize, 1);
  const got = two.get();
  await one.put("a");
  assertEquals(await got, "a");
  one.taskDone();
  await one.put("b");
  const put = two.put("c");
  assertEquals(one.qsize(), 1);
  assertEquals(one.getNowait(), "b");
  await put;
  const joined = one.join();
  assertEquals(one.getNowait(), "c");
  two.taskDone();
  two.taskDone();
  await joined;
  two.close();
  await assertRejects(() => one.put("d"), QueueShutDown);
});

Deno.test("SharedQueue: takes the item as it is when it is put", async () => {
  const queue = new SharedQueue<{ a: number }>({ maxsize: 1 });
  const first = { a: 1 };
  await queue.put(first);
  const second = { a: 2 };
  const put = queue.put(second);
  second.a = 3;
  assertEquals(await queue.get(), { a: 1 });
  await put;
  assertEquals(await queue.get(), { a: 2 });
});

Deno.test("SharedQueue: refuses nonsense", async () => {
  assertThrows(() => new SharedQueue({ maxsize: "1" as never }), TypeError);
  assertThrows(() => new SharedQueue({ maxsize: 1.5 }), RangeError);
  assertThrows(() => new SharedQueue({ capacity: 0 }), RangeError);
  assertThrows(() => new SharedQueue({ capacity: 2 ** 31 }), RangeError);
  assertThrows(() => new SharedQueue({ capacity: "1" as never }), TypeError);
  assertThrows(() => new SharedQueue(1 as never), TypeError);
  assertEquals(new SharedQueue({ maxsize: Infinity }).maxsize, Infinity);
  const queue = new SharedQueue<unknown>();
  await assertRejects(() => queue.put(() => 1), TypeError, "function");
  assertThrows(() => queue.putSync(1), InvalidStateError, '"put"');
  assertThrows(() => queue.getSync(), InvalidStateError, '"get"');
  assertThrows(() => queue.getSync("1" as never), TypeError);
  assertEquals(queue.qsize(), 0);
});

Deno.test("SharedQueue: gives up when time is over", () => {
  const queue = new SharedQueue<number>({ maxsize: 1, allowBlockingMain: true });
  assertThrows(() => queue.getSync(0), QueueEmpty);
  assertThrows(() => queue.getSync(2), QueueEmpty);
  queue.putSync(1);
  assertThrows(() => queue.putSync(2, 0), QueueFull);
  assertThrows(() => queue.putSync(2, 2), QueueFull);
  assertEquals(queue.getSync(), 1);
  queue.putNowait(3);
  assertEquals(queue.getSync(0), 3);
  queue.close();
  assertThrows(() => queue.getSync(), QueueShutDown);
  assertThrows(() => queue.putSync(1), QueueShutDown);
  assertThrows(() => queue.getNowait(), QueueShutDown);
  assertThrows(() => queue.putNowait(1), QueueShutDown);
});

Deno.test("SharedQueue: gives what is left after it was closed, and then the end", async () => {
  const queue = new SharedQueue<number>();
  queue.putNowait(1);
  queue.close();
  queue.close();
  assertEquals(await queue.get(), 1);
  await assertRejects(() => queue.get(), QueueShutDown);
  const items = queue[Symbol.asyncIterator]();
  assertEquals(await items.next(), { done: true, value: undefined });
});

Deno.test("SharedQueue: closing wakes those who wait in vain", async () => {
  const queue = new SharedQueue<number>({ maxsize: 1 });
  const get = assertRejects(() => queue.get(), QueueShutDown);
  await settle();
  queue.close();
  await get;
  const full = new SharedQueue<number>({ maxsize: 1 });
  full.putNowait(1);
  const put = assertRejects(() => full.put(2), QueueShutDown);
  await settle();
  full.close();
  await put;
  assertEquals(full.qsize(), 1);
});

Deno.test("SharedQueue: keeps back those who put little, for one who puts much", async () => {
  const queue = new SharedQueue<Uint8Array>({ capacity: 1_024 });
  const item = (size: number) => new Uint8Array(size);
  for (let i = 0; i < 3; i++) queue.putNowait(item(250));
  const large = queue.put(item(900));
  await settle();
  // It is called, and finds too little room: from now on others wait behind it.
  assertEquals(queue.getNowait().length, 250);
  await settle();
  assertThrows(() => queue.putNowait(item(1)), QueueFull);
  const small = queue.put(item(2));
  await settle();
  assertEquals(queue.qsize(), 2);
  queue.getNowait();
  queue.getNowait();
  await large;
  assertEquals((await queue.get()).length, 900);
  await small;
  assertEquals((await queue.get()).length, 2);
});

Deno.test("SharedQueue: lets the others go on when the one who puts much gives up", async () => {
  const queue = new SharedQueue<Uint8Array>({ capacity: 1_024 });
  const item = (size: number) => new Uint8Array(size);
  for (let i = 0; i < 3; i++) queue.putNowait(item(250));
  const large = createTask(() => queue.put(item(900)));
  await settle();
  queue.getNowait();
  await settle();
  const small = queue.put(item(2));
  large.cancel();
  await assertRejects(() => Promise.resolve(large), CancelledError);
  await small;
  queue.putNowait(item(3));
  assertEquals(queue.qsize(), 4);
});

Deno.test("SharedQueue: grows for an item larger than its capacity, and no further", async () => {
  const queue = new SharedQueue<Uint8Array>({ capacity: 1_024 });
  const other = arrived(queue);
  const large = new Uint8Array(100_000).map((_, i) => i);
  const got = other.get();
  await queue.put(large);
  assertEquals(await got, large);
  queue.putNowait(large);
  other.putNowait(new Uint8Array(1));
  assertEquals([other.getNowait().length, other.getNowait().length], [100_000, 1]);
  const larger = new Uint8Array(2 ** 28);
  await assertRejects(() => queue.put(larger), RangeError, "at most");
  assertEquals(queue.qsize(), 0);
});

Deno.test("SharedQueue: items of all sizes come out of a small ring as they went in", () => {
  const queue = new SharedQueue<{ i: number; text: string }>({ capacity: 1_024 });
  const other = arrived(queue);
  let put = 0, got = 0, seed = 1;
  const size = (i: number) => (i * 7_919) % 611;
  while (got < 5_000) {
    seed = Math.imul(seed, 48_271) >>> 0;
    const queues = [queue, other];
    if ((seed >>> 8) % 2 === 0) {
      try {
        queues[(seed >>> 9) % 2]!.putNowait({ i: put, text: "x".repeat(size(put)) });
        put++;
      } catch (error) {
        assert(error instanceof QueueFull);
      }
    } else if (put > got) {
      const item = queues[(seed >>> 10) % 2]!.getNowait();
      assertStrictEquals(item.i, got);
      assertStrictEquals(item.text.length, size(got));
      got++;
    }
    assertStrictEquals(queue.qsize(), put - got);
  }
});

Deno.test("SharedQueue: a getter of an item may come back to the queue", () => {
  const queue = new SharedQueue<unknown>();
  queue.putNowait({
    get a() {
      queue.putNowait("inner");
      return "a".repeat(50);
    },
  });
  assertEquals(queue.getNowait(), "inner");
  assertEquals(queue.getNowait(), { a: "a".repeat(50) });
});

Deno.test("SharedQueue: goes on when its counts have no more bits", () => {
  const queue = new SharedQueue<number>({ capacity: 1_024 });
  const [[buffer]] = queue[parcel]().data as [[SharedArrayBuffer]];
  const words = new Int32Array(buffer);
  // As many were put and got as a word can count, and as far as one can go in the ring.
  for (const [puts, tails] of [[1, 2], [17, 18], [48, 49]] as const) {
    words[puts] = 2 ** 31 - 3;
    if (puts !== 48) words[tails] = words[tails + 1] = 2 ** 31 - 5;
  }
  for (let i = 0; i < 20; i++) {
    queue.putNowait(i);
    queue.putNowait(i + 0.5);
    assertEquals([queue.qsize(), queue.getNowait(), queue.getNowait()], [2, i, i + 0.5]);
    queue.taskDone();
    queue.taskDone();
  }
  assertThrows(() => queue.taskDone(), RangeError);
  assertFalse(queue.qsize() !== 0);
});
