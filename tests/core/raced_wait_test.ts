/**
 * Waits whose verbs are async functions inside, in races of the runtime: a cancellation that reaches
 * only what has lost is not spent on it, and one that reaches a race that is not over is heard of once.
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  asCompleted,
  Barrier,
  CancelledError,
  CapacityLimiter,
  Condition,
  createTask,
  gather,
  Lock,
  moveOnAfter,
  pipe,
  Queue,
  race,
  SharedCondition,
  SharedQueue,
  shield,
  sleep,
  TaskGroup,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { foreignTurns, foreignTurnsOver, settle } from "../support/settled.ts";

const LONG = 2 ** 30;

const held = <C extends { tryAcquire(): unknown }>(condition: C): C => {
  condition.tryAcquire();
  return condition;
};

/** Each is a wait that never ends of itself. */
const waits: Record<string, () => Promise<unknown>> = {
  "Queue.get": () => new Queue().get(),
  "Lock.acquire": () => held(new Lock()).acquire(),
  "waitFor of a wait": () => waitFor(new Queue().get(), LONG),
  "waitFor of a function": () => waitFor(() => new Queue().get(), LONG),
  "timeout": () => timeout(LONG, () => sleep(LONG)),
  "timeout with a signal": () =>
    timeout(LONG, () => sleep(LONG), { signal: new AbortController().signal }),
  "moveOnAfter": () => moveOnAfter(LONG, () => new Queue().get()),
  "TaskGroup.run": () => TaskGroup.run(() => new Queue().get()),
  "gather of waits": () => gather(new Queue().get(), new Queue().get()),
  "wait": () => wait([new Queue().get(), new Queue().get()]),
  "shield": () => shield(new Queue().get()),
  "a step of asCompleted": () => asCompleted([new Queue().get()]).next(),
  "Condition.wait": () => held(new Condition()).wait(),
  "Condition.waitForPredicate": () => held(new Condition()).waitForPredicate(() => false),
  "Barrier.wait": () => new Barrier(2).wait(),
  "CapacityLimiter.run": () => new CapacityLimiter(1).run(() => new Queue().get()),
  "a step of a Queue": () => new Queue()[Symbol.asyncIterator]().next(),
  "SharedCondition.wait": () => held(new SharedCondition()).wait(),
  "SharedQueue.get": () => new SharedQueue().get(),
};

/**
 * A scope within ends with the same error, so that nobody can tell whose waits have been heard of. They
 * are as ever: a cancellation counts as heard.
 */
const nested: typeof waits = {
  "race of waits": () => race(new Queue().get(), new Queue().get()),
  "race of functions": () => race(() => new Queue().get(), () => new Queue().get()),
  "waitFor of a waitFor": () => waitFor(waitFor(new Queue().get(), LONG), LONG),
  "gather of functions": () => gather(() => new Queue().get(), () => new Queue().get()),
  "TaskGroup.run with children": () =>
    TaskGroup.run((group) => void group.createTask(() => new Queue().get())),
  "a task": () => Promise.resolve(createTask(() => new Queue().get())),
};

const never = new Promise<never>(() => {});

/** What a flow does with a wait, and goes on to at once. */
const lost: Record<string, (wait: () => Promise<unknown>) => unknown> = {
  "begun and not looked at": (wait) => void wait(),
  "lost a race": (wait) => Promise.race([wait(), foreignTurns(1)]),
  "lost two races": async (wait) => {
    const one = wait();
    await Promise.race([one, foreignTurns(1)]);
    await Promise.race([foreignTurns(1), one]);
  },
  "in a Promise.all beside another that nobody looks at": (wait) =>
    void Promise.all([wait(), wait()]),
};

/** What a flow sits in when the cancellation comes. */
const live: Record<string, (wait: () => Promise<unknown>) => Promise<unknown>> = {
  "awaited": (wait) => wait(),
  "in a race": (wait) => Promise.race([wait(), never]),
  "in a race of two": (wait) => Promise.race([wait(), wait()]),
  "in a Promise.all": (wait) => Promise.all([wait(), wait(), never]),
  "in a race after it has lost one": async (wait) => {
    const one = wait();
    await Promise.race([one, foreignTurns(1)]);
    await Promise.race([one, never]);
  },
  "awaited after it has lost a race": async (wait) => {
    const one = wait();
    await Promise.race([one, foreignTurns(1)]);
    await one;
  },
  "in a race and besides": async (wait) => {
    const one = wait();
    one.catch(() => {});
    await Promise.race([one, never]);
  },
};

/** How often a flow hears of a cancellation that comes while it is in `body`, and whether that ends it. */
async function play(body: () => unknown): Promise<unknown[]> {
  let heard = 0;
  let cleaned = 0;
  const task = createTask(async () => {
    try {
      await body();
      await sleep(LONG);
    } catch (error) {
      if (error instanceof CancelledError) heard++;
      await foreignTurns(2);
      await sleep(0);
      await sleep(0);
      cleaned++;
      throw error;
    }
  });
  await foreignTurns(4);
  task.cancel();
  await Promise.race([Promise.allSettled([task]), foreignTurns(60)]);
  await foreignTurnsOver();
  return [heard, cleaned, task.cancelled()];
}

for (const [name, make] of Object.entries(waits)) {
  Deno.test(`Raced: a cancellation is not spent on ${name} that nobody looks at any more`, async () => {
    for (const [how, lose] of Object.entries(lost)) {
      const body = async () => {
        await lose(make);
        await foreignTurns(6);
      };
      assertEquals(await play(body), [1, 1, true], how);
    }
  });
}

for (const [name, make] of Object.entries({ ...waits, ...nested })) {
  Deno.test(`Raced: a flow that looks at ${name} hears of a cancellation once`, async () => {
    for (const [how, look] of Object.entries(live)) {
      assertEquals(await play(() => look(make)), [1, 1, true], how);
    }
  });
}

Deno.test("Raced: a step of a Connection that has lost is not what a cancellation is spent on", async () => {
  const [near, far] = pipe();
  const next = () => far[Symbol.asyncIterator]().next();
  const body = async () => {
    await Promise.race([next(), foreignTurns(1)]);
    await foreignTurns(6);
  };
  assertEquals(await play(body), [1, 1, true]);
  near.close();
  far.close();
});

Deno.test("Raced: the value and the failure of such a wait come through, and are there once", async () => {
  const queue = new Queue<number>();
  const got = waitFor(queue.get(), LONG);
  const races = [Promise.race([got, never]), Promise.race([never, got]), Promise.all([got, got])];
  queue.putNowait(1);
  assertEquals(await Promise.all(races), [1, 1, [1, 1]]);
  assertEquals(await Promise.race([got, never]), 1);
  const failing = createTask(() => Promise.race([waitFor(new Queue().get(), 1), never]));
  await assertRejects(async () => await failing, TimeoutError);
  // The failure of what has lost is nobody's, as in any race.
  await createTask(() => Promise.race([waitFor(new Queue().get(), 1), Promise.resolve()]));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await settle();
});
