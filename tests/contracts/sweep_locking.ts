/**
 * What holds for everything that admits so many at a time, wherever a cancellation meets it.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { createTask } from "../../mod.ts";
import { giveWay } from "../support/settled.ts";
import { endedWell, sweepTest } from "./sweeping.ts";

/** The verbs that the sweeps use. */
export interface Sweepable {
  acquire(): Promise<Disposable>;
  tryAcquire(): Disposable | undefined;
  release(): void;
}

/** Comes and goes so many times, and sees that there are not too many inside. */
export function visitor(lock: Sweepable, inside: { now: number }, permits: number, times: number) {
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

/** Sees that there are as many permits as there should be, and that the next user gets one. */
export async function checkPermits(lock: Sweepable, permits: number) {
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

/** Define the sweeps. `make` gives a new one, free, with so many permits. */
export function sweepLocking(name: string, make: () => Sweepable, permits: number): void {
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
