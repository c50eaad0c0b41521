import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { BoundedSemaphore, createTask, Semaphore, sleep } from "../../mod.ts";
import { testLocking } from "../contracts/locking.ts";
import { giveWay, settle } from "../support/settled.ts";

testLocking("Semaphore", () => new Semaphore(), { permitsDie: false });
testLocking("BoundedSemaphore", () => new BoundedSemaphore(), {
  overRelease: RangeError,
  permitsDie: false,
});

for (const kind of [Semaphore, BoundedSemaphore]) {
  Deno.test(`${kind.name}: refuses a value that is no count`, () => {
    for (const value of ["1", null, 1n, {}, true]) {
      assertThrows(() => new kind(value as unknown as number), TypeError, "value must be a number");
    }
    for (const value of [-1, 0.5, NaN, Infinity]) {
      assertThrows(() => new kind(value), RangeError, "value must be a non-negative integer");
    }
  });

  Deno.test(`${kind.name}: admits as many as it has permits`, async () => {
    const semaphore = new kind(3);
    let inside = 0, most = 0;
    await Promise.all(Array.from({ length: 20 }, () =>
      createTask(async () => {
        using _ = await semaphore.acquire();
        most = Math.max(most, ++inside);
        await sleep(0);
        inside--;
      })));
    assertEquals([most, semaphore.value, semaphore.locked()], [3, 3, false]);
  });

  Deno.test(`${kind.name}: with no permits at first it is locked`, () => {
    const semaphore = new kind(0);
    assert(semaphore.locked());
    assertStrictEquals(semaphore.tryAcquire(), undefined);
    assertEquals(semaphore.value, 0);
  });

  Deno.test(`${kind.name}: a permit that was handed over is not counted, and is when lost`, async () => {
    const semaphore = new kind(1);
    await semaphore.acquire();
    const wait = createTask(() => semaphore.acquire());
    await giveWay();
    semaphore.release();
    assertEquals([semaphore.value, semaphore.locked()], [0, true]);
    wait.cancel();
    assertEquals([semaphore.value, semaphore.locked()], [0, true]);
    await Promise.allSettled([wait]);
    assertEquals([semaphore.value, semaphore.locked()], [1, false]);
  });
}

Deno.test("BoundedSemaphore: refuses more releases than it has permits", async () => {
  const semaphore = new BoundedSemaphore(2);
  const permit = await semaphore.acquire();
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  assertThrows(() => semaphore.release(), RangeError, "all of its permits are there already, 2");
  assertEquals(semaphore.value, 2);
});

Deno.test("Semaphore: takes more releases than acquires", async () => {
  const semaphore = new Semaphore(0);
  for (let i = 0; i < 3; i++) semaphore.release();
  assertEquals(semaphore.value, 3);
  for (let i = 0; i < 3; i++) await semaphore.acquire();
  assert(semaphore.locked());
});

// CPython's test_acquire_fifo_order_4.
Deno.test("Semaphore: permits that come while one is woken stay for those behind it", async () => {
  const semaphore = new Semaphore(0);
  const log: number[] = [];
  const first = createTask(async () => {
    await semaphore.acquire();
    // The turn of the first has handed on what is left.
    assertEquals(semaphore.value, 0);
    log.push(1);
  });
  const second = createTask(async () => {
    for (let i = 0; i < 3; i++) semaphore.release();
    assertEquals(semaphore.value, 2);
    assert(semaphore.locked(), "the first has not had its turn");
    await semaphore.acquire();
    log.push(2);
  });
  const third = createTask(async () => {
    await semaphore.acquire();
    log.push(3);
  });
  await Promise.all([first, second, third]);
  assertEquals(log, [1, 2, 3]);
  assertEquals(semaphore.value, 0);
});

Deno.test("Semaphore: a cancelled one behind leaves its share to the next", async () => {
  const semaphore = new Semaphore(0);
  const log: number[] = [];
  const waits = [0, 1, 2, 3].map((i) =>
    createTask(async () => {
      await semaphore.acquire();
      log.push(i);
    })
  );
  await giveWay();
  waits[0]!.cancel();
  waits[1]!.cancel();
  semaphore.release();
  await settle();
  assertEquals(log, [2]);
  semaphore.release();
  await Promise.allSettled(waits);
  assertEquals(log, [2, 3]);
  assertFalse(semaphore.value > 0);
});

Deno.test("Semaphore: one who leaves hands on what is left before the one woken takes its turn", async () => {
  const semaphore = new Semaphore(0);
  const log: string[] = [];
  const enter = (name: string) =>
    createTask(async () => {
      try {
        await semaphore.acquire();
        log.push(`${name} ${semaphore.value}`);
      } catch {
        log.push(`${name} left ${semaphore.value}`);
      }
    });
  const [a, b] = [enter("a"), enter("b")];
  await giveWay();
  b.cancel();
  semaphore.release();
  semaphore.release();
  assertEquals(semaphore.value, 1);
  const late = semaphore.acquire();
  await Promise.all([a, b, late]);
  assertEquals(log, ["b left 0", "a 0"]);
});
