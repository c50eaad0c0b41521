/**
 * Every place at which a cancellation can meet a wait of the sync layer, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Barrier, BrokenBarrierError, Condition, createTask, Event, type Task } from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";
import { endedWell, sweepTest } from "../contracts/sweeping.ts";

// Events.

sweepTest("Event, one of three who wait", () => {
  const event = new Event();
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

// Conditions.

async function checkCondition(condition: Condition) {
  assertFalse(condition.locked(), "the lock is held by nobody");
  const next = createTask(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  });
  await settle();
  using _ = await condition.acquire();
  condition.notify();
  assertFalse(next.done());
  createTask(async () => await next);
}

for (const place of [0, 1, 2]) {
  sweepTest(`Condition, the consumer at place ${place} of three`, () => {
    const condition = new Condition();
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

async function checkBarrier(barrier: Barrier) {
  assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
  const places = await Promise.all(
    Array.from({ length: barrier.parties }, () => createTask(() => barrier.wait())),
  );
  assertEquals(places.toSorted(), Array.from({ length: barrier.parties }, (_, i) => i));
}

for (const place of [0, 1, 2]) {
  sweepTest(`Barrier, the one at place ${place} of three`, () => {
    const barrier = new Barrier(3);
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
