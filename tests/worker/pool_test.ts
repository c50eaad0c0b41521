import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  BrokenWorkerPoolError,
  CancelledError,
  createTask,
  InvalidStateError,
  sleep,
  TimeoutError,
  WorkerCrashedError,
} from "../../mod.ts";
import { FromWorkerKind, ToWorkerKind } from "../../lib/worker/protocol.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

const double = (n: number) => 2 * n;

/** Logs its name, waits until the gate of that name is opened, and returns the name. */
const gated = async (name: string) => {
  world.log.push(`begin ${name}`);
  const gate = new world.future();
  world.gates.set(name, gate);
  try {
    await gate;
  } finally {
    world.log.push(`end ${name}`);
  }
  return name;
};

const note = (name: string) => {
  world.log.push(name);
  return name;
};

function open(world: World, name: string): void {
  world.gates.get(name)!.setResult(undefined);
}

Deno.test("A call gives what the function returns, or resolves with", async () => {
  await using pool = new LoopbackPool(2);
  assertEquals(await pool.submit(double, 21), 42);
  assertEquals(await pool.submit((n: number) => Promise.resolve(n + 1), 1), 2);
  assertEquals(await pool.submit(() => {}), undefined);
});

Deno.test("No worker is started before there is work, nor more than the work needs", async () => {
  makeWorld();
  await using pool = new LoopbackPool(3);
  assertEquals(pool.host.workers.length, 0);
  await pool.submit(double, 1);
  await pool.submit(double, 1);
  assertEquals(pool.host.workers.length, 1);
  const calls = [pool.submit(gated, "a"), pool.submit(gated, "b")];
  await quiet();
  assertEquals(pool.host.workers.length, 2);
  for (const name of ["a", "b"]) open(world, name);
  await Promise.all(calls);
});

Deno.test("Calls begin in the order in which they were made, the higher priority first", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const blocker = pool.submit(gated, "blocker");
  await quiet();
  const calls = [
    pool.submit(note, "a"),
    pool.apply(note, ["low"], { priority: -1 }),
    pool.submit(note, "b"),
    pool.apply(note, ["high"], { priority: 2 }),
    pool.apply(note, ["higher"], { priority: 2.5 }),
    pool.submit(note, "c"),
    pool.apply(note, ["high too"], { priority: 2 }),
  ];
  await quiet();
  open(world, "blocker");
  await Promise.all([blocker, ...calls]);
  assertEquals(log.slice(2), ["higher", "high", "high too", "a", "b", "c", "low"]);
});

Deno.test("What was sent ahead behind a long call goes to a worker that has nothing", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(2);
  const long = pool.submit(gated, "long");
  const short = ["a", "b", "c", "d", "e", "f"].map((name) => pool.submit(note, name));
  assertEquals(await Promise.all(short), ["a", "b", "c", "d", "e", "f"]);
  assertEquals(log[0], "begin long");
  assertEquals(log.slice(1).toSorted(), ["a", "b", "c", "d", "e", "f"]);
  open(world, "long");
  await long;
});

Deno.test("Slow calls are spread, one for each worker", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(4);
  const names = Array.from({ length: 8 }, (_, i) => `${i}`);
  const calls = names.map((name) => pool.submit(gated, name));
  await quiet();
  assertEquals(log, ["begin 0", "begin 1", "begin 2", "begin 3"]);
  assertEquals(pool.executor.stats.busy, 4);
  assertEquals(pool.executor.stats.queued, 4);
  for (const name of names) {
    open(world, name);
    await quiet();
  }
  assertEquals(await Promise.all(calls), names);
});

Deno.test("Of 5,000 calls at once none is lost, doubled or out of place", async () => {
  const world = makeWorld();
  await using pool = new LoopbackPool(3);
  const calls = Array.from({ length: 5_000 }, (_, i) => pool.submit(note, `${i}`));
  const expected = Array.from({ length: 5_000 }, (_, i) => `${i}`);
  assertEquals(await Promise.all(calls), expected);
  assertEquals((world.log as string[]).toSorted(), expected.toSorted());
  assertEquals(pool.executor.stats.completed, 5_000);
});

Deno.test("A waiting call that is cancelled never runs, be it the first, a middle or the last", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const blocker = pool.submit(gated, "blocker");
  await quiet();
  const names = ["a", "b", "c", "d", "e"];
  const calls = names.map((name) => pool.submit(note, name));
  await quiet();
  for (const i of [0, 2, 4]) assert(calls[i]!.cancel("not needed"));
  await assertRejects(() => Promise.resolve(calls[0]!), CancelledError, "not needed");
  open(world, "blocker");
  await blocker;
  assertEquals(await Promise.all([calls[1]!, calls[3]!]), ["b", "d"]);
  await quiet();
  assertEquals(log.slice(2), ["b", "d"]);
  assertEquals(pool.executor.stats.cancelled, 3);
});

Deno.test("A call that is cancelled in the turn in which it was made never runs", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const call = pool.submit(note, "never");
  assert(call.cancel());
  assert(call.cancelled());
  assertFalsy(call.cancel());
  await pool.submit(note, "next");
  assertEquals(log, ["next"]);
});

Deno.test("A running call that is cancelled is asked to stop, and its caller hears at once", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const call = pool.submit(gated, "call");
  const next = pool.submit(note, "next");
  await quiet();
  assert(call.cancel("enough"));
  assert(call.cancelled());
  assertEquals(log, ["begin call"]);
  assertEquals(await next, "next");
  assertEquals(log, ["begin call", "end call", "next"]);
  assertEquals(pool.host.workers.length, 1);
});

Deno.test("A task that awaits a call and is cancelled stops it", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const task = createTask(async () => await pool.submit(gated, "call"));
  await quiet();
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  await quiet();
  assertEquals(log, ["begin call", "end call"]);
});

Deno.test("A call that does not stop in time costs its worker; the others go on elsewhere", async () => {
  using time = new FakeTime();
  const { log } = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: 500 });
  const stubborn = pool.submit(async () => {
    world.log.push("begin");
    await new Promise(() => {});
  });
  const next = pool.submit(note, "next");
  await quiet();
  stubborn.cancel();
  await quiet();
  time.tick(499);
  await quiet();
  assertEquals(log, ["begin"]);
  assertFalsy(pool.host.workers[0]!.killed);
  time.tick(1);
  assertEquals(await next, "next");
  assert(pool.host.workers[0]!.killed);
  assertEquals(pool.host.workers.length, 2);
  assertEquals(pool.executor.stats.crashed, 0);
});

Deno.test("A call that stops in time keeps its worker, though others are cancelled after it", async () => {
  using time = new FakeTime();
  makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: 500 });
  const first = pool.submit(gated, "first");
  await quiet();
  first.cancel();
  await quiet();
  const second = pool.submit(gated, "second");
  await quiet();
  time.tick(400);
  second.cancel();
  await quiet();
  time.tick(499);
  await quiet();
  assertEquals(pool.host.living.length, 1);
  assertEquals(await pool.submit(double, 1), 2);
});

Deno.test("A worker that cannot be killed counts as stuck, and the next call works", async () => {
  using time = new FakeTime();
  makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: 10 });
  pool.host.stubborn = true;
  const call = pool.submit(async () => await new Promise(() => {}));
  await quiet();
  call.cancel();
  time.tick(10);
  await quiet();
  assertEquals(pool.executor.stats.stuck, 1);
  assertEquals(await pool.submit(double, 4), 8);
  assertFalsy(pool.host.workers[0]!.held);
  pool.host.workers[0]!.die();
  assertEquals(pool.executor.stats.stuck, 0);
});

Deno.test("The end of a pool waits for workers without a job, as slow as they may be to go", async () => {
  using time = new FakeTime();
  for (const boots of [true, false]) {
    makeWorld();
    const pool = new LoopbackPool({ maxWorkers: 1, minWorkers: 1 });
    pool.host.boots = boots;
    if (boots) assertEquals(await pool.submit(double, 4), 8);
    pool.host.stubborn = true;
    let ended = false;
    const ending = pool.executor.terminate().then(() => ended = true);
    await quiet();
    time.tick(2_000);
    await quiet();
    assertFalsy(ended);
    pool.host.workers[0]!.die();
    await ending;
    assertEquals(pool.executor.stats.stuck, 0);
  }
});

Deno.test("The end of a pool does not wait for a worker that cannot be stopped in its job", async () => {
  using time = new FakeTime();
  makeWorld();
  const pool = new LoopbackPool(1);
  pool.host.stubborn = true;
  const call = pool.submit(async () => await new Promise(() => {}));
  await quiet();
  let ended = false;
  const ending = pool.executor.terminate().then(() => ended = true);
  await assertRejects(() => call, CancelledError);
  // The clock that is read here is no fake one.
  while (!ended) {
    await quiet();
    time.tick(250);
  }
  await ending;
  assertEquals(pool.executor.stats.stuck, 1);
  pool.host.workers[0]!.die();
});

Deno.test("The end of a pool does not wait for a worker that cannot be stopped in its initializer", async () => {
  using time = new FakeTime();
  makeWorld();
  const pool = new LoopbackPool({
    maxWorkers: 1,
    initializer: async () => await new Promise(() => {}),
  });
  pool.host.stubborn = true;
  const call = pool.submit(double, 1);
  await quiet();
  let ended = false;
  const ending = pool.executor.terminate().then(() => ended = true);
  await assertRejects(() => call, CancelledError);
  assertEquals(pool.executor.stats.stuck, 1);
  // The clock that is read here is no fake one.
  while (!ended) {
    await quiet();
    time.tick(250);
  }
  pool.host.workers[0]!.die();
  await ending;
  assertEquals(pool.executor.stats.stuck, 0);
});

Deno.test("The end of a pool waits for a worker that was killed in its job, where that is certain", async () => {
  using time = new FakeTime();
  for (const end of ["shutdown", "terminate"] as const) {
    makeWorld();
    const pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: 10 });
    pool.host.killsBusy = true;
    pool.host.stubborn = true;
    const call = pool.submit(async () => await new Promise(() => {}));
    await quiet();
    call.cancel();
    time.tick(10);
    await assertRejects(() => call, CancelledError);
    assert(pool.host.workers[0]!.killed);
    let ended = false;
    const ending = pool.executor[end](undefined).then(() => ended = true);
    await quiet();
    time.tick(5_000);
    await quiet();
    assertEquals([ended, pool.executor.stats.stuck], [false, 0]);
    pool.host.workers[0]!.die();
    await ending;
    assertEquals(pool.executor.stats.stuck, 0);
  }
});

Deno.test("timeout counts from the start of the call, and rejects at once", async () => {
  using time = new FakeTime();
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const blocker = pool.submit(gated, "blocker");
  const call = pool.apply(gated, ["call"], { timeout: 100 });
  await quiet();
  time.tick(1_000);
  await quiet();
  assertFalsy(call.done());
  open(world, "blocker");
  await blocker;
  await quiet();
  time.tick(99);
  await quiet();
  assertFalsy(call.done());
  time.tick(1);
  await assertRejects(() => Promise.resolve(call), TimeoutError);
  await quiet();
  assertEquals(log.at(-1), "end call");
});

Deno.test("Calls with a time limit are sent ahead, and each has its own time from its turn on", async () => {
  using time = new FakeTime();
  const { log } = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: Infinity });
  await pool.submit(note, "up");
  const names = ["a", "b", "c", "d"];
  const calls = names.map((name) => pool.apply(gated, [name], { timeout: 100 }));
  await quiet();
  const { posted } = pool.host.workers[0]!;
  assertEquals(posted.filter(([kind]) => kind === ToWorkerKind.Calls).length, 1 + names.length);
  for (const name of ["a", "b", "c"]) {
    time.tick(99);
    await quiet();
    assertEquals(log.at(-1), `begin ${name}`);
    open(world, name);
    await quiet();
  }
  assertEquals(await Promise.all(calls.slice(0, 3)), ["a", "b", "c"]);
  time.tick(99);
  await quiet();
  assertFalsy(calls[3]!.done());
  time.tick(1);
  await assertRejects(() => Promise.resolve(calls[3]), TimeoutError);
});

Deno.test("The time of a call does not run while its worker boots, or while it waits again", async () => {
  using time = new FakeTime();
  makeWorld();
  await using pool = new LoopbackPool(1);
  pool.host.boots = false;
  const first = pool.apply(gated, ["first"], { timeout: 100 });
  await quiet();
  time.tick(1_000);
  await quiet();
  assertFalsy(first.done());
  pool.host.workers[0]!.boot();
  await quiet();
  // It is sent and not taken in; something more urgent takes its place.
  const late = pool.apply(gated, ["late"], { timeout: 100 });
  await undefined;
  open(world, "first");
  assertEquals(await first, "first");
  await quiet();
  time.tick(60);
  open(world, "late");
  assertEquals(await late, "late");
});

Deno.test("A call that ends in time leaves no timer behind", async () => {
  await using pool = new LoopbackPool(1);
  assertEquals(await pool.apply(double, [1], { timeout: 1_000_000 }), 2);
  assertEquals(await pool.apply(double, [1], { timeout: Infinity }), 2);
});

Deno.test("signal cancels a call that waits, one that runs, and one that was never sent", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const running = pool.apply(gated, ["running"], { signal });
  const waiting = pool.apply(note, ["waiting"], { signal });
  await quiet();
  controller.abort("stop it");
  await assertRejects(() => Promise.resolve(running), CancelledError, "stop it");
  await assertRejects(() => Promise.resolve(waiting), CancelledError, "stop it");
  const late = pool.apply(note, ["late"], { signal });
  assert(late.cancelled());
  assertEquals(await pool.submit(note, "next"), "next");
  assertEquals(world.log, ["begin running", "end running", "next"]);
});

Deno.test("Ten thousand calls put one listener on a signal, and take it off again", async () => {
  await using pool = new LoopbackPool(2);
  const { signal } = new AbortController();
  const counts = { added: 0, removed: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    counts.added++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    counts.removed++;
    removeEventListener.apply(signal, args);
  };
  await Promise.all(Array.from({ length: 10_000 }, (_, i) => pool.apply(double, [i], { signal })));
  assertEquals(counts, { added: 1, removed: 1 });
});

Deno.test("A worker that dies rejects the call that it ran; what it had not begun goes on", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const running = pool.submit(gated, "running");
  const waiting = ["a", "b"].map((name) => pool.submit(note, name));
  await quiet();
  pool.host.workers[0]!.die(new Error("no memory"));
  const error = await assertRejects(() => Promise.resolve(running), WorkerCrashedError);
  assertEquals((error.cause as Error).message, "no memory");
  assertEquals(await Promise.all(waiting), ["a", "b"]);
  assertEquals(log, ["begin running", "a", "b"]);
  assertEquals(pool.executor.stats.crashed, 1);
  assertEquals(pool.executor.stats.failed, 1);
});

Deno.test("An error that no call caught ends the worker, and is the cause", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const running = pool.submit(gated, "running");
  await quiet();
  pool.host.workers[0]!.crash(new RangeError("in a timer"));
  const error = await assertRejects(() => Promise.resolve(running), WorkerCrashedError);
  assertInstanceOf(error.cause, RangeError);
  assert(pool.host.workers[0]!.killed);
  assertEquals(await pool.submit(double, 1), 2);
});

Deno.test("A death of an idle worker harms nobody", async () => {
  await using pool = new LoopbackPool(1);
  await pool.submit(double, 1);
  pool.host.workers[0]!.die();
  assertEquals(await pool.submit(double, 2), 4);
  assertEquals(pool.host.workers.length, 2);
  assertEquals(pool.executor.stats.failed, 0);
});

Deno.test("A call whose arguments have moved is not done twice: it fails with its worker", async () => {
  await using pool = new LoopbackPool(1);
  pool.host.boots = false;
  const bytes = new Uint8Array(8);
  const first = pool.submit(double, 1);
  await quiet();
  pool.host.workers[0]!.boot();
  await first;
  const call = pool.apply((b: Uint8Array) => b.length, [bytes], { transfer: [bytes.buffer] });
  assertEquals(bytes.length, 0);
  pool.host.boots = true;
  pool.host.workers[0]!.die();
  await assertRejects(() => Promise.resolve(call), WorkerCrashedError);
});

Deno.test("The time limit of a call whose worker died before it began starts anew", async () => {
  using time = new FakeTime();
  makeWorld();
  await using pool = new LoopbackPool(1);
  await pool.submit(double, 1);
  const call = pool.apply(gated, ["call"], { timeout: 100 });
  await undefined; // It is sent now, and not taken in.
  time.tick(60);
  pool.host.workers[0]!.die();
  await quiet();
  time.tick(60);
  await quiet();
  assertFalsy(call.done());
  time.tick(40);
  await assertRejects(() => Promise.resolve(call), TimeoutError);
});

Deno.test("A hundred deaths in a row leave the pool working", async () => {
  makeWorld();
  await using pool = new LoopbackPool(2);
  for (let i = 0; i < 100; i++) {
    const call = pool.submit(gated, `${i}`);
    await quiet();
    pool.host.living.find((worker) => worker.held)!.die();
    await assertRejects(() => Promise.resolve(call), WorkerCrashedError);
  }
  assertEquals(await pool.submit(double, 1), 2);
  assertEquals(pool.executor.stats.crashed, 100);
});

Deno.test("Workers that die before they are ready break the pool, after the third", async () => {
  await using pool = new LoopbackPool(1);
  pool.host.boots = false;
  const call = pool.submit(double, 1);
  for (let i = 0; i < 3; i++) {
    await quiet();
    assertFalsy(call.done());
    assertEquals(pool.host.workers.length, i + 1);
    pool.host.workers[i]!.die(new SyntaxError("not this"));
  }
  const error = await assertRejects(() => Promise.resolve(call), BrokenWorkerPoolError);
  assertInstanceOf(error.cause, SyntaxError);
  await quiet();
  assertEquals(pool.host.workers.length, 3);
  await assertRejects(() => Promise.resolve(pool.submit(double, 1)), BrokenWorkerPoolError);
});

Deno.test("What a worker said before it died in booting does not count as its start", async () => {
  await using pool = new LoopbackPool(1);
  pool.host.boots = false;
  pool.host.stubborn = true;
  const call = pool.submit(double, 1);
  for (let i = 0; i < 3; i++) {
    await quiet();
    assertEquals(pool.host.workers.length, i + 1);
    const worker = pool.host.workers[i]!;
    worker.say([FromWorkerKind.Crashed, { value: `fault ${i}`, marks: [], boxes: [] }]);
    worker.say([FromWorkerKind.Ready]);
  }
  const error = await assertRejects(() => Promise.resolve(call), BrokenWorkerPoolError);
  assertEquals(error.cause, "fault 2");
  await quiet();
  assertEquals(pool.host.workers.length, 3);
  for (const worker of pool.host.workers) worker.die();
});

Deno.test("One that dies as it boots is made up for by one that does not", async () => {
  await using pool = new LoopbackPool(1);
  for (let round = 0; round < 5; round++) {
    pool.host.boots = false;
    const call = pool.submit(double, round);
    await quiet();
    pool.host.workers.at(-1)!.die();
    pool.host.boots = true;
    assertEquals(await call, 2 * round);
    pool.host.workers.at(-1)!.die();
  }
});

Deno.test("A host that cannot start a worker breaks the pool", async () => {
  await using pool = new LoopbackPool(1);
  pool.host.refusal = new Error("no permission");
  const error = await assertRejects(
    () => Promise.resolve(pool.submit(double, 1)),
    BrokenWorkerPoolError,
    "no permission",
  );
  assertEquals((error.cause as Error).message, "no permission");
});

Deno.test("The initializer runs once in each worker, before its calls, with its arguments", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool({
    maxWorkers: 2,
    initializer: async (...args: unknown[]) => {
      await world.sleep(0);
      world.log.push(args);
    },
    initargs: ["a", { b: 1 }],
  });
  await Promise.all([pool.submit(gated, "x"), pool.submit(gated, "y"), openAll(["x", "y"])]);
  await pool.submit(note, "z");
  assertEquals(log[0], ["a", { b: 1 }]);
  assertEquals(log.filter(Array.isArray).length, 2);
});

Deno.test("An initializer that fails breaks the pool: every call rejects with its cause", async () => {
  for (
    const initializer of [
      () => {
        throw new RangeError("no database");
      },
      () => Promise.reject(new RangeError("no database")),
    ]
  ) {
    await using pool = new LoopbackPool({ maxWorkers: 2, initializer });
    const calls = [1, 2, 3].map((n) => pool.submit(double, n));
    for (const call of calls) {
      const error = await assertRejects(
        () => Promise.resolve(call),
        BrokenWorkerPoolError,
        "no database",
      );
      assertInstanceOf(error.cause, RangeError);
    }
    await assertRejects(() => Promise.resolve(pool.submit(double, 1)), BrokenWorkerPoolError);
    await assertRejects(async () => await pool.map(double, [1]), BrokenWorkerPoolError);
    await quiet();
    assertEquals(pool.host.living, []);
  }
});

Deno.test("initargs that cannot be cloned break the pool with a clear cause", async () => {
  await using pool = new LoopbackPool({ initializer: () => {}, initargs: [() => {}] });
  await assertRejects(
    () => Promise.resolve(pool.submit(double, 1)),
    BrokenWorkerPoolError,
    "Cannot send initargs: [0] is a function and cannot be cloned",
  );
});

Deno.test("maxTasksPerWorker: a worker goes after so many calls, and a new one takes over", async () => {
  makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, maxTasksPerWorker: 2 });
  const calls = Array.from({ length: 5 }, (_, i) => pool.submit(double, i));
  assertEquals(await Promise.all(calls), [0, 2, 4, 6, 8]);
  assertEquals(pool.host.workers.length, 3);
  assertEquals(await pool.map(double, [1, 2, 3, 4]), [2, 4, 6, 8]);
  assertEquals(pool.host.workers.length, 5);
  await quiet();
  assert(pool.host.living.length <= 1);
});

Deno.test("idleTimeout ends workers that have nothing to do, and only those", async () => {
  using time = new FakeTime();
  makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 2, idleTimeout: 1_000 });
  const busy = pool.submit(gated, "busy");
  await pool.submit(double, 1);
  await quiet();
  assertEquals(pool.host.living.length, 2);
  time.tick(2_000);
  await quiet();
  assertEquals(pool.host.living.length, 1);
  open(world, "busy");
  await busy;
  await quiet();
  time.tick(2_000);
  await quiet();
  assertEquals(pool.host.living.length, 0);
  assertEquals(await pool.submit(double, 3), 6);
});

Deno.test("A worker holds the program alive exactly while it has something to do", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const call = pool.submit(gated, "call");
  await quiet();
  const [worker] = pool.host.workers;
  assert(worker!.held);
  open(world, "call");
  await call;
  assertFalsy(worker!.held);
  const other = pool.submit(gated, "other");
  assert(worker!.held);
  await quiet();
  other.cancel();
  assert(worker!.held);
  await quiet();
  assertFalsy(worker!.held);
});

Deno.test("shutdown waits for what is there, and takes nothing new", async () => {
  makeWorld();
  const pool = new LoopbackPool(1);
  const calls = [pool.submit(gated, "a"), pool.submit(note, "b")];
  await quiet();
  const ended = createTask(() => pool.executor.shutdown(undefined));
  await quiet();
  assertThrows(() => pool.submit(double, 1), InvalidStateError, "is shut down");
  assertThrows(() => pool.map(double, [1]), InvalidStateError, "is shut down");
  assertFalsy(ended.done());
  open(world, "a");
  assertEquals(await Promise.all(calls), ["a", "b"]);
  await ended;
  await pool.executor.shutdown(undefined);
  assertEquals(pool.host.living, []);
  assertEquals(pool.executor.stats.workers, 0);
});

Deno.test("shutdown with cancelFutures cancels what has not begun, and waits for what has", async () => {
  const { log } = makeWorld();
  const pool = new LoopbackPool(1);
  const running = pool.submit(gated, "running");
  const waiting = [pool.submit(note, "a"), pool.submit(note, "b")];
  await quiet();
  const ended = pool.executor.shutdown({ cancelFutures: true });
  for (const call of waiting) await assertRejects(() => Promise.resolve(call), CancelledError);
  open(world, "running");
  assertEquals(await running, "running");
  await ended;
  assertEquals(log, ["begin running", "end running"]);
});

Deno.test("shutdown without wait returns at once, and the work is done nevertheless", async () => {
  makeWorld();
  const pool = new LoopbackPool(1);
  const call = pool.submit(gated, "call");
  await quiet();
  await pool.executor.shutdown({ wait: false });
  open(world, "call");
  assertEquals(await call, "call");
  await pool.executor.join();
});

Deno.test("A task that waits for a shutdown can be cancelled; others wait on", async () => {
  makeWorld();
  const pool = new LoopbackPool(1);
  const call = pool.submit(gated, "call");
  await quiet();
  const one = createTask(() => pool.executor.shutdown(undefined));
  const two = createTask(() => pool.executor.shutdown(undefined));
  await quiet();
  one.cancel();
  await assertRejects(() => Promise.resolve(one), CancelledError);
  open(world, "call");
  await two;
  assertEquals(await call, "call");
});

Deno.test("close and join: join wants a closed pool, and waits for the workers to go", async () => {
  const pool = new LoopbackPool(1);
  await assertRejects(() => pool.executor.join(), InvalidStateError);
  const call = pool.submit(double, 2);
  pool.executor.close();
  pool.executor.close();
  assertThrows(() => pool.submit(double, 1), InvalidStateError);
  await pool.executor.join();
  assertEquals(call.result(), 4);
  assertEquals(pool.host.living, []);
});

Deno.test("A pool that never had work ends at once", async () => {
  const pool = new LoopbackPool(1);
  await pool.executor.shutdown(undefined);
  const other = new LoopbackPool(1);
  await other.executor.terminate();
});

Deno.test("terminate cancels everything at once", async () => {
  const { log } = makeWorld();
  const pool = new LoopbackPool(1);
  const calls = [pool.submit(gated, "a"), pool.submit(note, "b")];
  const map = pool.map(double, [1, 2, 3]);
  const mapped = map.then(() => "done", (error) => error);
  await quiet();
  await pool.executor.terminate();
  for (const call of calls) await assertRejects(() => Promise.resolve(call), CancelledError);
  assertInstanceOf(await mapped, CancelledError);
  assertEquals(log, ["begin a"]);
  assertEquals(pool.host.living, []);
  await pool.executor.join();
});

Deno.test("An argument that cannot be cloned fails its call alone, and is named", async () => {
  await using pool = new LoopbackPool(1);
  // deno-lint-ignore no-explicit-any
  const echo = (...args: any[]) => args.length;
  const calls = [
    pool.submit(echo, 1),
    pool.submit(echo, 1, () => 2),
    pool.submit(echo, { deep: [new Map([["key", Promise.resolve()]])] }),
    pool.submit(echo, 4),
  ];
  assertEquals(await calls[0], 1);
  await assertRejects(
    () => Promise.resolve(calls[1]!),
    TypeError,
    "Cannot send argument 2: it is a function and cannot be cloned",
  );
  await assertRejects(
    () => Promise.resolve(calls[2]!),
    TypeError,
    'Cannot send argument 1: .deep[0].get("key") is an instance of Promise and cannot be cloned',
  );
  assertEquals(await calls[3], 1);
});

Deno.test("An argument that throws when it is read fails its call alone", async () => {
  const pool = new LoopbackPool(1);
  const trap = {
    get value(): number {
      throw new RangeError("a trap");
    },
  };
  const call = pool.submit((x: unknown) => x, trap);
  await assertRejects(() => Promise.resolve(call), RangeError, "a trap");
  await assertRejects(async () => await pool.map((x: unknown) => x, [trap]), RangeError, "a trap");
  assertEquals(await pool.submit(double, 1), 2);
  await pool.executor.shutdown(undefined);
});

Deno.test("An argument that moves is not taken for the one that cannot be cloned", async () => {
  await using pool = new LoopbackPool(1);
  const { port1, port2 } = new MessageChannel();
  const call = pool.apply(
    (...args: unknown[]) => args.length,
    [{ port: port2 }, () => 1],
    { transfer: [port2] },
  );
  await assertRejects(() => Promise.resolve(call), TypeError, "Cannot send argument 2");
  port1.close();
  port2.close();
});

Deno.test("A result that cannot be cloned fails its call alone, and is named", async () => {
  await using pool = new LoopbackPool(1);
  await assertRejects(
    () => Promise.resolve(pool.submit(() => ({ list: [1, () => 2] }))),
    TypeError,
    "Cannot send the result: .list[1] is a function and cannot be cloned",
  );
  assertEquals(await pool.submit(double, 1), 2);
});

Deno.test("onWorkerExit is told of every worker that ends, and of why", async () => {
  makeWorld();
  const exits: unknown[] = [];
  const pool = new LoopbackPool({
    maxWorkers: 1,
    name: "p",
    onWorkerExit: ({ name, crashed, cause }) => {
      exits.push([name, crashed, (cause as Error | undefined)?.message]);
    },
  });
  const call = pool.submit(gated, "call");
  await quiet();
  pool.host.workers[0]!.die(new Error("oops"));
  await assertRejects(() => Promise.resolve(call), WorkerCrashedError);
  await pool.submit(double, 1);
  await pool.executor.shutdown(undefined);
  assertEquals(exits, [["p-1", true, "oops"], ["p-2", false, undefined]]);
});

Deno.test("2,000 functions and more: a worker forgets, and is told again", async () => {
  await using pool = new LoopbackPool(1);
  const functions = Array.from(
    { length: 5_000 },
    (_, i) => new Function(`return (n) => n + ${i}`)() as (n: number) => number,
  );
  const calls = functions.map((fn) => pool.submit(fn, 1));
  assertEquals(await Promise.all(calls), functions.map((fn) => fn(1)));
  assertEquals(await pool.submit(functions[0]!, 2), 2);
});

Deno.test("Call numbers go round without harm", async () => {
  await using pool = new LoopbackPool(1);
  for (let i = 0; i < 3_000; i++) assertEquals(await pool.submit(double, i), 2 * i);
});

async function openAll(names: string[]): Promise<void> {
  for (const name of names) {
    while (!world.gates.has(name)) await sleep(0);
    world.gates.get(name)!.setResult(undefined);
  }
}

function assertFalsy(value: unknown): void {
  assertEquals(Boolean(value), false);
}

/** Cancels itself as it begins, and goes on for ever. */
const deaf = async () => {
  (world as unknown as { cancel(): void }).cancel();
  for (;;) await new Promise(() => {});
};

Deno.test("A call cancelled before the end of the one before is heard of has a grace of its own", async () => {
  using time = new FakeTime();
  const world = makeWorld();
  await using pool = new LoopbackPool({ maxWorkers: 1, cancelGrace: 1_000 });
  const first = pool.submit(gated, "first");
  await quiet();
  // It begins in the worker when the answer of the first is on its way.
  const second = pool.submit(deaf);
  Object.assign(world, { cancel: () => second.cancel() });
  const ends = Promise.allSettled([first, second]);
  first.cancel();
  await ends;
  await quiet();
  assertEquals(pool.host.living.length, 1);
  await time.tickAsync(1_001);
  assertEquals(pool.host.workers[0]!.killed, true);
  assertEquals(await pool.submit(double, 2), 4);
});
