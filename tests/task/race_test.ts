import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  ExceptionGroup,
  Queue,
  race,
  sleep,
  TimeoutError,
  waitFor,
} from "../../mod.ts";

Deno.test("race: the first to end decides, the others are cancelled and have ended", async () => {
  const log: string[] = [];
  const slow = async () => {
    try {
      await sleep(2 ** 40);
    } finally {
      await sleep(2);
      log.push("cleaned up");
    }
  };
  assertEquals(await race(slow, () => sleep(1, "quick")), "quick");
  assertEquals(log, ["cleaned up"]);
  await assertRejects(() => race(slow, () => Promise.reject(new Error("bad"))), Error, "bad");
  assertEquals(log, ["cleaned up", "cleaned up"]);
});

Deno.test("race: a loser that fails otherwise is not lost", async () => {
  const loser = async () => {
    try {
      await sleep(2 ** 40);
    } catch {
      throw new RangeError("in the clean-up");
    }
  };
  const group = await assertRejects(() => race([loser, () => sleep(1)]), ExceptionGroup);
  assertEquals(group.errors.map(String), ["RangeError: in the clean-up"]);
  const both = await assertRejects(
    () => race(loser, () => Promise.reject(new Error("first"))),
    ExceptionGroup,
  );
  assertEquals(both.errors.map(String), ["RangeError: in the clean-up", "Error: first"]);
});

Deno.test("race: cancelled from outside, it cancels all and waits for their end", async () => {
  let ended = 0;
  const one = async () => {
    try {
      await sleep(2 ** 40);
    } finally {
      await sleep(1);
      ended++;
    }
  };
  for (let steps = 0; steps < 30; steps++) {
    ended = 0;
    let begun = 0;
    const counted = () => (begun++, one());
    const task = createTask(() => race(counted, counted));
    for (let i = 0; i < steps; i++) await Promise.resolve();
    task.cancel();
    await assertRejects(() => Promise.resolve(task), CancelledError);
    assertEquals(ended, begun);
  }
});

Deno.test("race: cancelled while a member fails, it says so, and the cancellation is not lost", async () => {
  const log: string[] = [];
  const task = createTask(async () => {
    try {
      await race(() => sleep(2 ** 40), async () => {
        try {
          await sleep(2 ** 40);
        } catch {
          throw new RangeError("in the clean-up");
        }
      });
    } catch (error) {
      log.push((error as Error).name);
    }
    await sleep(2 ** 40);
  });
  await sleep(1);
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  assertEquals(log, ["ExceptionGroup"]);
});

Deno.test("race: loses no item of a queue, and can be handed on", async () => {
  const queue = new Queue<number>();
  assertEquals(await race([queue.get(), sleep(1, "nothing")]), "nothing");
  await assertRejects(() => waitFor(race([queue.get(), sleep(2 ** 40)]), 1), TimeoutError);
  queue.putNowait(1);
  await sleep(0);
  assertEquals(queue.qsize(), 1);
});

Deno.test("race: one function twice makes two tasks, one promise twice is one", async () => {
  let calls = 0;
  const fn = async () => {
    await sleep(++calls);
    return calls;
  };
  assertEquals(await race(fn, fn), 2);
  const promise = Promise.resolve("one");
  assertEquals(await race([promise, promise]), "one");
});

Deno.test("race: refuses nonsense, before anything has started", async () => {
  await assertRejects(() => race([]), RangeError, "Cannot race: there is nothing to wait for");
  await assertRejects(() => race(), RangeError);
  let started = false;
  const fn = () => void (started = true);
  await assertRejects(() => race(fn, 42 as never), TypeError);
  await sleep(1);
  assert(!started);
});
