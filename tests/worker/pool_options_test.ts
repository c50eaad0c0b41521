import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProcessPool, QueueFull, WorkerPool } from "../../mod.ts";
import { readPoolOptions } from "../../lib/worker/pool/options.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { FakeTime } from "@std/testing/time";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

const double = (n: number) => 2 * n;
const gated = async (name: string | number) => {
  const gate = new world.future();
  world.gates.set(name, gate);
  await gate;
  return name;
};

for (
  const [Pool, misspelt, message] of [
    [WorkerPool, { processes: 4 }, "known are maxWorkers"],
    [WorkerPool, { max_workers: 4 }, 'did you mean "maxWorkers"'],
    [WorkerPool, { minWorker: 4 }, 'did you mean "minWorkers"'],
    [WorkerPool, { maxtasksperchild: 4 }, "resourceLimits"],
    [ProcessPool, { host: "web" }, 'unknown option "host"'],
    [ProcessPool, { permission: "none" }, 'did you mean "permissions"'],
  ] as [new (options: object) => unknown, object, string][]
) {
  Deno.test(`${Pool.name} refuses the unknown option ${Object.keys(misspelt)}`, () => {
    assertThrows(() => new Pool(misspelt), TypeError, message);
  });
}

Deno.test("minWorkers and maxQueue are refused where they are none", () => {
  const read = (options: object) => readPoolOptions("create a pool", "Test", options);
  assertThrows(() => read({ minWorkers: "1" }), TypeError, "minWorkers must be a number");
  assertThrows(() => read({ minWorkers: -1 }), RangeError, "minWorkers must be a non-negative");
  assertThrows(() => read({ minWorkers: 3, maxWorkers: 2 }), RangeError, "received 3 and 2");
  assertThrows(() => read({ maxQueue: null }), TypeError, "maxQueue must be a number");
  assertThrows(() => read({ maxQueue: 1.5 }), RangeError, "maxQueue must be a non-negative");
  assertEquals(read({ maxQueue: Infinity }).maxQueue, Infinity);
  assertEquals(read({ maxQueue: 0 }).maxQueue, 0);
  // More than there are processors: then there may be so many.
  assertEquals(read({ minWorkers: 1_000 }).maxWorkers, 1_000);
});

Deno.test("minWorkers are started at once, and kept", async () => {
  using time = new FakeTime();
  await using pool = new LoopbackPool({ minWorkers: 2, maxWorkers: 4, idleTimeout: 100 });
  assertEquals(pool.host.workers.length, 2);
  const world = makeWorld();
  const calls = [1, 2, 3, 4].map((n) => pool.submit(gated, n));
  await quiet();
  assertEquals(pool.host.living.length, 4);
  for (const gate of world.gates.values()) gate.setResult(undefined);
  await Promise.all(calls);
  time.tick(101);
  time.tick(101);
  assertEquals(pool.host.living.length, 2);
  pool.host.living[0]!.die();
  await quiet();
  assertEquals(pool.executor.stats.workers, 2);
  // One that dies and dies with nothing to do is let be, until there is something.
  for (let n = 0; n < 10; n++) {
    pool.host.workers.at(-1)!.die();
    await quiet();
  }
  assertEquals(pool.executor.stats.workers < 2, true);
  assertEquals(await pool.submit(double, 2), 4);
  await quiet();
  assertEquals(pool.executor.stats.workers, 2);
});

Deno.test("minWorkers come back when they have done their share", async () => {
  await using pool = new LoopbackPool({ minWorkers: 1, maxWorkers: 1, maxTasksPerWorker: 1 });
  assertEquals(await pool.submit(double, 2), 4);
  await quiet();
  assertEquals(pool.executor.stats.workers, 1);
  assertEquals(pool.host.workers.length, 2);
});

Deno.test("So many calls may wait, those sent ahead included; one more rejects", async () => {
  const world = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, maxQueue: 2 });
  const calls = ["a", "b", "c"].map((name) => pool.submit(gated, name));
  await assertRejects(
    () => pool.submit(double, 1),
    QueueFull,
    "is full, 2 calls wait already",
  );
  await quiet();
  assertEquals(pool.executor.stats.queued, 2);
  await assertRejects(() => pool.apply(double, [1], { priority: 1 }), QueueFull);
  calls[1]!.cancel();
  await assertRejects(() => calls[1]!);
  const more = pool.submit(double, 21);
  await assertRejects(() => pool.submit(double, 1), QueueFull);
  for (const name of ["a", "c"]) {
    world.gates.get(name)?.setResult(undefined);
    await quiet();
  }
  assertEquals(await Promise.all([calls[0]!, calls[2]!, more]), ["a", "c", 42]);
  assertEquals(await pool.submit(double, 1), 2);
});

Deno.test("With maxQueue 0 a call begins at once or rejects", async () => {
  const world = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 2, maxQueue: 0 });
  const calls = ["a", "b"].map((name) => pool.submit(gated, name));
  await assertRejects(() => pool.submit(double, 1), QueueFull);
  await quiet();
  for (const gate of world.gates.values()) gate.setResult(undefined);
  assertEquals(await Promise.all(calls), ["a", "b"]);
});

Deno.test("A map waits for room, and lets no more wait than may", async () => {
  const world = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 2, maxQueue: 1 });
  const calls = ["a", "b", "c"].map((name) => pool.submit(gated, name));
  const items = Array.from({ length: 40 }, (_, n) => n);
  const map = pool.map(double, items, { chunksize: 1 });
  const results = map.then((all) => all);
  await quiet();
  assertEquals(pool.executor.stats.queued, 1);
  for (const name of ["a", "b", "c"]) {
    world.gates.get(name)!.setResult(undefined);
    await quiet();
    assertEquals(pool.executor.stats.queued <= 1, true);
  }
  assertEquals(await results, items.map(double));
  assertEquals(await Promise.all(calls), ["a", "b", "c"]);
});
