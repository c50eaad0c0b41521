/** A hundred thousand of each of the verbs that asyncio has not: nothing is lost, nothing is left. */
import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  allTasks,
  cancellable,
  CapacityLimiter,
  createTask,
  Event,
  gather,
  moveOnAfter,
  race,
  RateLimiter,
  sleep,
  type Task,
  TaskGroup,
  TaskPool,
  timeout,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

const COUNT = 100_000;

/** As many tasks as that, and what became of them. */
async function each<T>(
  body: (n: number) => Promise<T>,
  count = COUNT,
): Promise<PromiseSettledResult<T>[]> {
  const before = allTasks().size;
  const tasks = Array.from({ length: count }, (_, n) => createTask(() => body(n)));
  const results = await Promise.allSettled(tasks);
  await settle();
  assertEquals(allTasks().size, before, "tasks are left");
  return results;
}

function fulfilled(results: PromiseSettledResult<unknown>[]): number {
  return results.filter(({ status }) => status === "fulfilled").length;
}

Deno.test("Scale: a race of 100,000, and 10,000 races side by side", async () => {
  const never = new Event();
  const results = await each((n) => race(sleep(0, n), never.wait()), 10_000);
  assertEquals(results.every((one, n) => one.status === "fulfilled" && one.value === n), true);
  const won = await race(Array.from({ length: COUNT }, (_, n) => async () => {
    if (n === COUNT - 1) return n;
    return await never.wait();
  }));
  assertEquals(won, COUNT - 1);
});

Deno.test("Scale: 100,000 limits that are no error, all over at once", async () => {
  using time = new FakeTime();
  const results = each((n) => moveOnAfter(n % 2 === 0 ? 10 : 100, () => sleep(50, "slept")));
  await settle();
  time.tick(10);
  await settle();
  time.tick(40);
  const values = (await results).map((one) => one.status === "fulfilled" && one.value);
  assertEquals(values.filter((value) => value === "slept").length, COUNT / 2);
  assertEquals(values.filter((value) => value === undefined).length, COUNT / 2);
  assert(!time.next(), "a timer is left");
});

Deno.test("Scale: 100,000 items of a source, each a cancellation point", async () => {
  let left = 0;
  async function* items() {
    try {
      for (let n = 0; n < COUNT; n++) yield n;
    } finally {
      left++;
    }
  }
  let sum = 0;
  for await (const n of cancellable(items())) sum += n;
  assertEquals([sum, left], [COUNT * (COUNT - 1) / 2, 1]);
});

Deno.test("Scale: 100,000 blocks that own a task", async () => {
  const never = new Event();
  let ended = 0;
  const results = await each(async () => {
    await using _ = createTask(async () => {
      try {
        await never.wait();
      } finally {
        ended++;
      }
    });
    await sleep(0);
  });
  assertEquals([fulfilled(results), ended], [COUNT, COUNT]);
});

Deno.test("Scale: 100,000 who want into a CapacityLimiter, of whom every other gives up", async () => {
  const limiter = new CapacityLimiter(7);
  const tasks: Task<unknown>[] = [];
  let most = 0, inside = 0;
  for (let n = 0; n < COUNT; n++) {
    tasks.push(createTask(() =>
      limiter.run(async () => {
        most = Math.max(most, ++inside);
        await undefined;
        inside--;
      })
    ));
  }
  await sleep(0);
  for (let n = 0; n < COUNT; n += 2) tasks[n]!.cancel();
  limiter.total = 3;
  limiter.total = 9;
  await Promise.allSettled(tasks);
  assert(most <= 9, `${most} at a time`);
  assertEquals([limiter.borrowed, limiter.waiting, inside], [0, 0, 0]);
});

Deno.test("Scale: 100,000 who want some of a rate, of whom every other gives up", async () => {
  using time = new FakeTime();
  const limiter = new RateLimiter(COUNT / 10, 1_000);
  let through = 0;
  const tasks = Array.from({ length: COUNT }, (_, n) =>
    createTask(async () => {
      await limiter.acquire(1 + n % 3);
      through++;
    }));
  await settle();
  const first = through;
  for (let n = 0; n < COUNT; n += 2) tasks[n]!.cancel();
  for (let rounds = 0; !tasks.every((task) => task.done()); rounds++) {
    assert(rounds < 100, "some never came through");
    time.tick(1_000);
    await settle();
  }
  assertEquals(tasks.filter((task) => !task.cancelled()).length, through);
  assert(first >= COUNT / 30 && through >= COUNT / 2, `${first} and ${through}`);
  time.tick(1_000);
  assertEquals(limiter.available, COUNT / 10);
  assert(!time.next(), "a timer is left");
});

Deno.test("Scale: 100,000 calls of a pool that is paused, resumed and resized all the while", async () => {
  const pool = new TaskPool(1);
  let ran = 0;
  const calls = Array.from({ length: COUNT }, (_, n) => {
    if (n % 1_000 === 0) pool.pause();
    if (n % 1_000 === 500) pool.resume();
    if (n % 100 === 0) pool.maxWorkers = 1 + n % 7;
    return pool.submit(() => void ran++);
  });
  pool.resume();
  await gather(calls);
  const { completed, busy, queued } = pool.stats;
  assertEquals([ran, completed, busy, queued], [COUNT, COUNT, 0, 0]);
});

Deno.test("Scale: one signal stops 100,000 tasks, limits and groups by one listener", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    return Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    return Reflect.apply(removeEventListener, signal, args);
  };
  const never = new Event();
  const waits = [
    () => createTask(() => never.wait(), { signal }),
    () => timeout(null, () => never.wait(), { signal }),
    () => moveOnAfter(null, () => never.wait(), { signal }),
    () => TaskGroup.run(() => never.wait(), { signal }),
  ];
  const results = Promise.allSettled(
    Array.from({ length: COUNT }, (_, n) => waits[n % waits.length]!()),
  );
  await settle();
  assertEquals(listeners, 1);
  controller.abort("enough");
  const reasons = (await results).map((one) => one.status === "rejected" && String(one.reason));
  assertEquals(new Set(reasons), new Set(["CancelledError: enough"]));
  assert(listeners <= 1);
});
