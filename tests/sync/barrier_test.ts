import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { Barrier, BrokenBarrierError, CancelledError, createTask } from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";

function team<T>(count: number, fn: (n: number) => Promise<T>) {
  return Array.from({ length: count }, (_, n) => createTask(() => fn(n), { name: `${n}` }));
}

function check(barrier: Barrier, nWaiting: number, broken = false) {
  assertEquals([barrier.nWaiting, barrier.broken], [nWaiting, broken]);
}

Deno.test("Barrier: refuses what is no number of parties", () => {
  for (const parties of ["1", null, undefined, 1n]) {
    assertThrows(
      () => new Barrier(parties as unknown as number),
      TypeError,
      "parties must be a number",
    );
  }
  for (const parties of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new Barrier(parties), RangeError, "parties must be a positive integer");
  }
});

Deno.test("Barrier: with one party nobody waits", async () => {
  const barrier = new Barrier(1);
  assertEquals(barrier.parties, 1);
  assertEquals([await barrier.wait(), await barrier.wait()], [0, 0]);
  check(barrier, 0);
});

Deno.test("Barrier: all go on when the last arrives, each with a place of its own", async () => {
  const barrier = new Barrier(3);
  for (let round = 0; round < 3; round++) {
    const first = team(2, () => barrier.wait());
    await settle();
    check(barrier, 2);
    assert(first.every((task) => !task.done()));
    const last = createTask(() => barrier.wait());
    assertEquals(await Promise.all([...first, last]), [0, 1, 2]);
    check(barrier, 0);
  }
});

Deno.test("Barrier: more than its parties pass in rounds", async () => {
  const barrier = new Barrier(3);
  const places = await Promise.all(team(9, () => barrier.wait()));
  assertEquals(places, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
  check(barrier, 0);
});

Deno.test("Barrier: one who comes while others are leaving waits for the next round", async () => {
  const barrier = new Barrier(3);
  const log: string[] = [];
  const tasks = team(3, async (n) => {
    for (let round = 0; round < 3; round++) {
      await barrier.wait();
      log.push(`${round}`);
      if (n === 0) await giveWay();
    }
  });
  await Promise.all(tasks);
  assertEquals(log.join(""), "000111222");
  check(barrier, 0);
});

for (const [which, index] of [["first", 0], ["middle", 1], ["last", 2]] as const) {
  Deno.test(`Barrier: the ${which} of three leaves when cancelled, and breaks nothing`, async () => {
    const barrier = new Barrier(4);
    const tasks = team(3, () => barrier.wait());
    await settle();
    tasks[index]!.cancel();
    await assertRejects(() => Promise.resolve(tasks[index]!), CancelledError);
    await settle();
    check(barrier, 2);
    const more = team(2, () => barrier.wait());
    await Promise.allSettled([...tasks, ...more]);
    assertEquals([...tasks, ...more].filter((task) => task.cancelled()).length, 1);
    check(barrier, 0);
  });

  Deno.test(`Barrier: the ${which} of three is cancelled when the last has arrived`, async () => {
    const barrier = new Barrier(4);
    const tasks = team(3, () => barrier.wait());
    await settle();
    const last = createTask(async () => {
      await barrier.wait();
      tasks[index]!.cancel();
    });
    await Promise.allSettled([...tasks, last]);
    assertEquals(tasks.map((task) => task.cancelled()), [0, 1, 2].map((i) => i === index));
    check(barrier, 0);
    await Promise.all(team(4, () => barrier.wait()));
    check(barrier, 0);
  });
}

Deno.test("Barrier: abort breaks it for those who wait and those who come", async () => {
  const barrier = new Barrier(3);
  const tasks = team(2, () => barrier.wait());
  await settle();
  await barrier.abort();
  check(barrier, 0, true);
  const results = await Promise.allSettled(tasks);
  assert(results.every((r) => r.status === "rejected" && r.reason instanceof BrokenBarrierError));
  await assertRejects(() => barrier.wait(), BrokenBarrierError, "The barrier was aborted");
  check(barrier, 0, true);
  await barrier.abort();
  await barrier.reset();
  check(barrier, 0);
  assertEquals(await Promise.all(team(3, () => barrier.wait())), [0, 1, 2]);
});

Deno.test("Barrier: reset sends away those who wait, and is good for the next at once", async () => {
  const barrier = new Barrier(3);
  await barrier.reset();
  check(barrier, 0);
  const tasks = team(2, () => barrier.wait());
  await settle();
  await barrier.reset();
  check(barrier, 0);
  const next = team(3, () => barrier.wait());
  const results = await Promise.allSettled(tasks);
  assert(results.every((r) => r.status === "rejected" && r.reason instanceof BrokenBarrierError));
  assertEquals(await Promise.all(next), [0, 1, 2]);
  check(barrier, 0);
});

Deno.test("Barrier: those sent away by a reset may wait again in their clean-up", async () => {
  const barrier = new Barrier(5);
  let broken = 0;
  const tasks = team(4, async () => {
    try {
      await barrier.wait();
    } catch (error) {
      assert(error instanceof BrokenBarrierError);
      broken++;
    } finally {
      await barrier.wait();
    }
  });
  await settle();
  await barrier.reset();
  await Promise.all([...tasks, createTask(() => barrier.wait())]);
  assertEquals(broken, 4);
  check(barrier, 0);
});

// CPython's test_reset_barrier_when_tasks_half_draining.
Deno.test("Barrier: a reset while some have left sends away the others", async () => {
  const barrier = new Barrier(5);
  let left = 0, broken = 0;
  await Promise.all(team(5, async () => {
    try {
      await barrier.wait();
    } catch (error) {
      assert(error instanceof BrokenBarrierError);
      broken++;
      return;
    }
    if (++left === 3) await barrier.reset();
  }));
  assertEquals([left, broken], [3, 2]);
  check(barrier, 0);
});

// CPython's test_reset_barrier_when_tasks_half_draining_half_blocking.
Deno.test("Barrier: a reset sends away those who are leaving, not those who wait to come in", async () => {
  const barrier = new Barrier(5);
  let count = 0, leaving = 0, coming = 0;
  await Promise.all(team(5, async () => {
    try {
      await barrier.wait();
    } catch {
      leaving++;
      await barrier.wait();
      return;
    }
    if (++count > 2) {
      await barrier.reset();
      await barrier.wait();
      return;
    }
    try {
      await barrier.wait();
    } catch {
      coming++;
    }
  }));
  assertEquals([leaving, coming], [2, 0]);
  check(barrier, 0);
});

// CPython's test_abort_barrier_when_tasks_half_draining_half_blocking.
Deno.test("Barrier: an abort sends away those who are leaving and those who wait to come in", async () => {
  const barrier = new Barrier(5);
  let count = 0, leaving = 0, coming = 0;
  await Promise.all(team(5, async () => {
    try {
      await barrier.wait();
    } catch {
      leaving++;
      return;
    }
    if (++count > 2) return await barrier.abort();
    try {
      await barrier.wait();
    } catch {
      coming++;
    }
  }));
  assertEquals([leaving, coming], [2, 2]);
  check(barrier, 0, true);
});

// CPython's test_abort_barrier_when_exception_then_resetting.
Deno.test("Barrier: is as new when it is reset between two uses of another", async () => {
  const one = new Barrier(5), two = new Barrier(5);
  let through = 0, broken = 0, again = 0;
  await Promise.all(team(5, async () => {
    try {
      if (await one.wait() === 2) await one.abort();
      else {
        await one.wait();
        through++;
      }
    } catch (error) {
      assert(error instanceof BrokenBarrierError);
      broken++;
    }
    if (await two.wait() === 2) await one.reset();
    await two.wait();
    await one.wait();
    again++;
  }));
  assertEquals([through, broken, again], [0, 4, 5]);
  check(one, 0);
});

Deno.test("Barrier: works outside any task", async () => {
  const barrier = new Barrier(2);
  assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
  const wait = barrier.wait();
  const refused = assertRejects(() => wait, BrokenBarrierError);
  await barrier.abort();
  await refused;
  assertFalse(barrier.nWaiting > 0);
});

Deno.test("Barrier: lets 100000 pass, and then again", async () => {
  const barrier = new Barrier(100_000);
  for (let round = 0; round < 2; round++) {
    const places = await Promise.all(team(100_000, () => barrier.wait()));
    assert(places.every((place, i) => place === i));
    check(barrier, 0);
  }
});
