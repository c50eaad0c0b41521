/**
 * Every place at which a cancellation can meet a wait of the shared objects, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  BrokenBarrierError,
  createTask,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
} from "../../mod.ts";
import type { Shareable } from "../../lib/wire/shareable.ts";
import { sweepLocking } from "../contracts/sweep_locking.ts";
import { sweepQueueing } from "../contracts/sweep_queueing.ts";
import { endedWell, sweepTest } from "../contracts/sweeping.ts";
import { giveWay, settle } from "../support/settled.ts";
import { arrived, crossed } from "./crossed.ts";

/** Known to this thread alone, known to others, and come from another. */
const WAYS: [string, <S extends Shareable>(object: S) => S][] = [
  ["", (object) => object],
  [" that others know", crossed],
  [" that has arrived", arrived],
];

for (const [how, pass] of WAYS) {
  sweepLocking(`SharedLock${how}`, () => pass(new SharedLock()), 1);
  sweepLocking(`SharedSemaphore of two${how}`, () => pass(new SharedSemaphore(2)), 2);
  sweepQueueing(
    `SharedQueue${how}`,
    (maxsize) => pass(new SharedQueue<number>({ maxsize })),
    { end: (queue) => (queue as SharedQueue<number>).close() },
  );

  sweepTest(`SharedEvent${how}, one of three who wait`, () => {
    const event = pass(new SharedEvent());
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

  for (const place of [0, 1, 2]) {
    sweepTest(`SharedCondition${how}, the consumer at place ${place} of three`, () => {
      const condition = pass(new SharedCondition());
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
          assertFalse(condition.locked(), "the lock is held by nobody");
          const next = createTask(async () => {
            using _ = await condition.acquire();
            await condition.wait();
          });
          await settle();
          {
            using _ = await condition.acquire();
            condition.notify();
          }
          await next;
        },
      };
    });

    sweepTest(`SharedBarrier${how}, the one at place ${place} of three`, () => {
      const barrier = pass(new SharedBarrier(3));
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
          assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
          const places = await Promise.all([0, 1, 2].map(() => createTask(() => barrier.wait())));
          assertEquals(places.toSorted(), [0, 1, 2]);
        },
      };
    });
  }
}
