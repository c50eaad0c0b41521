import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { BrokenBarrierError, createTask, InvalidStateError, SharedBarrier } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { arrived, shared } from "./shared.ts";

const ways: [string, (threads: number) => SharedBarrier][] = [
  ["SharedBarrier", (threads) => new SharedBarrier(threads)],
  ["SharedBarrier that others know", (threads) => shared(new SharedBarrier(threads))],
  ["SharedBarrier that has arrived", (threads) => arrived(new SharedBarrier(threads))],
];

for (const [name, make] of ways) {
  Deno.test(`${name}: lets them pass together, again and again`, async () => {
    const barrier = make(3);
    assertEquals(barrier.parties, 3);
    for (let round = 0; round < 100; round++) {
      const waits = [barrier.wait(), barrier.wait()];
      assertEquals(barrier.nWaiting, 2);
      assertEquals(await barrier.wait(), 2);
      assertEquals(await Promise.all(waits), [0, 1]);
      assertEquals(barrier.nWaiting, 0);
    }
  });

  Deno.test(`${name}: one that is cancelled no longer counts`, async () => {
    const barrier = make(2);
    const task = createTask(() => barrier.wait());
    await settle();
    assertEquals(barrier.nWaiting, 1);
    task.cancel();
    await Promise.allSettled([task]);
    assertEquals(barrier.nWaiting, 0);
    assertFalse(barrier.broken);
    const waits = [barrier.wait(), barrier.wait()];
    assertEquals(await Promise.all(waits), [0, 1]);
  });

  Deno.test(`${name}: one that is cancelled when all have come counts`, async () => {
    const barrier = make(2);
    const task = createTask(() => barrier.wait());
    await settle();
    assertEquals(await barrier.wait(), 1);
    task.cancel();
    await Promise.allSettled([task]);
    assert(task.cancelled());
    assertEquals(barrier.nWaiting, 0);
  });

  Deno.test(`${name}: aborted, it is broken until it is reset`, async () => {
    const barrier = make(2);
    const waiting = assertRejects(() => barrier.wait(), BrokenBarrierError);
    await barrier.abort();
    await waiting;
    assert(barrier.broken);
    await assertRejects(() => barrier.wait(), BrokenBarrierError);
    barrier.resetSync();
    assertFalse(barrier.broken);
    assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
  });

  Deno.test(`${name}: reset, those who wait hear of it, and others may come`, async () => {
    const barrier = make(2);
    const waiting = assertRejects(() => barrier.wait(), BrokenBarrierError);
    await barrier.reset();
    const waits = [barrier.wait(), barrier.wait()];
    await waiting;
    assertEquals(await Promise.all(waits), [0, 1]);
    barrier.abortSync();
    await barrier.reset();
    assertFalse(barrier.broken);
  });
}

Deno.test("SharedBarrier: two objects on one memory are one barrier", async () => {
  const one = new SharedBarrier(2);
  const two = arrived(one);
  assertEquals(two.parties, 2);
  for (let round = 0; round < 10; round++) {
    assertEquals(await Promise.all([one.wait(), two.wait()]), [0, 1]);
  }
});

Deno.test("SharedBarrier: 10,000 meet", async () => {
  const barrier = shared(new SharedBarrier(10_000));
  const indexes = await Promise.all(Array.from({ length: 10_000 }, () => barrier.wait()));
  assertEquals(indexes, indexes.map((_, i) => i));
});

Deno.test("SharedBarrier: refuses nonsense", async () => {
  assertThrows(() => new SharedBarrier(0), RangeError);
  assertThrows(() => new SharedBarrier(1.5), RangeError);
  assertThrows(() => new SharedBarrier("2" as never), TypeError);
  const barrier = new SharedBarrier(1);
  assertThrows(() => barrier.waitSync(), InvalidStateError, '"wait"');
  assertEquals(await barrier.wait(), 0);
});

Deno.test("SharedBarrier: breaks when time is over", () => {
  const barrier = new SharedBarrier(2, { allowBlockingMain: true });
  assertThrows(() => barrier.waitSync(0), BrokenBarrierError, "time");
  assert(barrier.broken);
  assertThrows(() => barrier.waitSync(), BrokenBarrierError);
  assertEquals(new SharedBarrier(1, { allowBlockingMain: true }).waitSync(0), 0);
});
