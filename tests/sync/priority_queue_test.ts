import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createTask, PriorityQueue } from "../../mod.ts";
import { settle } from "../support/settled.ts";

function drain<T>(queue: PriorityQueue<T>): T[] {
  return Array.from({ length: queue.qsize() }, () => queue.getNowait());
}

function sorted<T>(items: T[]): T[] {
  const queue = new PriorityQueue<T>();
  for (const item of items) queue.putNowait(item);
  return drain(queue);
}

/** A sequence that looks random and is the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let n = seed;;) yield n = (n * 48_271) % 2_147_483_647;
}

Deno.test("PriorityQueue: gives numbers, strings, dates, bigints and booleans in their order", () => {
  assertEquals(sorted([3, -1, Infinity, 0.5, -Infinity]), [-Infinity, -1, 0.5, 3, Infinity]);
  assertEquals(sorted(["b", "", "ab", "B", "a"]), ["", "B", "a", "ab", "b"]);
  assertEquals(sorted([3n, 1, 2n, 2.5]), [1, 2n, 2.5, 3n]);
  assertEquals(sorted([true, false]), [false, true]);
  const dates = [3, 1, 2].map((ms) => new Date(ms));
  assertEquals(sorted(dates).map(Number), [1, 2, 3]);
});

Deno.test("PriorityQueue: compares arrays part by part", () => {
  assertEquals(
    sorted([[2, "a"], [1, "b"], [1, "a", 0], [1, "a"], [], [1]]),
    [[], [1], [1, "a"], [1, "a", 0], [1, "b"], [2, "a"]],
  );
  assertEquals(sorted([[[2], 1], [[1, 5], 9], [[1], 3]]), [[[1], 3], [[1, 5], 9], [[2], 1]]);
  // What follows the part that decides is not looked at.
  assertEquals(sorted<unknown[]>([[2, {}], [1, () => {}]]).map(([rank]) => rank), [1, 2]);
});

Deno.test("PriorityQueue: gives equal items in the order in which they were put", () => {
  const random = numbers(7);
  const queue = new PriorityQueue<{ rank: number; id: number }>(0, (a, b) => a.rank - b.rank);
  let id = 0;
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 40; i++) queue.putNowait({ rank: random.next().value % 5, id: id++ });
    let last = { rank: -1, id: -1 };
    for (let i = 0; i < 30; i++) {
      const item = queue.getNowait();
      if (item.rank === last.rank) assertEquals(item.id > last.id, true);
      else assertEquals(item.rank > last.rank, true);
      last = item;
    }
  }
  const items = drain(queue);
  assertEquals(items, items.toSorted((a, b) => a.rank - b.rank || a.id - b.id));
  assertEquals(items.length, 200);
});

Deno.test("PriorityQueue: sorts whatever comes, put and taken in turns", () => {
  const random = numbers(1);
  const queue = new PriorityQueue<number>();
  const model: number[] = [];
  for (let i = 0; i < 3_000; i++) {
    if (model.length === 0 || random.next().value % 3 > 0) {
      const item = random.next().value % 100;
      queue.putNowait(item);
      model.push(item);
    } else {
      model.sort((a, b) => a - b);
      assertEquals(queue.getNowait(), model.shift());
    }
  }
  assertEquals(drain(queue), model.sort((a, b) => a - b));
});

Deno.test("PriorityQueue: refuses what can not be compared, and is as before", async () => {
  // Without anything to compare it with, too, so that it does not depend on the moment.
  for (const before of [[], [2, 1]]) {
    const queue = new PriorityQueue<unknown>();
    for (const item of before) queue.putNowait(item);
    const bad = [undefined, null, {}, NaN, Symbol("x"), () => {}, new Date(NaN), [{}], [[null]]];
    for (const item of bad) {
      assertThrows(() => queue.putNowait(item), TypeError, "can not be compared");
      await assertRejects(() => queue.put(item), TypeError, "can not be compared");
    }
    assertEquals(drain(queue), before.toSorted());
    for (const _ of before) queue.taskDone();
    assertThrows(() => queue.taskDone(), RangeError);
  }
});

Deno.test("PriorityQueue: refuses what can not be compared with what is there", async () => {
  const mixes = [[1, "1"], ["a", new Date(0)], [[1], 1], [true, 1], [[1, 2], [1, "2"]]];
  for (const [first, second] of mixes) {
    const queue = new PriorityQueue<unknown>();
    const join = createTask(() => queue.join());
    queue.putNowait(first);
    assertThrows(() => queue.putNowait(second), TypeError, "Cannot compare items");
    await assertRejects(() => queue.put(second), TypeError, "Cannot compare items");
    assertEquals([queue.qsize(), queue.getNowait()], [1, first]);
    queue.taskDone();
    await join;
  }
});

Deno.test("PriorityQueue: one who waits for room hears that its item can not be compared", async () => {
  const queue = new PriorityQueue<unknown>(1);
  queue.putNowait(1);
  const bad = createTask(() => queue.put({}));
  const good = createTask(() => queue.put(2));
  await settle();
  assertEquals(await queue.get(), 1);
  await assertRejects(() => Promise.resolve(bad), TypeError, "can not be compared");
  await good;
  assertEquals(await queue.get(), 2);
});

Deno.test("PriorityQueue: uses a comparison of the caller's", async () => {
  const queue = new PriorityQueue<{ n: number }>(0, (a, b) => b.n - a.n);
  for (const n of [1, 3, 2]) await queue.put({ n });
  assertEquals(drain(queue).map(({ n }) => n), [3, 2, 1]);
});

Deno.test("PriorityQueue: refuses a comparison that is none", () => {
  for (const compare of [null, {}, "<"]) {
    assertThrows(() => new PriorityQueue(0, compare as never), TypeError, "compare must be a func");
  }
  for (const answer of [undefined, NaN, true, "1"]) {
    const queue = new PriorityQueue<number>(0, (() => answer) as never);
    queue.putNowait(1);
    assertThrows(() => queue.putNowait(2), TypeError, "compare must return a number");
    assertEquals(drain(queue), [1]);
  }
});

Deno.test("PriorityQueue: an error of the comparison comes out and leaves it as it was", async () => {
  let fail = false;
  const queue = new PriorityQueue<number>(0, (a, b) => {
    if (fail) throw new SyntaxError("no");
    return a - b;
  });
  for (const item of [5, 3, 4, 1, 2]) queue.putNowait(item);
  fail = true;
  assertThrows(() => queue.putNowait(0), SyntaxError);
  assertThrows(() => queue.getNowait(), SyntaxError);
  await assertRejects(() => queue.put(0), SyntaxError);
  await assertRejects(() => queue.get(), SyntaxError);
  fail = false;
  assertEquals(drain(queue), [1, 2, 3, 4, 5]);
});

Deno.test("PriorityQueue: one whose comparison fails in its turn wakes the next", async () => {
  let failures = 0;
  const queue = new PriorityQueue<number>(0, (a, b) => {
    if (failures > 0 && failures--) throw new SyntaxError("no");
    return a - b;
  });
  const getters = [1, 2, 3, 4].map(() => createTask(() => queue.get()));
  await settle();
  // As many wake-ups as items: that of the first has to go on to the fourth.
  for (const item of [1, 2, 3]) queue.putNowait(item);
  failures = 1;
  const results = Promise.allSettled(getters);
  await settle();
  assertEquals(getters.map((getter) => getter.done()), [true, true, true, true]);
  assertEquals((await results).map(({ status }) => status === "fulfilled"), [
    false,
    true,
    true,
    true,
  ]);
  assertEquals(getters.slice(1).map((getter) => getter.result()), [1, 2, 3]);
});
