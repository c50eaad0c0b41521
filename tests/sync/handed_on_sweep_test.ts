/**
 * Waits that are handed on as promises, `waitFor(queue.get(), 50)`: wherever the cancellation of who
 * holds the promise meets what was waited for, nothing is lost and nothing is left behind.
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  CapacityLimiter,
  Condition,
  Connection,
  createTask,
  ensureFuture,
  Event,
  type Future,
  gather,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RateLimiter,
  Semaphore,
  TaskPool,
  waitFor,
} from "../../mod.ts";
import { PipePort } from "../../lib/wire/pipe_port.ts";
import { settle } from "../support/settled.ts";

interface Scene {
  /** Begin the wait that is handed on. */
  wait(): Promise<unknown>;
  /** Let it end. */
  satisfy(): unknown;
  /** See that what was waited for is with the one who waited (`got`), or where it was. */
  check(got: boolean): void | Promise<void>;
}

/** A scene of something that is held, and let go by `satisfy`. */
async function holding(lock: {
  acquire(): Promise<Disposable>;
  tryAcquire(): Disposable | undefined;
}): Promise<Scene> {
  const first = await lock.acquire();
  return {
    wait: () => lock.acquire(),
    satisfy: () => first[Symbol.dispose](),
    check: (got) => assertEquals(lock.tryAcquire() === undefined, got),
  };
}

function getting(queue: Queue<number>, get: () => Promise<unknown> = () => queue.get()): Scene {
  return {
    wait: get,
    satisfy: () => queue.putNowait(1),
    check: (got) => assertEquals(queue.qsize(), got ? 0 : 1),
  };
}

/** An end of a pipe to which a message comes in the very step in which the test says so. */
async function receiving(
  begin: (end: Connection<number>) => Promise<unknown>,
  check: (end: Connection<number>, got: boolean) => Promise<void>,
): Promise<Scene> {
  const port = {
    onmessage: undefined as ((event: { data: unknown }) => void) | undefined,
    addEventListener() {},
    postMessage() {},
    close() {},
  };
  const end = new Connection<number>(new PipePort(port as never));
  assertFalse(await end.poll()); // from here on messages come
  return {
    wait: () => begin(end),
    satisfy: () => port.onmessage!({ data: [1] }),
    check: async (got) => {
      await check(end, got);
      end.close();
    },
  };
}

async function checkTaken(end: Connection<number>, got: boolean): Promise<void> {
  assertEquals(await end.poll(), !got);
}

const scenes: Record<string, () => Scene | Promise<Scene>> = {
  "Lock.acquire": () => holding(new Lock()),
  "Condition.acquire": () => holding(new Condition()),
  "Semaphore.acquire": () => holding(new Semaphore()),
  "BoundedSemaphore.acquire": () => holding(new BoundedSemaphore()),
  "CapacityLimiter.acquire": () => holding(new CapacityLimiter(1)),
  "Queue.get": () => getting(new Queue()),
  "LifoQueue.get": () => getting(new LifoQueue()),
  "PriorityQueue.get": () => getting(new PriorityQueue()),
  "the next item of a Queue": () => {
    const queue = new Queue<number>();
    const items = queue[Symbol.asyncIterator]();
    return getting(queue, () => items.next());
  },
  "Connection.recv": () => receiving((end) => end.recv(), checkTaken),
  "the next message of a Connection": () =>
    receiving((end) => end[Symbol.asyncIterator]().next(), checkTaken),
  "Connection.poll": () =>
    receiving((end) => end.poll(Infinity), async (end) => assertEquals(await end.recv(), 1)),
  "Queue.put": () => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return {
      wait: () => queue.put(2),
      satisfy: () => queue.getNowait(),
      check: (got) => assertEquals(queue.qsize(), got ? 1 : 0),
    };
  },
  "Queue.join": () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    return { wait: () => queue.join(), satisfy: () => queue.taskDone(), check: () => {} };
  },
  "Event.wait": () => {
    const event = new Event();
    return { wait: () => event.wait(), satisfy: () => event.set(), check: () => {} };
  },
  "Condition.wait": () => {
    const condition = new Condition();
    const wait = async () => {
      await condition.acquire();
      return await condition.wait();
    };
    let other: Future<unknown>;
    return {
      wait: () => {
        // Held by whoever hands the wait on, who has it back in any case.
        assert(condition.tryAcquire() !== undefined);
        const promise = condition.wait();
        other = createTask(wait);
        return promise;
      },
      async satisfy() {
        using _ = await condition.acquire();
        condition.notify();
      },
      async check(got) {
        if (other === undefined) return;
        assert(condition.locked(), "the lock is not held");
        condition.release();
        await settle();
        assertEquals(other.done(), !got, "a notification is lost, or was made");
        if (!got) condition.release();
        other.cancel();
        await settle();
        if (got) condition.release();
        assertFalse(condition.locked());
      },
    };
  },
  "Condition.waitForPredicate": () => {
    const condition = new Condition();
    let ready = false;
    return {
      wait: () => {
        assert(condition.tryAcquire() !== undefined);
        return condition.waitForPredicate(() => ready);
      },
      async satisfy() {
        using _ = await condition.acquire();
        ready = true;
        condition.notifyAll();
      },
      check: (got) => assert(condition.locked() || !got, "the lock is not held"),
    };
  },
  "Barrier.wait": () => {
    const barrier = new Barrier(2);
    const others: Future<number>[] = [];
    return {
      wait: () => barrier.wait(),
      satisfy: () => others.push(createTask(() => barrier.wait())),
      async check(got) {
        // Where both had arrived when one of them was cancelled, the other goes on all the same.
        assert(others[0]!.done() || !got);
        if (!others[0]!.done()) await gather(others[0]!, barrier.wait());
        assertEquals(barrier.nWaiting, 0);
      },
    };
  },
  "CapacityLimiter.run": async () => {
    const limiter = new CapacityLimiter(1);
    const first = await limiter.acquire();
    let ran = 0;
    return {
      wait: () => limiter.run(() => ran++),
      satisfy: () => first[Symbol.dispose](),
      check: () => assertEquals(limiter.borrowed, 0),
    };
  },
  "TaskPool.idle": async () => {
    const pool = new TaskPool(1);
    const gate = new Event();
    const call = pool.submit(() => gate.wait());
    await settle();
    return {
      wait: () => pool.idle(),
      satisfy: () => gate.set(),
      check: () => assertEquals(call.result(), true),
    };
  },
  "TaskPool.shutdown": async () => {
    const pool = new TaskPool(1);
    const gate = new Event();
    const call = pool.submit(() => gate.wait());
    await settle();
    return {
      wait: () => pool.shutdown(),
      satisfy: () => gate.set(),
      check: () => assertEquals(call.result(), true),
    };
  },
};

/** Who holds the promise: a future that can be cancelled, and whether what was waited for came to it. */
interface Holder {
  future: Future<unknown>;
  got(): boolean;
}

/** A task that gets what it waits for, even where a cancellation then comes before its end. */
function taskOf(body: () => Promise<unknown>): Holder {
  let got = false;
  const future = createTask(async () => {
    await body();
    got = true;
  });
  return { future, got: () => got };
}

const forms: Record<string, (begin: () => Promise<unknown>) => Holder> = {
  ensureFuture: (begin) => {
    const future = ensureFuture(begin());
    return { future, got: () => !future.cancelled() };
  },
  waitFor: (begin) => taskOf(() => waitFor(begin(), null)),
  "waitFor in waitFor": (begin) => taskOf(() => waitFor(waitFor(begin(), null), null)),
};

for (const [name, make] of Object.entries(scenes)) {
  for (const [form, hand] of Object.entries(forms)) {
    Deno.test(`${name}, handed to ${form}: nothing is lost, wherever the cancellation comes`, async () => {
      let got = 0, cancelled = 0;
      for (let satisfied = 0; satisfied < 8; satisfied++) {
        for (let k = 0; k < 40; k++) {
          const scene = await make();
          const { future, got: hasGot } = hand(scene.wait);
          future.addDoneCallback((future) => future.cancelled() || future.exception());
          for (let i = 0; i < Math.max(k, satisfied) + 1; i++) {
            if (i === satisfied) scene.satisfy();
            if (i === k) future.cancel();
            await undefined;
          }
          await settle();
          const when = `satisfied after ${satisfied}, cancelled after ${k} microtasks`;
          assert(future.done(), `${when}: never ended`);
          hasGot() ? got++ : cancelled++;
          try {
            await scene.check(hasGot());
          } catch (error) {
            throw new Error(when, { cause: error });
          }
        }
      }
      assert(got > 0 && cancelled > 0, `${got} got it, ${cancelled} were cancelled`);
    });
  }
}

Deno.test("The next result of a map, handed on: one who gives it up has left the loop", async () => {
  const pool = new TaskPool(1);
  const gate = new Event();
  const results = pool.map(() => gate.wait(), [1, 2])[Symbol.asyncIterator]();
  const next = ensureFuture(results.next());
  await settle();
  next.cancel();
  await settle();
  assert(next.cancelled());
  assertEquals(await results.next(), { done: true, value: undefined });
  await pool.idle();
});

Deno.test("RateLimiter.acquire, handed on: one that gives up takes nothing", async () => {
  const limiter = new RateLimiter(1, 60_000);
  await limiter.acquire();
  const holder = ensureFuture(limiter.acquire());
  const behind = ensureFuture(limiter.acquire());
  await settle();
  holder.cancel();
  behind.cancel();
  await settle();
  assert(holder.cancelled() && behind.cancelled());
  assertEquals(limiter.available, 0);
});
