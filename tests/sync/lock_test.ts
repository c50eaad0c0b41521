import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, Condition, createTask, InvalidStateError, Lock } from "../../mod.ts";
import { testLocking } from "../contracts/locking.ts";
import { giveWay } from "../support/settled.ts";

testLocking("Lock", () => new Lock(), { overRelease: InvalidStateError });
testLocking("Lock of a Condition", () => new Condition(), { overRelease: InvalidStateError });

Deno.test("Lock: is free between the release and the turn of the one who was woken", async () => {
  const lock = new Lock();
  await lock.acquire();
  const next = createTask(() => lock.acquire());
  await giveWay();
  lock.release();
  assertFalse(lock.locked());
  assertThrows(() => lock.release(), InvalidStateError, "Cannot release a lock: it is not held");
  await next;
  assert(lock.locked());
});

Deno.test("Lock: a free one is taken even by a task that is being cancelled", async () => {
  const lock = new Lock();
  const task = createTask(async () => {
    task.cancel();
    await lock.acquire();
  });
  await assertRejects(() => Promise.resolve(task), CancelledError);
  assert(lock.locked());
});

// CPython's bpo-27585 and bpo-32734.
Deno.test("Lock: a release and a cancellation in the same step reach the third in line", async () => {
  const lock = new Lock();
  await lock.acquire();
  const log: string[] = [];
  const enter = (name: string) =>
    createTask(async () => {
      using _ = await lock.acquire();
      log.push(name);
      await giveWay();
    });
  const [a, b, c] = [enter("a"), enter("b"), enter("c")];
  await giveWay();
  b!.cancel();
  lock.release();
  a!.cancel();
  await Promise.allSettled([a, b, c]);
  assertEquals(log, ["c"]);
  assertFalse(lock.locked());
});

Deno.test("Lock: one cancelled at the head leaves before the next is woken, as in CPython", async () => {
  const lock = new Lock();
  await lock.acquire();
  const first = createTask(() => lock.acquire());
  const second = createTask(() => lock.acquire());
  await giveWay();
  first.cancel();
  lock.release();
  // The first still stands in line, so a newcomer waits; the second is not woken yet.
  assertEquals(lock.tryAcquire(), undefined);
  await second;
  assert(first.cancelled());
  assert(lock.locked());
});

Deno.test("Lock: a newcomer takes a free one when all in line are cancelled", async () => {
  const lock = new Lock();
  await lock.acquire();
  const waits = [1, 2, 3].map(() => createTask(() => lock.acquire()));
  await giveWay();
  for (const wait of waits) wait.cancel();
  lock.release();
  const permit = lock.tryAcquire();
  assert(permit !== undefined);
  await Promise.allSettled(waits);
  assert(lock.locked());
  permit[Symbol.dispose]();
  assertFalse(lock.locked());
});

Deno.test("Lock: a permit calls release() of a subclass", async () => {
  let released = 0;
  class Counting extends Lock {
    override release(): void {
      released++;
      super.release();
    }
  }
  const lock = new Counting();
  {
    using _ = await lock.acquire();
  }
  assertEquals([released, lock.locked()], [1, false]);
});
