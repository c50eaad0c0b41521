import { assert, assertEquals, assertRejects } from "@std/assert";
import { CancelledError, createTask, WorkerCrashedError } from "../../mod.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

function* counting() {
  try {
    for (let n = 0;; n++) {
      world.log.push(n);
      yield n;
    }
  } finally {
    world.log.push("finally");
  }
}

Deno.test("stream gives the values of a generator, sync or async, in order", async () => {
  await using pool = new LoopbackPool(1);
  const sync = pool.stream(function* () {
    for (let i = 0; i < 100; i++) yield i;
  });
  assertEquals(await Array.fromAsync(sync), Array.from({ length: 100 }, (_, i) => i));
  const async = pool.stream(async function* () {
    for (let i = 0; i < 40; i++) {
      await undefined;
      yield i;
    }
  });
  assertEquals(await Array.fromAsync(async), Array.from({ length: 40 }, (_, i) => i));
  assertEquals(await Array.fromAsync(pool.stream(() => ["a", "b"])), ["a", "b"]);
  assertEquals(await Array.fromAsync(pool.stream(function* () {})), []);
});

Deno.test("A generator runs ahead of the loop by some values, not more", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const values = pool.stream(counting)[Symbol.asyncIterator]();
  await values.next();
  await quiet();
  assertEquals(log.length, 16);
  for (let i = 0; i < 100; i++) {
    await values.next();
    await quiet();
    assert(log.length <= i + 2 + 16, `${log.length} after ${i + 2}`);
  }
  await values.return!();
});

Deno.test("Leaving the loop runs the finally blocks in the worker, and frees it", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  for await (const n of pool.stream(counting)) if (n === 2) break;
  assertEquals(await pool.submit(() => "next"), "next");
  assertEquals(log.at(-1), "finally");
  assertEquals(pool.host.workers.length, 1);
});

Deno.test("Leaving the loop reaches a generator that waits", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const stream = pool.stream(async function* () {
    try {
      yield 1;
      await new world.future();
    } finally {
      await world.sleep(0);
      world.log.push("finally");
    }
  });
  for await (const _ of stream) {
    await quiet();
    break;
  }
  assertEquals(await pool.submit(() => "next"), "next");
  assertEquals(log, ["finally"]);
});

Deno.test("A task that waits for a value and is cancelled stops the generator", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const task = createTask(async () => {
    const stream = pool.stream(async function* () {
      try {
        yield 1;
        await new world.future();
      } finally {
        world.log.push("finally");
      }
    });
    for await (const n of stream) world.log.push(n);
  });
  await quiet();
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  await quiet();
  assertEquals(log, [1, "finally"]);
});

Deno.test("What a generator throws comes after its values", async () => {
  await using pool = new LoopbackPool(1);
  const found: number[] = [];
  const stream = pool.stream(function* () {
    yield 1;
    yield 2;
    throw new RangeError("three");
  });
  await assertRejects(
    async () => {
      for await (const n of stream) found.push(n);
    },
    RangeError,
    "three",
  );
  assertEquals(found, [1, 2]);
});

Deno.test("A value that cannot be cloned ends the stream, and runs the finally blocks", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const stream = pool.stream(function* (): Generator<unknown> {
    try {
      yield 1;
      yield () => 2;
    } finally {
      world.log.push("finally");
    }
  });
  await assertRejects(
    () => Array.fromAsync(stream),
    TypeError,
    "is a function and cannot be cloned",
  );
  assertEquals(log, ["finally"]);
});

Deno.test("Nothing happens before the loop begins; each loop runs the generator anew", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const stream = pool.stream(function* () {
    world.log.push("begin");
    yield 1;
  });
  await quiet();
  assertEquals(log, []);
  assertEquals(await Array.fromAsync(stream), [1]);
  assertEquals(await Array.fromAsync(stream), [1]);
  assertEquals(log, ["begin", "begin"]);
  const unused = stream[Symbol.asyncIterator]();
  await unused.return!();
  assertEquals(await unused.next(), { done: true, value: undefined });
});

Deno.test("A worker that dies fails the stream, after the values that came", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const values = pool.stream(async function* () {
    yield 1;
    await new world.future();
  })[Symbol.asyncIterator]();
  assertEquals((await values.next()).value, 1);
  const next = values.next();
  await quiet();
  pool.host.workers[0]!.die();
  await assertRejects(() => next, WorkerCrashedError);
  assertEquals((await values.next()).done, true);
});

Deno.test("What does not return something iterable is refused with a clear error", async () => {
  await using pool = new LoopbackPool(1);
  const stream = pool.stream((() => 5) as never);
  await assertRejects(
    () => Array.fromAsync(stream),
    TypeError,
    "Cannot stream from a worker: fn must return something iterable, received 5",
  );
});

Deno.test("Shutting down waits for a stream that is being read", async () => {
  const pool = new LoopbackPool(1);
  const values = pool.stream(function* () {
    for (let i = 0; i < 50; i++) yield i;
  })[Symbol.asyncIterator]();
  await values.next();
  const ended = pool.executor.shutdown(undefined);
  let count = 1;
  while (!(await values.next()).done) count++;
  assertEquals(count, 50);
  await ended;
});
