import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, CapacityLimiter, createTask, gather, sleep } from "../../mod.ts";
import { testLocking } from "../contracts/locking.ts";
import { LimiterLock } from "../support/limiter_lock.ts";
import { giveWay, settle } from "../support/settled.ts";

testLocking("CapacityLimiter", () => new LimiterLock(1), { permitsDie: false });

Deno.test("CapacityLimiter: refuses a total that is no count", () => {
  const limiter = new CapacityLimiter(3);
  for (const total of ["1", null, undefined, 1n, {}, true] as unknown as number[]) {
    assertThrows(() => new CapacityLimiter(total), TypeError, "total must be a number");
    assertThrows(() => limiter.total = total, TypeError, "total must be a number");
  }
  for (const total of [0, -1, 0.5, NaN, -Infinity]) {
    assertThrows(() => new CapacityLimiter(total), RangeError, "total must be a positive integer");
    assertThrows(() => limiter.total = total, RangeError, "total must be a positive integer");
  }
  assertEquals(limiter.total, 3);
  limiter.total = Infinity;
  assertEquals([limiter.total, limiter.available], [Infinity, Infinity]);
});

Deno.test("CapacityLimiter: counts who is inside, who may come in and who waits", async () => {
  const limiter = new CapacityLimiter(2);
  const permits = [await limiter.acquire(), await limiter.acquire()];
  assertStrictEquals(limiter.tryAcquire(), undefined);
  const waits = [1, 2, 3].map(() => createTask(() => limiter.acquire()));
  await giveWay();
  const counts = () => [limiter.total, limiter.borrowed, limiter.available, limiter.waiting];
  assertEquals(counts(), [2, 2, 0, 3]);
  permits[0]![Symbol.dispose]();
  permits[0]![Symbol.dispose]();
  assertEquals(counts(), [2, 2, 0, 2]);
  (await waits[0]!)[Symbol.dispose]();
  permits[1]![Symbol.dispose]();
  for (const wait of waits.slice(1)) (await wait)[Symbol.dispose]();
  assertEquals(counts(), [2, 0, 2, 0]);
});

Deno.test("CapacityLimiter: a higher total wakes those who wait, in order", async () => {
  const limiter = new CapacityLimiter(1);
  const log: number[] = [];
  const gate = createTask(() => sleep(Infinity));
  const tasks = [0, 1, 2, 3, 4].map((n) =>
    createTask(() =>
      limiter.run(async () => {
        log.push(n);
        await gate;
      })
    )
  );
  await settle();
  assertEquals(log, [0]);
  limiter.total = 3;
  await settle();
  assertEquals([log, limiter.waiting], [[0, 1, 2], 2]);
  limiter.total = Infinity;
  await settle();
  assertEquals([log, limiter.borrowed], [[0, 1, 2, 3, 4], 5]);
  gate.cancel();
  await Promise.allSettled(tasks);
  assertEquals(limiter.borrowed, 0);
});

Deno.test("CapacityLimiter: a lower total lets those inside finish, and lets in nobody before", async () => {
  const limiter = new CapacityLimiter(3);
  const permits = await gather([1, 2, 3].map(() => limiter.acquire()));
  limiter.total = 1;
  const waits = [1, 2].map(() => createTask(() => limiter.acquire()));
  await giveWay();
  for (const available of [-2, -1, 0]) {
    assertEquals([limiter.available, limiter.waiting], [available, 2]);
    assertStrictEquals(limiter.tryAcquire(), undefined);
    permits.pop()![Symbol.dispose]();
  }
  assertEquals([limiter.borrowed, limiter.waiting], [1, 1]);
  (await waits[0]!)[Symbol.dispose]();
  (await waits[1]!)[Symbol.dispose]();
  assertEquals([limiter.borrowed, limiter.available], [0, 1]);
});

Deno.test("CapacityLimiter: a total lowered after the wake-up takes nothing from the one who was woken", async () => {
  const limiter = new CapacityLimiter(1);
  const first = await limiter.acquire();
  const second = createTask(() => limiter.acquire());
  await giveWay();
  limiter.total = 2;
  limiter.total = 1;
  assertEquals([limiter.borrowed, limiter.available], [2, -1]);
  const permit = await second;
  permit[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(limiter.available, 1);
});

Deno.test("CapacityLimiter: one who came while another was woken is let in after it", async () => {
  const limiter = new CapacityLimiter(1);
  const first = await limiter.acquire();
  const log: string[] = [];
  const enter = (name: string) => createTask(() => limiter.run(() => log.push(name)));
  const woken = enter("woken");
  await giveWay();
  limiter.total = 5;
  assertStrictEquals(limiter.tryAcquire(), undefined, "overtook one who was woken");
  const late = enter("late");
  await gather([woken, late]);
  assertEquals(log, ["woken", "late"]);
  first[Symbol.dispose]();
});

Deno.test("CapacityLimiter.run: gives the room back, whatever the function does", async () => {
  const limiter = new CapacityLimiter(1);
  assertEquals(await limiter.run(() => 1), 1);
  assertEquals(await limiter.run(() => Promise.resolve(2)), 2);
  await assertRejects(() => limiter.run(() => Promise.reject(new RangeError())), RangeError);
  await assertRejects(() =>
    limiter.run(() => {
      throw new RangeError();
    }), RangeError);
  await assertRejects(() => limiter.run(1 as never), TypeError, "fn must be a function");
  const task = createTask(() => limiter.run(() => sleep(Infinity)));
  await settle();
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  assert(limiter.available === 1);
});

Deno.test("CapacityLimiter: console.log shows it in one line", async () => {
  const limiter = new CapacityLimiter(2);
  assertEquals(Deno.inspect(limiter), "CapacityLimiter [0/2]");
  const permits = [await limiter.acquire(), await limiter.acquire()];
  const wait = createTask(() => limiter.acquire());
  await giveWay();
  assertEquals(Deno.inspect(limiter), "CapacityLimiter [2/2, 1 waiting]");
  for (const permit of permits) permit[Symbol.dispose]();
  (await wait)[Symbol.dispose]();
});
