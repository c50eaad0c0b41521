import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  Condition,
  createTask,
  Future,
  InvalidStateError,
  Lock,
  Semaphore,
  type Task,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** Tasks that wait on a condition, in line one behind the other; each logs its number. */
async function lineUp(count: number) {
  const condition = new Condition();
  const log: number[] = [];
  const waits: Task<void>[] = [];
  for (let n = 0; n < count; n++) {
    waits.push(createTask(async () => {
      using _ = await condition.acquire();
      assertStrictEquals(await condition.wait(), true);
      assert(condition.locked());
      log.push(n);
    }));
    await settle();
  }
  assertFalse(condition.locked());
  return { condition, log, waits };
}

Deno.test("Condition: refuses a lock that is none", () => {
  for (const lock of [null, {}, new Semaphore(), 1, "lock"]) {
    assertThrows(() => new Condition(lock as Lock), TypeError, "lock must be a Lock, received");
  }
});

Deno.test("Condition: uses the lock that it is given, and others may use it, too", async () => {
  const lock = new Lock();
  const full = new Condition(lock), empty = new Condition(lock);
  const permit = await full.acquire();
  assert(lock.locked() && empty.locked());
  assertEquals(empty.tryAcquire(), undefined);
  empty.notify();
  permit[Symbol.dispose]();
  assertFalse(full.locked());

  const log: string[] = [];
  const waits = [full, empty].map((condition, i) =>
    createTask(async () => {
      using _ = await lock.acquire();
      await condition.wait();
      log.push(["full", "empty"][i]!);
    })
  );
  await settle();
  await lock.acquire();
  empty.notifyAll();
  lock.release();
  await settle();
  assertEquals(log, ["empty"]);
  await lock.acquire();
  full.notifyAll();
  lock.release();
  await Promise.all(waits);
  assertEquals(log, ["empty", "full"]);
});

Deno.test("Condition: wait and notify need the lock", async () => {
  const condition = new Condition();
  await assertRejects(() => condition.wait(), InvalidStateError, "its lock is not held");
  await assertRejects(() => condition.waitForPredicate(() => false), InvalidStateError);
  assertThrows(() => condition.notify(), InvalidStateError, "Cannot notify");
  assertThrows(() => condition.notifyAll(), InvalidStateError, "Cannot notify");
  assertThrows(() => condition.release(), InvalidStateError);
  assertFalse(condition.locked());
});

Deno.test("Condition: notify refuses what is no count, and notifies nobody", async () => {
  const { condition, log, waits } = await lineUp(1);
  {
    using _ = await condition.acquire();
    for (const n of ["1", null, {}]) {
      assertThrows(() => condition.notify(n as unknown as number), TypeError);
    }
    for (const n of [-1, 0.5, NaN, Infinity]) assertThrows(() => condition.notify(n), RangeError);
    condition.notify(0);
  }
  await settle();
  assertEquals(log, []);
  {
    using _ = await condition.acquire();
    condition.notify(100);
  }
  await Promise.all(waits);
  assertEquals(log, [0]);
});

Deno.test("Condition: notifies as many as asked for, in order of arrival", async () => {
  const { condition, log, waits } = await lineUp(6);
  const notify = async (fn: () => void) => {
    {
      using _ = await condition.acquire();
      fn();
      await settle();
      assert(condition.locked());
    }
    await settle();
    return log.join("");
  };
  assertEquals(await notify(() => condition.notify()), "0");
  assertEquals(await notify(() => condition.notify(2)), "012");
  assertEquals(await notify(() => condition.notifyAll()), "012345");
  assertEquals(await notify(() => condition.notifyAll()), "012345");
  await Promise.all(waits);
  assertFalse(condition.locked());
});

Deno.test("Condition: the permit of the block is good again after the wait", async () => {
  const { condition, waits } = await lineUp(1);
  const early = await condition.acquire();
  condition.notify();
  early[Symbol.dispose]();
  await Promise.all(waits);
  assertFalse(condition.locked(), "the block has not released the lock");

  let permit: Disposable | undefined;
  const waiter = createTask(async () => {
    permit = await condition.acquire();
    await condition.wait();
  });
  await settle();
  const other = await condition.acquire();
  permit![Symbol.dispose]();
  assert(condition.locked(), "the permit of one who waits has released another's hold");
  condition.notify();
  other[Symbol.dispose]();
  await waiter;
  other[Symbol.dispose]();
  assert(condition.locked(), "a permit from meanwhile has released the lock");
  permit![Symbol.dispose]();
  assertFalse(condition.locked());
});

Deno.test("Condition: waits for a predicate, and asks it with the lock held", async () => {
  const condition = new Condition();
  let value = 0;
  const asked: number[] = [];
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    return await condition.waitForPredicate(() => {
      assert(condition.locked());
      asked.push(value);
      return value >= 2;
    });
  });
  for (let i = 0; i < 3; i++) {
    await settle();
    if (waiter.done()) break;
    using _ = await condition.acquire();
    value++;
    condition.notify();
  }
  assertStrictEquals(await waiter, true);
  assertEquals(asked, [0, 1, 2]);
  assertFalse(condition.locked());
});

Deno.test("Condition: a predicate that is true needs no wait and no lock", async () => {
  assertStrictEquals(await new Condition().waitForPredicate(() => true), true);
});

Deno.test("Condition: refuses a predicate that is none", async () => {
  const condition = new Condition();
  using _ = await condition.acquire();
  for (const fn of [undefined, true, {}]) {
    await assertRejects(
      () => condition.waitForPredicate(fn as () => boolean),
      TypeError,
      "fn must",
    );
  }
  const later = (() => Promise.resolve(false)) as unknown as () => boolean;
  await assertRejects(() => condition.waitForPredicate(later), TypeError, "must return a boolean");
  assert(condition.locked());
});

Deno.test("Condition: an error of the predicate comes out with the lock held", async () => {
  const { condition, waits, log } = await lineUp(1);
  let bad = false;
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    await assertRejects(
      () =>
        condition.waitForPredicate(() => {
          if (bad) throw new SyntaxError("no");
          return false;
        }),
      SyntaxError,
    );
    assert(condition.locked());
  });
  await settle();
  bad = true;
  {
    using _ = await condition.acquire();
    condition.notifyAll();
  }
  await Promise.all([waiter, ...waits]);
  assertEquals(log, [0]);
  assertFalse(condition.locked());
});

Deno.test("Condition: a cancelled wait rejects only once it holds the lock", async () => {
  const condition = new Condition();
  const log: string[] = [];
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    try {
      await condition.wait();
    } finally {
      log.push(`holds ${condition.locked()}`);
    }
  });
  await settle();
  const permit = await condition.acquire();
  waiter.cancel("first");
  await settle();
  assertEquals(log, []);
  // It cannot be hurried, and the last of the errors comes out.
  waiter.cancel("second");
  await settle();
  assertEquals(log, []);
  permit[Symbol.dispose]();
  const error = await assertRejects(() => Promise.resolve(waiter), CancelledError);
  assertEquals([error.message, ...log], ["second", "holds true"]);
  assertFalse(condition.locked());
});

Deno.test("Condition: a wait cancelled while it takes the lock again keeps its error", async () => {
  const condition = new Condition();
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  });
  await settle();
  const permit = await condition.acquire();
  condition.notify();
  await settle();
  waiter.cancel("foo");
  permit[Symbol.dispose]();
  await assertRejects(() => Promise.resolve(waiter), CancelledError, "foo");
  assertFalse(condition.locked());
});

for (const [which, index] of [["first", 0], ["middle", 1], ["last", 2]] as const) {
  Deno.test(`Condition: loses no notification when the ${which} of three is cancelled`, async () => {
    for (const when of ["before", "notified", "relocking"]) {
      const condition = new Condition();
      let items = 0, taken = 0;
      const takers = [0, 1, 2].map(() =>
        createTask(async () => {
          using _ = await condition.acquire();
          await condition.waitForPredicate(() => items > 0);
          items--;
          taken++;
        })
      );
      await settle();
      if (when === "before") takers[index]!.cancel();
      {
        using _ = await condition.acquire();
        items = 2;
        condition.notify(2);
        if (when === "relocking") await settle();
        if (when !== "before") takers[index]!.cancel();
      }
      await settle();
      assertEquals([taken, items], [2, 0], when);
      assert(takers[index]!.cancelled());
      assert(takers.every((taker) => taker.done()));
      assertFalse(condition.locked());
    }
  });
}

// As in CPython 3.13: it cannot tell whether it had been notified, so it notifies in any case.
Deno.test("Condition: a wait that is cancelled wakes another one without cause", async () => {
  const { condition, log, waits } = await lineUp(2);
  waits[0]!.cancel();
  await settle();
  assertEquals(log, [1]);
  assert(waits[0]!.cancelled());
  assertFalse(condition.locked());
});

Deno.test("Condition: works outside any task", async () => {
  const condition = new Condition();
  const ready = new Future<void>();
  const waiter = (async () => {
    using _ = await condition.acquire();
    ready.setResult();
    return await condition.wait();
  })();
  await ready;
  const permit = await condition.acquire();
  condition.notify();
  permit[Symbol.dispose]();
  assertStrictEquals(await waiter, true);
  assertFalse(condition.locked());
});

Deno.test("Condition: a release from outside in the middle of a wait harms no later holder", async () => {
  let taken = 0;
  for (let k = 0; k < 20; k++) {
    const { condition, waits } = await lineUp(1);
    const permit = await condition.acquire();
    condition.notify();
    permit[Symbol.dispose]();
    for (let i = 0; i < k; i++) await undefined;
    const held = condition.locked();
    if (held) condition.release();
    const next = condition.tryAcquire();
    await settle();
    if (next !== undefined) {
      taken++;
      assert(condition.locked(), `the hold of another was overwritten or released, ${k}`);
      next[Symbol.dispose]();
    }
    await Promise.allSettled(waits);
    assertFalse(condition.locked(), `${k}`);
  }
  assert(taken > 0);
});

Deno.test("Condition: wakes 100000 in order, with every third cancelled", async () => {
  const condition = new Condition();
  let last = -1, count = 0;
  const waits = Array.from({ length: 100_000 }, (_, i) =>
    createTask(async () => {
      using _ = await condition.acquire();
      await condition.wait();
      assert(i > last);
      last = i;
      count++;
    }));
  await settle();
  const permit = await condition.acquire();
  for (let i = waits.length - 1; i >= 0; i--) {
    if (i % 3 === 0) waits[i]!.cancel();
  }
  condition.notifyAll();
  permit[Symbol.dispose]();
  await Promise.allSettled(waits);
  assertEquals(count, 66_666);
  assertFalse(condition.locked());
});

Deno.test("Condition: of several cancellations the last is delivered, also the one that comes with the lock", async () => {
  const condition = new Condition();
  const task = createTask(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  });
  await settle();
  await condition.acquire();
  task.cancel("while it waits to be notified");
  await settle();
  // In one step: it has been woken for the lock.
  condition.release();
  task.cancel("while it waits for the lock");
  await assertRejects(async () => await task, CancelledError, "while it waits for the lock");
  assertFalse(condition.locked());
});
