import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  InvalidStateError,
  SharedCondition,
  SharedLock,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { arrived, shared } from "./shared.ts";

const ways: [string, () => SharedCondition][] = [
  ["SharedCondition", () => new SharedCondition()],
  ["SharedCondition that others know", () => shared(new SharedCondition())],
  ["SharedCondition that has arrived", () => arrived(new SharedCondition())],
];

async function lineUp(make: () => SharedCondition, names: string) {
  const condition = make();
  const log: string[] = [];
  const waits = [...names].map((name) =>
    createTask(async () => {
      using _ = await condition.acquire();
      await condition.wait();
      log.push(name);
    })
  );
  await settle();
  return { condition, log, waits };
}

for (const [name, make] of ways) {
  Deno.test(`${name}: wakes as many as it notifies, in order`, async () => {
    const { condition, log, waits } = await lineUp(make, "ABCD");
    for (const [n, seen] of [[0, ""], [1, "A"], [2, "ABC"], [9, "ABCD"]] as const) {
      {
        using _ = await condition.acquire();
        condition.notify(n);
        await settle();
      }
      await settle();
      assertEquals(log.join(""), seen);
    }
    await Promise.all(waits);
    assertFalse(condition.locked());
  });

  Deno.test(`${name}: those notified go on only once the lock is free`, async () => {
    const { condition, log, waits } = await lineUp(make, "AB");
    const permit = await condition.acquire();
    condition.notifyAll();
    await settle();
    assertEquals(log, []);
    permit[Symbol.dispose]();
    await Promise.all(waits);
    assertEquals(log, ["A", "B"]);
  });

  Deno.test(`${name}: the permit from before the wait is good after it`, async () => {
    const condition = make();
    const permit = await condition.acquire();
    const waiting = condition.wait();
    {
      using _ = await condition.acquire();
      condition.notify();
    }
    await waiting;
    assert(condition.locked());
    permit[Symbol.dispose]();
    assertFalse(condition.locked());
  });

  for (const [which, index] of [["first", 0], ["middle", 1], ["last", 2]] as const) {
    Deno.test(`${name}: the ${which} of three is cancelled, and the others hear`, async () => {
      for (const when of ["before", "after", "while it acquires"]) {
        const { condition, log, waits } = await lineUp(make, "ABC");
        if (when === "before") waits[index]!.cancel();
        {
          using _ = await condition.acquire();
          condition.notify(when === "before" ? 2 : 1);
          if (when === "while it acquires") await settle();
          if (when !== "before") waits[index]!.cancel();
          await settle();
          // It holds the lock again before it rejects.
          assertFalse(waits[index]!.done());
        }
        await settle();
        assert(waits[index]!.cancelled());
        if (when !== "before") {
          // One of the others was notified, in slot of the one that was cancelled or beside it.
          assertEquals(log.length, 1, when);
          using _ = await condition.acquire();
          condition.notify();
        }
        await Promise.allSettled(waits);
        assertEquals(log.join(""), "ABC".replace("ABC"[index]!, ""));
        assertFalse(condition.locked());
      }
    });
  }

  Deno.test(`${name}: waits for a predicate, which is asked with the lock held`, async () => {
    const condition = make();
    let ready = false;
    const asked: boolean[] = [];
    const task = createTask(async () => {
      using _ = await condition.acquire();
      return await condition.waitForPredicate(() => {
        asked.push(condition.locked());
        return ready;
      });
    });
    await settle();
    for (ready of [false, true]) {
      using _ = await condition.acquire();
      condition.notify();
    }
    assertEquals(await task, true);
    assertEquals(asked.every(Boolean), true);
  });
}

Deno.test("SharedCondition: refuses those who do not hold the lock, and nonsense", async () => {
  const condition = new SharedCondition();
  assertThrows(() => condition.notify(), InvalidStateError, "does not hold its lock");
  assertThrows(() => condition.notifyAll(), InvalidStateError);
  await assertRejects(() => condition.wait(), InvalidStateError);
  await assertRejects(() => condition.waitForPredicate(() => false), InvalidStateError);
  await assertRejects(() => condition.waitForPredicate(5 as never), TypeError);
  assertThrows(() => new SharedCondition({} as never), TypeError, "SharedLock");
  assertThrows(() => new SharedCondition(undefined, 5 as never), TypeError);
  using _ = await condition.acquire();
  assertThrows(() => condition.notify(-1), RangeError);
  assertThrows(() => condition.notify("1" as never), TypeError);
  assertThrows(() => condition.waitSync(), InvalidStateError, '"wait"');
  await assertRejects(
    () => condition.waitForPredicate(() => Promise.resolve(true) as never),
    TypeError,
    "boolean",
  );
});

Deno.test("SharedCondition: two may share a lock, here and elsewhere", async () => {
  const lock = new SharedLock();
  const full = new SharedCondition(lock);
  const empty = new SharedCondition(lock);
  const elsewhere = arrived(full);
  const waiting = createTask(async () => {
    using _ = await full.acquire();
    await full.wait();
  });
  await settle();
  {
    using _ = await elsewhere.acquire();
    assert(lock.locked() && empty.locked());
    empty.notify();
    await settle();
    assertFalse(waiting.done());
    elsewhere.notify();
  }
  await waiting;
});

Deno.test("SharedCondition: blocks for no longer than told, and holds the lock then", () => {
  const condition = new SharedCondition(undefined, { allowBlockingMain: true });
  assertThrows(() => condition.waitSync(1), InvalidStateError, "does not hold");
  using _ = condition.acquireSync();
  assertFalse(condition.waitSync(0));
  assertFalse(condition.waitSync(2));
  assert(condition.locked());
  let asked = 0;
  assertFalse(condition.waitForPredicateSync(() => ++asked < 0, 2));
  assert(asked >= 1);
  assert(condition.waitForPredicateSync(() => true, 0));
});

Deno.test("SharedCondition: cancelled twice, it still holds the lock when it rejects", async () => {
  const condition = new SharedCondition();
  let held: boolean | undefined;
  const task = createTask(async () => {
    using _ = await condition.acquire();
    try {
      await condition.wait();
    } finally {
      held = condition.locked();
    }
  });
  await settle();
  const permit = await condition.acquire();
  task.cancel();
  await settle();
  task.cancel();
  await settle();
  assertFalse(task.done());
  permit[Symbol.dispose]();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  assertEquals(held, true);
  assertFalse(condition.locked());
});
