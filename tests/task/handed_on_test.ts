import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  asCompleted,
  Barrier,
  Condition,
  type Connection,
  createTask,
  ensureFuture,
  Event,
  type Future,
  gather,
  Lock,
  pipe,
  Queue,
  Semaphore,
  shield,
  sleep,
  TaskGroup,
  TaskPool,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** A wait that does not end of itself: how it begins, and whether it has really been withdrawn. */
interface Scene {
  begin(): Promise<unknown>;
  /** Nothing is left of it, and nothing is lost. */
  check(): unknown;
}

/** A wait at an end of a pipe: what is sent after it was withdrawn is there for the next. */
function receiving(begin: (end: Connection<number>) => Promise<unknown>): () => Scene {
  return () => {
    const [here, there] = pipe<number>();
    return {
      begin: () => begin(here),
      check: async () => {
        await there.send(7);
        assertEquals(await here.recv(), 7);
        here.close();
        there.close();
        await settle();
      },
    };
  };
}

const SCENES: Record<string, () => Promise<Scene> | Scene> = {
  "Lock.acquire": async () => {
    const lock = new Lock();
    const permit = await lock.acquire();
    return {
      begin: () => lock.acquire(),
      check: () => {
        permit[Symbol.dispose]();
        assert(lock.tryAcquire() !== undefined, "The lock went to nobody");
      },
    };
  },
  "Semaphore.acquire": async () => {
    const semaphore = new Semaphore(1);
    await semaphore.acquire();
    return {
      begin: () => semaphore.acquire(),
      check: () => {
        semaphore.release();
        assertEquals(semaphore.value, 1);
      },
    };
  },
  "Queue.get": () => {
    const queue = new Queue<number>();
    return {
      begin: () => queue.get(),
      check: async () => {
        queue.putNowait(7);
        await sleep(0);
        assertEquals(queue.qsize(), 1, "The item went to nobody");
      },
    };
  },
  "Queue.put": () => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return {
      begin: () => queue.put(2),
      check: async () => {
        assertEquals(queue.getNowait(), 1);
        await sleep(0);
        assertEquals(queue.qsize(), 0, "The item was put for nobody");
      },
    };
  },
  "Connection.recv": receiving((end) => end.recv()),
  "Connection.poll": receiving((end) => end.poll(Infinity)),
  "the next message of a Connection": receiving((end) => end[Symbol.asyncIterator]().next()),
  "Condition.wait": async () => {
    const condition = new Condition();
    await condition.acquire();
    return {
      begin: () => condition.wait(),
      check: () => assert(condition.locked(), "As in CPython, it holds the lock again"),
    };
  },
  "Barrier.wait": () => {
    const barrier = new Barrier(2);
    return { begin: () => barrier.wait(), check: () => assertEquals(barrier.nWaiting, 0) };
  },
  "Event.wait": () => {
    const event = new Event();
    return { begin: () => event.wait(), check: () => {} };
  },
  "sleep": () => ({ begin: () => sleep(2 ** 40), check: () => {} }),
  "gather": () => {
    const parts = [createTask(() => sleep(2 ** 40)), createTask(() => sleep(2 ** 40))];
    return {
      begin: () => gather(parts),
      check: () => assert(parts.every((part) => part.cancelled())),
    };
  },
  "timeout": () => {
    let cleaned = false;
    return {
      begin: () =>
        timeout(2 ** 40, async () => {
          try {
            await sleep(2 ** 40);
          } finally {
            await sleep(0);
            cleaned = true;
          }
        }),
      check: () => assert(cleaned),
    };
  },
  "waitFor": () => {
    const task = createTask(() => sleep(2 ** 40));
    return { begin: () => waitFor(task, 2 ** 40), check: () => assert(task.cancelled()) };
  },
  "a call of a pool": () => {
    const pool = new TaskPool(1);
    return {
      begin: () => pool.submit(() => sleep(2 ** 40)),
      check: () => assertEquals([pool.stats.busy, pool.stats.queued], [0, 0]),
    };
  },
  "a map of a pool": () => {
    const pool = new TaskPool(1);
    return {
      begin: () => pool.map(() => sleep(2 ** 40), [1, 2]) as unknown as Promise<unknown>,
      check: () => assertEquals([pool.stats.busy, pool.stats.queued], [0, 0]),
    };
  },
  "TaskGroup.run": () => {
    let child: Future<unknown> | undefined;
    return {
      begin: () =>
        TaskGroup.run((group) => {
          child = group.createTask(() => sleep(2 ** 40));
        }),
      check: () => assert(child?.cancelled()),
    };
  },
};

/** Whoever is handed the promise ends the wait. */
const FORMS: Record<string, (promise: Promise<unknown>) => Promise<unknown>> = {
  "waitFor": (promise) => assertRejects(() => waitFor(promise, 1), TimeoutError),
  "waitFor in waitFor": (promise) =>
    assertRejects(() => waitFor(waitFor(promise, 2 ** 40), 1), TimeoutError),
  "ensureFuture, cancelled": async (promise) => {
    const future = ensureFuture(promise);
    await sleep(0);
    future.cancel();
    await Promise.allSettled([future]);
    assert(future.cancelled());
  },
  "wait, pending cancelled": async (promise) => {
    const { pending } = await wait([promise], { timeout: 1 });
    for (const one of pending) one.cancel();
    await Promise.allSettled(pending);
  },
  "gather, cancelled": async (promise) => {
    const all = ensureFuture(gather([promise, sleep(2 ** 40)]));
    await sleep(0);
    all.cancel();
    await Promise.allSettled([all]);
    assert(all.cancelled());
  },
  "asCompleted, timed out": async (promise) => {
    const future = ensureFuture(promise);
    await assertRejects(async () => {
      for await (const one of asCompleted([future], { timeout: 1 })) await one;
    }, TimeoutError);
    future.cancel();
    await Promise.allSettled([future]);
  },
  "task around waitFor, cancelled": async (promise) => {
    const task = createTask(() => waitFor(promise, 2 ** 40));
    await sleep(0);
    task.cancel();
    await Promise.allSettled([task]);
    assert(task.cancelled());
  },
};

for (const [name, prepare] of Object.entries(SCENES)) {
  Deno.test(`Handed on: ${name} is ended by whoever holds its promise`, async () => {
    for (const [form, hand] of Object.entries(FORMS)) {
      for (const inside of [true, false]) {
        const body = async () => {
          const { begin, check } = await prepare();
          await hand(begin());
          await sleep(0);
          await sleep(0);
          try {
            await check();
          } catch (cause) {
            throw new Error(`${form}, ${inside ? "in" : "outside"} a task`, { cause });
          }
        };
        await (inside ? createTask(body) : body());
      }
    }
  });
}

Deno.test("Handed on: the limit may come at any step of a hand-over, and no item is lost", async () => {
  for (let steps = 0; steps < 40; steps++) {
    const queue = new Queue<number>();
    const held = ensureFuture(queue.get());
    queue.putNowait(1);
    for (let i = 0; i < steps; i++) await Promise.resolve();
    held.cancel();
    const [result] = await Promise.allSettled([held]);
    await sleep(0);
    const got = result.status === "fulfilled" ? 1 : 0;
    assertEquals(got + queue.qsize(), 1, `after ${steps} steps`);
  }
});

Deno.test("Handed on: what shield takes no longer hangs on the task around it", async () => {
  const queue = new Queue<string>();
  const parts = [createTask(() => queue.get()), createTask(() => queue.get())];
  let inner: Future<unknown> | undefined;
  const task = createTask(() => shield(inner = ensureFuture(gather(parts))));
  const got = Promise.withResolvers<string>();
  const other = createTask(async () => {
    const promise = queue.get();
    promise.then(got.resolve, got.reject);
    await shield(promise);
  });
  await sleep(0);
  task.cancel();
  other.cancel();
  await Promise.allSettled([task, other]);
  assertEquals([task.cancelled(), other.cancelled()], [true, true]);
  assertEquals([inner?.done(), ...parts.map((part) => part.done())], [false, false, false]);
  for (const item of ["a", "b", "c"]) queue.putNowait(item);
  assertEquals(await inner, ["a", "b"]);
  assertEquals(await got.promise, "c");
});

Deno.test("Handed on: a shielded map goes on when the task around it is cancelled", async () => {
  const pool = new TaskPool(1);
  const gate = new Event();
  const map = pool.map((n: number) => gate.wait().then(() => n), [1, 2]);
  const task = createTask(() => shield(map));
  await sleep(0);
  task.cancel();
  await Promise.allSettled([task]);
  assert(task.cancelled());
  gate.set();
  assertEquals(await map, [1, 2]);
});
