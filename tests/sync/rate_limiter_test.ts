import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { CancelledError, createTask, gather, RateLimiter, sleep } from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** Lets all happen that can happen, moves time on, and lets all happen again. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  await settle();
  time.tick(ms);
  await settle();
}

Deno.test("RateLimiter: refuses what is no rate, and no amount of it", async () => {
  for (const max of ["1", null, undefined, 1n] as unknown as number[]) {
    assertThrows(() => new RateLimiter(max, 1), TypeError, "max must be a number");
    assertThrows(() => new RateLimiter(1, max), TypeError, "perMs must be a number");
  }
  for (const bad of [0, -1, NaN, Infinity]) {
    assertThrows(() => new RateLimiter(bad, 1), RangeError, "max must be a positive integer");
    assertThrows(() => new RateLimiter(1, bad), RangeError, "perMs must be a");
  }
  const limiter = new RateLimiter(3, 1_000);
  for (const amount of [0, -1, 0.5, NaN, 4]) {
    assertThrows(() => limiter.tryAcquire(amount), RangeError, "amount must be");
    await assertRejects(() => limiter.acquire(amount), RangeError, "amount must be");
  }
  for (const amount of ["1", null, 1n] as unknown as number[]) {
    assertThrows(() => limiter.tryAcquire(amount), TypeError, "amount must be a number");
    await assertRejects(() => limiter.acquire(amount), TypeError, "amount must be a number");
  }
  assertEquals(limiter.available, 3);
});

Deno.test("RateLimiter: max at once, and each is free again perMs later", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(2, 100);
  const log: string[] = [];
  const take = (name: string) => {
    createTask(async () => {
      await limiter.acquire();
      log.push(`${name} ${time.now - time.start}`);
    });
  };
  take("a");
  await pass(time, 30);
  for (const name of "bcde") take(name);
  assertEquals(limiter.available, 1);
  await pass(time, 69);
  assertEquals([log, limiter.available], [["a 0", "b 30"], 0]);
  await pass(time, 1);
  assertEquals(log, ["a 0", "b 30", "c 100"]);
  await pass(time, 30);
  assertEquals(log, ["a 0", "b 30", "c 100", "d 130"]);
  await pass(time, 70);
  assertEquals(log.at(-1), "e 200");
  await pass(time, 100);
  assertEquals(limiter.available, 2);
  assertFalse(time.next(), "a timer is left");
});

Deno.test("RateLimiter: who wants much is not overtaken by who wants little", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(3, 100);
  const log: string[] = [];
  const take = async (amount: number) => {
    await limiter.acquire(amount);
    log.push(`${amount} at ${time.now - time.start}`);
  };
  const all = gather([() => take(2), () => take(3), () => take(1)]);
  await pass(time, 0);
  assertEquals([log, limiter.available], [["2 at 0"], 1]);
  assertFalse(limiter.tryAcquire(), "overtook those who wait");
  await pass(time, 100);
  assertEquals(log, ["2 at 0", "3 at 100"]);
  await pass(time, 100);
  await all;
  assertEquals(log, ["2 at 0", "3 at 100", "1 at 200"]);
});

Deno.test("RateLimiter: one who is cancelled takes nothing, and the others move up at once", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(3, 100);
  assert(limiter.tryAcquire(2));
  const large = createTask(() => limiter.acquire(3));
  const small = createTask(() => limiter.acquire(1));
  await settle();
  assertFalse(small.done());
  large.cancel();
  await assertRejects(() => Promise.resolve(large), CancelledError);
  await settle();
  assert(small.done());
  await pass(time, 100);
  assertEquals(limiter.available, 3);
});

Deno.test("RateLimiter: one cancelled after it was woken passes its share on", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(1, 100);
  assert(limiter.tryAcquire());
  const first = createTask(() => limiter.acquire());
  const second = createTask(() => limiter.acquire());
  await settle();
  time.tick(100);
  first.cancel();
  await settle();
  assert(first.cancelled() && second.done());
  await pass(time, 100);
  assertEquals(limiter.available, 1);
});

Deno.test("RateLimiter: the last one who waits takes the timer along", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(1, 100);
  assert(limiter.tryAcquire());
  const task = createTask(() => limiter.acquire());
  await settle();
  task.cancel();
  await settle();
  assertFalse(time.next(), "a timer is left");
});

Deno.test("RateLimiter: works outside any task", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(1, 100);
  await limiter.acquire();
  let through = false;
  const wait = limiter.acquire().then(() => through = true);
  await pass(time, 99);
  assertFalse(through);
  await pass(time, 1);
  await wait;
});

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  return () => (seed = (seed * 16807) % 2147483647) / 2147483647;
}

Deno.test("RateLimiter: in no window of random tasks is more than max, in order", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    using time = new FakeTime();
    const next = random(seed);
    const max = 1 + Math.floor(next() * 6);
    const perMs = 1 + Math.floor(next() * 40);
    const limiter = new RateLimiter(max, perMs);
    const grants: { at: number; amount: number; number: number }[] = [];
    const asked: number[] = [];
    const tasks = Array.from({ length: 30 }, (_, number) => {
      const amount = 1 + Math.floor(next() * max);
      const start = Math.floor(next() * 10 * perMs);
      const cancelAt = next() < 0.3 ? start + Math.floor(next() * 3 * perMs) : undefined;
      const task = createTask(async () => {
        await sleep(start);
        asked.push(number);
        await limiter.acquire(amount);
        grants.push({ at: time.now, amount, number });
      });
      if (cancelAt !== undefined) setTimeout(() => task.cancel(), cancelAt);
      return { task, amount, start };
    });
    do await settle(); while (time.next());
    assert(tasks.every(({ task }) => task.done()), "some never came through");
    for (const { at } of grants) {
      const inside = grants.filter((grant) => grant.at >= at && grant.at < at + perMs);
      assert(inside.reduce((sum, { amount }) => sum + amount, 0) <= max, `seed ${seed}`);
    }
    const order = grants.map(({ number }) => number);
    assertEquals(order, asked.filter((number) => order.includes(number)), `seed ${seed}`);
    await pass(time, perMs);
    assertEquals(limiter.available, max);
  }
});

Deno.test("RateLimiter: wherever a cancellation meets one of three who wait, nothing is lost", async () => {
  for (const place of [0, 1, 2]) {
    for (let k = 0; k < 40; k++) {
      using time = new FakeTime();
      const limiter = new RateLimiter(2, 100);
      assert(limiter.tryAcquire(2));
      const tasks = [1, 2, 1].map((amount) => createTask(() => limiter.acquire(amount)));
      await settle();
      time.tick(100);
      for (let i = 0; i < k; i++) await undefined;
      tasks[place]!.cancel();
      do await settle(); while (time.next());
      for (const [i, task] of tasks.entries()) {
        assert(task.done() && (i === place || !task.cancelled()));
      }
      await pass(time, 100);
      assertEquals(limiter.available, 2);
    }
  }
});

Deno.test("RateLimiter: console.log shows it in one line", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(2, 100);
  limiter.tryAcquire(2);
  const wait = createTask(() => limiter.acquire());
  await settle();
  assertEquals(Deno.inspect(limiter), "RateLimiter [2/2 in 100 ms, 1 waiting]");
  await pass(time, 100);
  await wait;
  assertEquals(Deno.inspect(limiter), "RateLimiter [1/2 in 100 ms]");
});
