/**
 * Every place at which a cancellation can meet a wait of the sync layer, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  BoundedSemaphore,
  CancelledError,
  Condition,
  createTask,
  Lock,
  Semaphore,
} from "../../mod.ts";
import { sweep } from "../support/sweep.ts";
import { giveWay } from "../support/settled.ts";
import { endedWell, sweepTest } from "./_sweeping.ts";

interface Lockable {
  acquire(): Promise<Disposable>;
  tryAcquire(): Disposable | undefined;
  release(): void;
}

const LOCKS: Record<string, [make: () => Lockable, permits: number]> = {
  "Lock": [() => new Lock(), 1],
  "Lock of a Condition": [() => new Condition(), 1],
  "Semaphore of one": [() => new Semaphore(1), 1],
  "Semaphore of two": [() => new Semaphore(2), 2],
  "BoundedSemaphore of two": [() => new BoundedSemaphore(2), 2],
};

function visitor(lock: Lockable, inside: { now: number }, permits: number, times: number) {
  return createTask(async () => {
    for (let i = 0; i < times; i++) {
      using _ = await lock.acquire();
      assert(++inside.now <= permits, "too many inside");
      try {
        await giveWay();
      } finally {
        inside.now--;
      }
    }
  });
}

async function checkPermits(lock: Lockable, permits: number) {
  const held: Disposable[] = [];
  for (let permit = lock.tryAcquire(); permit !== undefined; permit = lock.tryAcquire()) {
    held.push(permit);
  }
  assertEquals(held.length, permits, "permits were lost or made");
  const next = createTask(() => lock.acquire());
  await giveWay();
  assertFalse(next.done());
  for (const permit of held) permit[Symbol.dispose]();
  (await next)[Symbol.dispose]();
}

for (const [name, [make, permits]] of Object.entries(LOCKS)) {
  for (const place of [0, 1, 2, 3]) {
    sweepTest(`${name}, the visitor at place ${place} of four`, () => {
      const lock = make();
      const inside = { now: 0 };
      const tasks = [0, 1, 2, 3].map(() => visitor(lock, inside, permits, 2));
      return {
        victim: tasks[place]!,
        others: tasks,
        async check() {
          endedWell(tasks);
          assertEquals(
            tasks.filter((task) => task.cancelled()),
            tasks[place]!.cancelled() ? [tasks[place]] : [],
          );
          assertEquals(inside.now, 0);
          await checkPermits(lock, permits);
        },
      };
    });
  }

  sweepTest(`${name}, several waits side by side`, () => {
    const lock = make();
    const inside = { now: 0 };
    const before = visitor(lock, inside, permits, 3);
    const victim = createTask(async () => {
      const held: Disposable[] = [];
      const one = async () => {
        held.push(await lock.acquire());
        await giveWay();
        held.pop()![Symbol.dispose]();
      };
      const results = await Promise.allSettled([one(), one(), one()]);
      for (const permit of held) permit[Symbol.dispose]();
      for (const result of results) if (result.status === "rejected") throw result.reason;
    });
    const after = visitor(lock, inside, permits, 1);
    return {
      victim,
      others: [before, after],
      async check() {
        endedWell([victim, before, after]);
        assertFalse(before.cancelled() || after.cancelled());
        await checkPermits(lock, permits);
      },
    };
  });
}

Deno.test("sweep: finds a lock that loses a wake-up", async () => {
  class Lossy extends Lock {
    #woken = false;
    override async acquire(): Promise<Disposable> {
      try {
        return await super.acquire();
      } catch (error) {
        // Swallows the lock now and then: takes it for the one who was cancelled.
        if (error instanceof CancelledError && !this.#woken) {
          this.#woken = true;
          await super.acquire();
        }
        throw error;
      }
    }
  }
  const begin = () => {
    const lock = new Lossy();
    const tasks = [0, 1, 2].map(() => visitor(lock, { now: -9 }, 1, 1));
    return { victim: tasks[1]!, others: tasks, check: () => checkPermits(lock, 1) };
  };
  let error: unknown;
  try {
    await sweep(begin);
  } catch (thrown) {
    error = thrown;
  }
  assert(/permits were lost|for ever pending/.test(`${error}`), `${error}`);
});
