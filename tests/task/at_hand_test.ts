/**
 * What a wait finds at hand it takes at once, and its promise is like any other. Where that promise is
 * handed on and given up in the same step, what was taken is not lost: who holds it gets it.
 */
import { assert, assertEquals } from "@std/assert";
import {
  BoundedSemaphore,
  CapacityLimiter,
  Condition,
  createTask,
  ensureFuture,
  type Future,
  gather,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  race,
  Semaphore,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
  sleep,
  wait,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** Something of which there is one at hand. */
interface Source {
  take(): Promise<unknown>;
  /** How many there are. */
  left(): number;
}

const queue = (queue: Queue<string>): Source => {
  queue.putNowait("item");
  return { take: () => queue.get(), left: () => queue.qsize() };
};

const lock = (lock: { acquire(): Promise<unknown>; locked(): boolean }): Source => ({
  take: () => lock.acquire(),
  left: () => Number(!lock.locked()),
});

const sources: Record<string, () => Source> = {
  "Queue.get": () => queue(new Queue()),
  "LifoQueue.get": () => queue(new LifoQueue()),
  "PriorityQueue.get": () => queue(new PriorityQueue()),
  "the next item of a Queue": () => {
    const items = new Queue<string>();
    items.putNowait("item");
    const iterator = items[Symbol.asyncIterator]();
    return { take: () => iterator.next(), left: () => items.qsize() };
  },
  "Queue.put": () => {
    const items = new Queue<string>(1);
    return { take: () => items.put("item"), left: () => 1 - items.qsize() };
  },
  "Lock.acquire": () => lock(new Lock()),
  "Condition.acquire": () => lock(new Condition()),
  "Semaphore.acquire": () => lock(new Semaphore(1)),
  "BoundedSemaphore.acquire": () => lock(new BoundedSemaphore(1)),
  "CapacityLimiter.acquire": () => {
    const limiter = new CapacityLimiter(1);
    return { take: () => limiter.acquire(), left: () => limiter.available };
  },
  "SharedQueue.get": () => {
    const items = new SharedQueue<string>();
    items.putNowait("item");
    return { take: () => items.get(), left: () => items.qsize() };
  },
  "SharedLock.acquire": () => lock(new SharedLock()),
  "SharedSemaphore.acquire": () => lock(new SharedSemaphore(1)),
};

/** What becomes of a promise that is handed on and given up: whether what it had came to somebody. */
const forms: Record<string, (take: () => Promise<unknown>) => Promise<boolean>> = {
  "ensureFuture": async (take) => {
    const future = ensureFuture(take());
    future.cancel();
    return await got(future);
  },
  "ensureFuture, given up some microtasks later": async (take) => {
    const future = ensureFuture(take());
    await undefined;
    future.cancel();
    return await got(future);
  },
  "two at a time, the second given up first": async (take) => {
    const held = [ensureFuture(take()), ensureFuture(sleep(0))];
    for (const one of held.toReversed()) one.cancel();
    return await got(held[0]!);
  },
  "waitFor with no time": async (take) => await got(ensureFuture(waitFor(take(), 0))),
  "wait, whose rest is given up": async (take) => {
    const future = ensureFuture(take());
    const { done, pending } = await wait([future], { timeout: 0 });
    for (const one of pending) one.cancel();
    for (const one of [...done, ...pending]) return await got(one);
    return false;
  },
  "gather with what fails at once": async (take) => {
    const future = ensureFuture(take());
    const all = ensureFuture(gather([future, () => Promise.reject(new Error("failed"))]));
    all.cancel();
    await got(all);
    return await got(future);
  },
  "a task that waits for it, cancelled": async (take) => {
    let future: Future<unknown> | undefined;
    const task = createTask(() => ensureFuture(future = ensureFuture(take())));
    for (let steps = 0; steps < 3; steps++) await undefined;
    task.cancel();
    await got(task);
    return future === undefined ? false : await got(future);
  },
  "race with what is done": async (take) => {
    const future = ensureFuture(take());
    await got(ensureFuture(race([sleep(0), future])));
    return await got(future);
  },
};

async function got(future: Future<unknown>): Promise<boolean> {
  await Promise.allSettled([future]);
  return !future.cancelled() && future.exception() === undefined;
}

for (const [name, make] of Object.entries(sources)) {
  Deno.test(`At hand: ${name}, handed on and given up in the same step, loses nothing`, async () => {
    for (const [form, hand] of Object.entries(forms)) {
      for (const inside of [false, true]) {
        const source = make();
        assertEquals(source.left(), 1);
        const arrived = await (inside ? createTask(() => hand(source.take)) : hand(source.take));
        await settle();
        const where = `${form}, ${inside ? "in" : "outside"} a task`;
        assertEquals(source.left(), arrived ? 0 : 1, where);
      }
    }
  });
}

Deno.test("At hand: a promise of others is given up at once, as before", () => {
  const future = ensureFuture(new Promise(() => {}));
  assert(future.cancel());
  assert(future.cancelled());
});
