/**
 * Every place at which a cancellation can meet a wait of the sync layer, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Barrier, BrokenBarrierError, Condition, createTask, Event, type Task } from "../../mod.ts";
import { giveWay } from "../support/settled.ts";
import {
  checkBarrier,
  checkCondition,
  sweepBarrier,
  sweepCondition,
  sweepEvent,
} from "../contracts/sweep_meeting.ts";
import { endedWell, sweepTest } from "../contracts/sweeping.ts";

// Events.

sweepEvent("Event", () => new Event());

// Conditions.

sweepCondition("Condition", () => new Condition());

sweepTest("Condition, the one who notifies", () => {
  const condition = new Condition();
  let value = 0;
  const victim = createTask(async () => {
    for (let i = 0; i < 2; i++) {
      using _ = await condition.acquire();
      value++;
      condition.notifyAll();
      await giveWay();
    }
  });
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    await condition.waitForPredicate(() => value > 1);
  });
  const rescuer = createTask(async () => {
    await Promise.allSettled([victim]);
    using _ = await condition.acquire();
    value = 2;
    condition.notifyAll();
  });
  return {
    victim,
    others: [waiter, rescuer],
    async check() {
      endedWell([victim, waiter, rescuer]);
      assertFalse(waiter.cancelled());
      await checkCondition(condition);
    },
  };
});

sweepTest("Condition, the release of its block after a wait", () => {
  const condition = new Condition();
  let held = 0;
  const waits: Task<void>[] = [0, 1, 2].map(() =>
    createTask(async () => {
      using _ = await condition.acquire();
      assertEquals(++held, 1);
      try {
        held--;
        try {
          await condition.wait();
        } finally {
          assertEquals(++held, 1, "it does not hold the lock alone");
        }
        await giveWay();
      } finally {
        held--;
      }
    })
  );
  const notifier = createTask(async () => {
    for (let i = 0; i < 20; i++) {
      await giveWay();
      using _ = await condition.acquire();
      condition.notifyAll();
    }
  });
  return {
    victim: waits[1]!,
    others: [...waits, notifier],
    async check() {
      endedWell([...waits, notifier]);
      await checkCondition(condition);
    },
  };
});

// Barriers.

sweepBarrier("Barrier", () => new Barrier(3));

for (const verb of ["reset", "abort"] as const) {
  sweepTest(`Barrier, the one who calls ${verb}`, () => {
    const barrier = new Barrier(3);
    const waits = [0, 1].map(() => createTask(() => barrier.wait()));
    const victim = createTask(async () => {
      await giveWay();
      await barrier[verb]();
      await giveWay();
    });
    const helper = createTask(async () => {
      await Promise.allSettled([victim]);
      await barrier.reset();
    });
    return {
      victim,
      others: [...waits, helper],
      async check() {
        endedWell([victim, ...waits, helper], BrokenBarrierError);
        assert(waits.every((wait) => wait.exception() instanceof BrokenBarrierError));
        await checkBarrier(barrier);
      },
    };
  });
}
