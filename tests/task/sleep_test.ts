import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createTask, Event, Queue, sleep } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, start } from "./helpers.ts";

Deno.test("sleep: ends when the time is over, with its value", async () => {
  using time = new FakeTime();
  const task = start(() => sleep(10, "value"));
  await advance(time, 9);
  assertFalse(task.done());
  await advance(time, 1);
  assertEquals(await task, "value");
});

Deno.test("sleep: of 0 or less lets timers and microtasks run, under fake time, too", async () => {
  for (const ms of [0, -1, -Infinity]) {
    const seen: string[] = [];
    queueMicrotask(() => seen.push("microtask"));
    await sleep(ms);
    assertEquals(seen, ["microtask"]);
  }
  let fired = false;
  setTimeout(() => void (fired = true), 0);
  for (let i = 0; i < 1_000 && !fired; i++) await sleep(0);
  assert(fired);
  using _ = new FakeTime();
  await sleep(0);
});

Deno.test("sleep: those of one time wake in the order in which they began", async () => {
  using time = new FakeTime();
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) {
    createTask(async () => {
      await sleep(10);
      seen.push(i);
    });
  }
  await advance(time, 10);
  assertEquals(seen, [0, 1, 2, 3, 4]);
});

Deno.test("sleep: cancelled, it leaves no timer behind", async () => {
  using time = new FakeTime();
  for (const ms of [10, Infinity, 2 ** 40, 0]) {
    const task = start(() => sleep(ms));
    await Promise.resolve();
    await Promise.resolve();
    task.cancel();
    await ended(task);
    assert(task.cancelled());
  }
  await settle();
  assertEquals(time.next(), false);
});

Deno.test("sleep: refuses nonsense as a rejection", async () => {
  await assertRejects(
    () => sleep("1" as never),
    TypeError,
    'ms must be a number of milliseconds, received "1"',
  );
  await assertRejects(() => sleep(NaN), RangeError, "NaN");
  await assertRejects(() => sleep(undefined as never), TypeError);
});

Deno.test("sleep: tasks that wake one another for ever do not starve timers", async () => {
  let fired = false;
  setTimeout(() => void (fired = true), 0);
  const task = createTask(async () => {
    while (!fired) await createTask(() => {});
  });
  await task;
  assert(fired);
});

Deno.test("sleep: of 0, a task goes on after what is ready, and before what that makes ready", async () => {
  const [first, second] = [new Event(), new Event()];
  const order: string[] = [];
  const tasks = [
    createTask(async () => {
      await first.wait();
      order.push("ready");
      second.set();
    }),
    createTask(async () => {
      await second.wait();
      order.push("made ready");
    }),
    createTask(async () => {
      first.set();
      await sleep(0);
      order.push("slept");
    }),
  ];
  await ended(...tasks);
  assertEquals(order, ["ready", "slept", "made ready"]);
});

Deno.test("sleep: of 0, tasks that pass something to and fro leave each its turn", async () => {
  const [there, back] = [new Queue<number>(1), new Queue<number>(1)];
  let turns = 0;
  let over = false;
  const player = createTask(async () => {
    for (let i = 0; i < 100; i++) {
      await there.put(i);
      await back.get();
    }
    over = true;
  });
  const other = createTask(async () => {
    for (let i = 0; i < 100; i++) await back.put(await there.get());
  });
  const watcher = createTask(async () => {
    for (; !over; turns++) await sleep(0);
  });
  await ended(player, other, watcher);
  assert(turns >= 100, `${turns} turns`);
});

Deno.test("sleep: of 0, cancelled before its turn, rejects in that turn", async () => {
  const order: string[] = [];
  const sleeper = createTask(async () => {
    await sleep(0).catch(() => order.push("cancelled"));
  });
  const tasks = [
    sleeper,
    createTask(() => void sleeper.cancel()),
    createTask(async () => {
      await sleep(0);
      order.push("behind it");
    }),
  ];
  await ended(...tasks);
  assertEquals(order, ["cancelled", "behind it"]);
});
