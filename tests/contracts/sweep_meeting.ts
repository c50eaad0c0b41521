import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  type Barrier,
  BrokenBarrierError,
  type Condition,
  createTask,
  type Event,
  type SharedBarrier,
  type SharedCondition,
  type SharedEvent,
} from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";
import { endedWell, sweepTest } from "./sweeping.ts";

/** Sweeps the waits for an event. */
export function sweepEvent(name: string, make: () => Event | SharedEvent): void {
  sweepTest(`${name}, one of three who wait`, () => {
    const event = make();
    const waits = [0, 1, 2].map(() => createTask(() => event.wait()));
    const setter = createTask(async () => {
      for (let i = 0; i < 3; i++) await giveWay();
      event.set();
      event.clear();
    });
    return {
      victim: waits[1]!,
      others: [...waits, setter],
      async check() {
        assertEquals([waits[0]!.result(), waits[2]!.result()], [true, true]);
        const next = createTask(() => event.wait());
        await giveWay();
        assertFalse(next.done());
        event.set();
        await next;
      },
    };
  });
}

/** Nobody holds its lock, and the next one who waits is woken. */
export async function checkCondition(condition: Condition | SharedCondition): Promise<void> {
  assertFalse(condition.locked(), "the lock is held by nobody");
  const next = createTask(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  });
  await settle();
  {
    using _ = await condition.acquire();
    condition.notify();
    assertFalse(next.done());
  }
  await next;
}

/** Sweeps three consumers who wait at a condition for items. */
export function sweepCondition(name: string, make: () => Condition | SharedCondition): void {
  for (const place of [0, 1, 2]) {
    sweepTest(`${name}, the consumer at place ${place} of three`, () => {
      const condition = make();
      let items = 0, taken = 0, over = false;
      const consumers = [0, 1, 2].map(() =>
        createTask(async () => {
          using _ = await condition.acquire();
          for (;;) {
            await condition.waitForPredicate(() => items > 0 || over);
            assert(condition.locked());
            if (items === 0) return;
            items--;
            taken++;
            await giveWay();
          }
        })
      );
      const producer = createTask(async () => {
        for (let i = 0; i < 4; i++) {
          await giveWay();
          using _ = await condition.acquire();
          items++;
          condition.notify();
          await giveWay();
        }
        // No notification was lost: the others take all items before they are told that it is over.
        for (let i = 0; i < 60 && items > 0; i++) await giveWay();
        assertEquals([items, taken], [0, 4]);
        using _ = await condition.acquire();
        over = true;
        condition.notifyAll();
      });
      return {
        victim: consumers[place]!,
        others: [...consumers, producer],
        async check() {
          endedWell([...consumers, producer]);
          assertFalse(producer.cancelled());
          await checkCondition(condition);
        },
      };
    });
  }
}

/** Nobody is left at it, and the next who come meet. */
export async function checkBarrier(barrier: Barrier | SharedBarrier): Promise<void> {
  assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
  const places = await Promise.all(
    Array.from({ length: barrier.parties }, () => createTask(() => barrier.wait())),
  );
  assertEquals(places.toSorted(), Array.from({ length: barrier.parties }, (_, i) => i));
}

/** Sweeps two rounds of three who meet at a barrier. */
export function sweepBarrier(name: string, make: () => Barrier | SharedBarrier): void {
  for (const place of [0, 1, 2]) {
    sweepTest(`${name}, the one at place ${place} of three`, () => {
      const barrier = make();
      const tasks = [0, 1, 2].map(() =>
        createTask(async () => {
          for (let round = 0; round < 2; round++) {
            await barrier.wait();
            await giveWay();
          }
        })
      );
      // Whoever the victim has left waiting is sent away.
      const helper = createTask(async () => {
        await Promise.allSettled([tasks[place]!]);
        for (let i = 0; i < 20; i++) await giveWay();
        await barrier.reset();
      });
      return {
        victim: tasks[place]!,
        others: [...tasks, helper],
        async check() {
          endedWell([...tasks, helper], BrokenBarrierError);
          assertFalse(helper.cancelled());
          await checkBarrier(barrier);
        },
      };
    });
  }
}
