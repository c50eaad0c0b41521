import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  createTask,
  Future,
  InvalidStateError,
  type MapOptions,
  sleep,
  TimeoutError,
  WorkerCrashedError,
} from "../../mod.ts";
import { ToWorkerKind } from "../../lib/worker/protocol.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { failureOf, until } from "./helpers.ts";
import { makeWorld, quiet, range, type World } from "./world.ts";

declare const world: World;

const double = (n: number) => 2 * n;

/** Waits until the gate of that number is opened. */
const gated = async (n: number) => {
  const gate = new world.future();
  world.gates.set(n, gate);
  world.log.push(n);
  try {
    await gate;
  } finally {
    world.log.push(-n);
  }
  return n;
};

const failAt7 = (n: number) => {
  if (n % 10 === 7) throw new RangeError(`item ${n}`);
  return n;
};

const unordered = { ordered: false, spread: false };

Deno.test("map gives the results in the order of the items, whatever the chunks", async () => {
  await using pool = new LoopbackPool(3);
  for (const options of [{}, { chunksize: 1 }, { chunksize: 7 }, { chunksize: 1_000 }]) {
    assertEquals(await pool.map(double, range(100), options), range(100).map(double));
    const found = await Array.fromAsync(pool.map(double, range(100), options));
    assertEquals(found, range(100).map(double));
  }
  assertEquals(await pool.map(double, []), []);
  assertEquals(await Array.fromAsync(pool.map(double, [])), []);
});

Deno.test("map takes whatever can be iterated", async () => {
  await using pool = new LoopbackPool(2);
  const twice = (text: unknown) => `${text}${text}`;
  assertEquals(await pool.map(twice, new Set([1, 2])), ["11", "22"]);
  assertEquals(await pool.map(twice, "ab"), ["aa", "bb"]);
  assertEquals(await pool.map(twice, new Uint8Array([3, 4])), ["33", "44"]);
  assertEquals(await pool.map(twice, new Map([[1, 2]]).values()), ["22"]);
  assertEquals(
    await pool.map(
      twice,
      (async function* () {
        yield 1;
        await sleep(0);
        yield 2;
      })(),
    ),
    ["11", "22"],
  );
});

Deno.test("starmap spreads each item", async () => {
  await using pool = new LoopbackPool(2);
  const power = (a: number, b: number) => a ** b;
  const run = pool.executor.map("map", power, [[2, 3], [3, 2]], {}, {
    ordered: true,
    spread: true,
  }, undefined);
  assertEquals(await run, [8, 9]);
});

Deno.test("mapUnordered gives results as they are done", async () => {
  const { gates } = makeWorld();
  await using pool = new LoopbackPool(2);
  const results = pool.map(gated, [1, 2, 3], {}, unordered)[Symbol.asyncIterator]();
  const first = results.next();
  await quiet();
  gates.get(2)!.setResult(undefined);
  assertEquals(await first, { done: false, value: 2 });
  await quiet();
  gates.get(3)!.setResult(undefined);
  assertEquals((await results.next()).value, 3);
  gates.get(1)!.setResult(undefined);
  assertEquals((await results.next()).value, 1);
  assertEquals((await results.next()).done, true);
});

Deno.test("mapUnordered loses nothing over 10,000 items", async () => {
  await using pool = new LoopbackPool(3);
  const all = await pool.map(double, range(10_000), {}, unordered);
  assertEquals(all.toSorted((a, b) => a - b), range(10_000).map(double));
});

Deno.test("Items that wait are spread over all workers, one each", async () => {
  const { gates, log } = makeWorld();
  await using pool = new LoopbackPool(4);
  const results = pool.map(gated, range(17).slice(1)).then((all) => all);
  await quiet();
  assertEquals(log.toSorted(), [1, 2, 3, 4]);
  for (const n of range(17).slice(1)) {
    gates.get(n)!.setResult(undefined);
    await quiet();
  }
  assertEquals(await results, range(17).slice(1));
});

Deno.test("Chunks grow while items are short, and shrink towards the end", async () => {
  await using pool = new LoopbackPool(2);
  await pool.map(double, range(20_000));
  const sizes = pool.host.workers.flatMap((worker) =>
    worker.posted.flatMap((message) =>
      message[0] === 3 && Array.isArray(message[3]) ? [message[3].length] : []
    )
  );
  assert(Math.max(...sizes) > 100, `${sizes}`);
  assert(sizes.length < 2_000, `${sizes.length} chunks`);
  assertEquals(sizes[0], 1);
  assert(sizes.at(-1)! < Math.max(...sizes));
});

Deno.test("The input is read no further than its results are taken", async () => {
  await using pool = new LoopbackPool(2);
  let read = 0;
  let closed = false;
  function* naturals() {
    try {
      for (;;) yield read++;
    } finally {
      closed = true;
    }
  }
  const found: number[] = [];
  for await (const n of pool.map(double, naturals())) {
    found.push(n);
    await quiet();
    assert(read <= 64, `Read ${read} items`);
    if (found.length === 5) break;
  }
  assertEquals(found, [0, 2, 4, 6, 8]);
  assert(closed);
});

Deno.test("buffersize bounds how many items are under way", async () => {
  await using pool = new LoopbackPool(2);
  for (const buffersize of [1, 2, 3, 10]) {
    let read = 0;
    let taken = 0;
    const naturals = function* () {
      for (;;) {
        // The next one is read as a result is handed over.
        assert(read - taken <= buffersize, `Read ${read}, took ${taken}`);
        yield read++;
      }
    };
    for await (const n of pool.map(double, naturals(), { buffersize })) {
      assertEquals(n, 2 * taken++);
      if (taken === 200) break;
    }
  }
});

Deno.test("buffersize bounds what is under way when the whole is awaited, too", async () => {
  makeWorld();
  await using pool = new LoopbackPool(2);
  let most = 0;
  let done = 0;
  function* items() {
    for (let i = 0; i < 50; i++) {
      most = Math.max(most, i + 1 - done);
      yield i;
    }
  }
  const options: MapOptions = { buffersize: 4, onProgress: (n) => done = n };
  assertEquals(await pool.map(double, items(), options), range(50).map(double));
  assert(most <= 4 + 2, `${most} at once`);
});

Deno.test("Nobody listens: what is begun stays within bounds, and is not lost", async () => {
  await using pool = new LoopbackPool(2);
  let read = 0;
  function* naturals() {
    for (let i = 0; i < 1_000; i++) {
      read++;
      yield i;
    }
  }
  const results = pool.map(double, naturals());
  await quiet();
  assert(read > 0 && read < 100, `Read ${read}`);
  assertEquals(await results, range(1_000).map(double));
});

Deno.test("An async input is read as it comes: what is there is sent without waiting for more", async () => {
  await using pool = new LoopbackPool(2);
  const gate = new Future<void>();
  async function* items() {
    yield 1;
    await gate;
    yield 2;
  }
  const results = pool.map(double, items())[Symbol.asyncIterator]();
  assertEquals((await results.next()).value, 2);
  gate.setResult();
  assertEquals((await results.next()).value, 4);
  assertEquals((await results.next()).done, true);
});

Deno.test("The error is that of the first item that failed; what comes after is stopped", async () => {
  await using pool = new LoopbackPool(3);
  for (const options of [{}, { chunksize: 1 }, { chunksize: 5 }, { chunksize: 1_000 }]) {
    await assertRejects(
      async () => await pool.map(failAt7, range(200), options),
      RangeError,
      "item 7",
    );
    const found: number[] = [];
    await assertRejects(
      async () => {
        for await (const n of pool.map(failAt7, range(200), options)) found.push(n);
      },
      RangeError,
      "item 7",
    );
    assertEquals(found, range(7));
  }
  assertEquals(pool.executor.stats.queued, 0);
  assertEquals(await pool.submit(double, 1), 2);
});

Deno.test("A failure stops the other items that run", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(3);
  const results = pool.map(async (n: number) => {
    world.log.push(n);
    if (n === 1) throw new RangeError("one");
    try {
      await new world.future();
    } finally {
      world.log.push(-n);
    }
  }, [1, 2, 3]);
  await assertRejects(async () => await results, RangeError, "one");
  await quiet();
  assertEquals(log.filter((n) => n as number < 0).toSorted(), [-2, -3]);
});

Deno.test("An input that fails fails the map, after the results of what it gave", async () => {
  await using pool = new LoopbackPool(2);
  function* items() {
    yield 1;
    yield 2;
    throw new URIError("no more");
  }
  await assertRejects(async () => await pool.map(double, items()), URIError, "no more");
  const found: number[] = [];
  await assertRejects(async () => {
    for await (const n of pool.map(double, items())) found.push(n);
  }, URIError);
  assertEquals(found, [2, 4]);
  async function* later() {
    yield 1;
    await sleep(0);
    throw new URIError("no more");
  }
  await assertRejects(async () => await pool.map(double, later()), URIError, "no more");
});

Deno.test("Leaving the loop stops the rest and leaves nothing behind", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(2);
  for await (
    const n of pool.map(
      async (n: number) => {
        if (n === 0) return n;
        try {
          await new world.future();
        } finally {
          world.log.push(-n);
        }
        return n;
      },
      range(100),
      { chunksize: 1 },
    )
  ) {
    assertEquals(n, 0);
    break;
  }
  await quiet();
  assertEquals(pool.executor.stats.queued, 0);
  assertEquals(pool.executor.stats.busy, 0);
  assert(log.length <= 3, `${log}`);
});

Deno.test("A task that awaits a map and is cancelled stops it, in both forms", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(2);
  const bodies = [
    async () => void await pool.map(gated, range(10)),
    async () => {
      for await (const _ of pool.map(gated, range(10))) {
        // Nothing comes.
      }
    },
  ];
  for (const body of bodies) {
    log.length = 0;
    const task = createTask(body);
    await quiet();
    assertEquals(log.length, 2);
    task.cancel();
    await assertRejects(() => Promise.resolve(task), CancelledError);
    await quiet();
    assertEquals(log.length, 4);
    assertEquals(pool.executor.stats.queued, 0);
    assertEquals(pool.executor.stats.busy, 0);
  }
});

Deno.test("A source that waits is called off with the map", async () => {
  await using pool = new LoopbackPool(2);
  let closed = 0;
  async function* items() {
    try {
      yield 1;
      await new Future();
    } finally {
      await sleep(0);
      closed++;
    }
  }
  const task = createTask(async () => await pool.map(double, items()));
  await quiet();
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  await quiet();
  assertEquals(closed, 1);
  for await (const _ of pool.map(double, items())) break;
  await quiet();
  assertEquals(closed, 2);
});

Deno.test("timeout counts from the call, and stops everything", async () => {
  using time = new FakeTime();
  const { log } = makeWorld();
  await using pool = new LoopbackPool(2);
  const results = pool.map(gated, range(10), { timeout: 100 });
  const outcome = results.then(() => "done", (error) => error);
  await quiet();
  time.tick(100);
  assertInstanceOf(await outcome, TimeoutError);
  await quiet();
  assertEquals(log.length, 4);
  const iterator = pool.map(gated, range(10), { timeout: 100 })[Symbol.asyncIterator]();
  const next = iterator.next();
  await quiet();
  time.tick(100);
  await assertRejects(() => next, TimeoutError);
  assertEquals((await iterator.next()).done, true);
});

Deno.test("A loop gets what was done in time before it hears of the time limit", async () => {
  for (const kind of [{ ordered: true, spread: false }, unordered]) {
    using time = new FakeTime();
    const { gates } = makeWorld();
    await using pool = new LoopbackPool(2);
    const options = { timeout: 100, chunksize: 1 };
    const iterator = pool.map(gated, range(10), options, kind)[Symbol.asyncIterator]();
    const first = iterator.next();
    await quiet();
    for (const n of [0, 1]) gates.get(n)!.setResult(undefined);
    await quiet();
    assertEquals(await first, { done: false, value: 0 });
    time.tick(100);
    await quiet();
    assertEquals(await iterator.next(), { done: false, value: 1 });
    await assertRejects(() => iterator.next(), TimeoutError);
    assertEquals((await iterator.next()).done, true);
  }
});

Deno.test("signal stops everything, also if it was aborted before", async () => {
  makeWorld();
  await using pool = new LoopbackPool(2);
  const controller = new AbortController();
  const { signal } = controller;
  const outcome = pool.map(gated, range(10), { signal }).then(() => "done", (error) => error);
  await quiet();
  controller.abort("enough");
  const error = await outcome;
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "enough");
  await assertRejects(async () => await pool.map(gated, [1], { signal }), CancelledError);
  await quiet();
  assertEquals(pool.executor.stats.busy, 0);
});

Deno.test("onProgress tells how many items are done, of how many", async () => {
  await using pool = new LoopbackPool(2);
  const seen: unknown[] = [];
  const onProgress = (...args: unknown[]) => seen.push(args);
  await pool.map(double, range(5), { chunksize: 2, onProgress });
  assertEquals(seen.at(-1), [5, 5]);
  assertEquals(seen.length, 3);
  seen.length = 0;
  function* items() {
    yield* [1, 2, 3];
  }
  await pool.map(double, items(), { chunksize: 1, onProgress });
  assertEquals(seen.at(-1), [3, 3]);
});

Deno.test("onProgress that throws fails the map", async () => {
  await using pool = new LoopbackPool(2);
  const onProgress = () => {
    throw new EvalError("progress");
  };
  await assertRejects(async () => await pool.map(double, range(5), { onProgress }), EvalError);
});

Deno.test("A worker that dies between chunks costs the chunk that it ran, and nothing else", async () => {
  const { gates, log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const outcome = pool.map(gated, [1, 2, 3], { chunksize: 1 }).then(() => "done", (error) => error);
  await quiet();
  gates.get(1)!.setResult(undefined);
  await quiet();
  assertEquals(log, [1, -1, 2]);
  pool.host.workers[0]!.die();
  assertInstanceOf(await outcome, WorkerCrashedError);
  assertEquals(await pool.map(double, [1, 2]), [2, 4]);
});

Deno.test("What cannot be cloned is named by its place among the items", async () => {
  await using pool = new LoopbackPool(1);
  const echo = (x: unknown) => x;
  await assertRejects(
    async () => await pool.map(echo, [1, 2, () => 3, 4]),
    TypeError,
    "Cannot send item 3: it is a function and cannot be cloned",
  );
  const bad = (n: number) => n === 3 ? () => n : n;
  const found: unknown[] = [];
  await assertRejects(
    async () => {
      for await (const n of pool.map(bad, [1, 2, 3, 4], { chunksize: 4 })) found.push(n);
    },
    TypeError,
    "Cannot send the result: it is a function and cannot be cloned",
  );
  assertEquals(found, [1, 2]);
});

Deno.test("A result can be awaited again and again, but not awaited after it was iterated", async () => {
  await using pool = new LoopbackPool(1);
  const results = pool.map(double, [1, 2]);
  assertEquals(await results, [2, 4]);
  assertEquals(await results, [2, 4]);
  assertEquals(await Array.fromAsync(results), [2, 4]);
  const iterated = pool.map(double, [1, 2]);
  assertEquals(await Array.fromAsync(iterated), [2, 4]);
  await assertRejects(async () => await iterated, InvalidStateError);
});

Deno.test("next calls side by side each get a result of their own, in order", async () => {
  await using pool = new LoopbackPool(2);
  const iterator = pool.map(double, range(20))[Symbol.asyncIterator]();
  const results = await Promise.all(range(21).map(() => iterator.next()));
  assertEquals(results.slice(0, 20).map(({ value }) => value), range(20).map(double));
  assertEquals(results[20]!.done, true);
});

Deno.test("shutdown waits for a map under way, also one that nobody looks at", async () => {
  const pool = new LoopbackPool(2);
  const awaited = pool.map(double, range(1_000)).then((all) => all.length);
  let read = 0;
  function* items() {
    for (; read < 500; read++) yield read;
  }
  const ignored = pool.map(double, items());
  await pool.executor.shutdown(undefined);
  assertEquals(await awaited, 1_000);
  assertEquals(read, 500);
  assertEquals((await ignored).length, 500);
});

Deno.test("100,000 items, streamed: what is held stays flat", async () => {
  await using pool = new LoopbackPool(2);
  let read = 0;
  let taken = 0;
  let most = 0;
  function* items() {
    while (read < 100_000) yield read++;
  }
  for await (const n of pool.map(double, items())) {
    assertEquals(n, 2 * taken);
    taken++;
    most = Math.max(most, read - taken);
  }
  assertEquals(taken, 100_000);
  assert(most <= 8 * 2 * 4_096 + 4_096, `Held ${most}`);
});

Deno.test("An error that is undefined is an error nevertheless", async () => {
  await using pool = new LoopbackPool(1);
  const outcome = await pool.map(() => {
    throw undefined;
  }, [1]).then(() => "done", (error) => ["failed", error]);
  assertEquals(outcome, ["failed", undefined]);
  assertFalse(pool.executor.stats.failed === 0);
});

Deno.test("Shutting down waits for a map whose input is slow", async () => {
  const pool = new LoopbackPool(1);
  const gate = new Future<void>();
  const results = pool.map(
    double,
    (async function* () {
      yield 1;
      await gate;
      yield 2;
    })(),
  );
  const mapped = createTask(async () => await results);
  await quiet();
  const ended = createTask(() => pool.executor.shutdown(undefined));
  await quiet();
  assertEquals([mapped.done(), ended.done()], [false, false]);
  gate.setResult();
  assertEquals(await mapped, [2, 4]);
  await ended;
});

/** Everything in which a result may hold memory that the function uses again. */
const HOLDERS: [name: string, hold: (bytes: Uint8Array) => unknown][] = [
  ["a view", (bytes) => bytes],
  ["a view of a part", (bytes) => bytes.subarray(1, 3)],
  ["a view of another kind", (bytes) => new Uint16Array(bytes.buffer)],
  ["a DataView", (bytes) => new DataView(bytes.buffer, 1, 2)],
  ["the memory itself", (bytes) => bytes.buffer],
  ["an object", (bytes) => ({ deep: { bytes } })],
  ["an array", (bytes) => [1, [bytes]]],
  ["a Map", (bytes) => new Map([["bytes", bytes]])],
  ["a Set", (bytes) => new Set([bytes.buffer])],
  [
    "an object with an error",
    (bytes) => ({ error: Object.assign(new Error("beside"), { stack: "" }), bytes }),
  ],
];

for (const [name, hold] of HOLDERS) {
  Deno.test(`Results that share one memory are those of each item: ${name}`, async () => {
    const scratch = new Uint8Array(4);
    const own = globalThis as unknown as { hold: typeof hold; scratch: Uint8Array };
    Object.assign(own, { hold, scratch });
    await using pool = new LoopbackPool(1);
    const fill = (n: number) => {
      const { hold, scratch } = globalThis as unknown as typeof own;
      return hold(scratch.fill(n));
    };
    const results = await pool.map(fill, [1, 2, 3], { chunksize: 3 });
    assertEquals(results, [1, 2, 3].map((n) => structuredClone(hold(new Uint8Array(4).fill(n)))));
  });
}

Deno.test("What a lazy map reads ahead is bounded in bytes, too", async () => {
  await using pool = new LoopbackPool(2);
  let read = 0;
  function* large() {
    for (; read < 1_000; read++) yield new Uint8Array(2 ** 20);
  }
  let most = 0;
  let taken = 0;
  for await (const _ of pool.map((bytes: Uint8Array) => bytes.byteLength, large())) {
    taken++;
    most = Math.max(most, read - taken);
    if (taken === 200) break;
  }
  // 64 MB of them, and what was being read when that was known.
  assert(most <= 70, `${most} MB were read ahead`);
});

Deno.test("A map over large items that is awaited sends them in small chunks", async () => {
  await using pool = new LoopbackPool(1);
  const items = Array.from({ length: 100 }, () => "-".repeat(2 ** 20));
  assertEquals(await pool.map((text: string) => text.length, items), items.map(() => 2 ** 20));
  const chunks = pool.host.workers[0]!.posted.filter((message) =>
    message[0] === ToWorkerKind.Chunk
  );
  const largest = chunks.map((message) => (message[3] as unknown[]).length);
  assert(Math.max(...largest) <= 8, `${largest}`);
});

Deno.test("A result that says it is 4,000,000,000 long is looked through in no time", async () => {
  await using pool = new LoopbackPool(1);
  const results = await pool.map((length: number) => Object.assign(new Array(length), { a: 1 }), [
    2 ** 32 - 1,
    2 ** 26,
  ]);
  assertEquals(results.map(({ length, a }) => [length, a]), [[2 ** 32 - 1, 1], [2 ** 26, 1]]);
});

Deno.test("Memory in an error that a function returns, and in its cause, is copied for each item", async () => {
  await using pool = new LoopbackPool(1);
  const results = await pool.map(
    (n: number) => {
      const { scratch } = globalThis as unknown as { scratch?: Uint8Array };
      const bytes = scratch ?? new Uint8Array(1);
      (globalThis as unknown as { scratch: Uint8Array }).scratch = bytes;
      bytes[0] = n;
      return Object.assign(new Error("x", { cause: bytes }), { bytes });
    },
    [1, 2, 3],
    { chunksize: 3 },
  );
  delete (globalThis as { scratch?: unknown }).scratch;
  assertEquals(results.map(({ bytes, cause }) => [bytes[0], (cause as Uint8Array)[0]]), [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

Deno.test("With chunksize 1 items go together in messages, and give what chunks give", async () => {
  const { log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const spread = { ordered: true, spread: true };
  const give = (item: unknown) => {
    world.log.push(item);
    if (item === "fails") throw new RangeError("no");
    return item;
  };
  await pool.submit(give, "up");
  const worker = pool.host.workers[0]!;
  for (const chunksize of [1, 2]) {
    const sent = worker.posted.length;
    assertEquals(await pool.map(give, range(1_000), { chunksize }), range(1_000));
    if (chunksize === 1) {
      assert(worker.posted.length - sent < 100, `${worker.posted.length - sent}`);
    }
    const values = [{ a: [1] }, new Map([[1, 2]]), "x".repeat(100), null, undefined, -0, [3]];
    assertEquals(await pool.map(give, values, { chunksize }), values);
    const lists = [[1, 2], [3, 4], []];
    const all = (...list: unknown[]) => list;
    assertEquals(await pool.map(all, lists as never, { chunksize }, spread), lists as never);
    const sets = [new Set([1, 2]), new Set([3])];
    assertEquals(await pool.map(all, sets as never, { chunksize }, spread), [[1, 2], [3]] as never);
    const seen: unknown[] = [];
    const loop = async () => {
      for await (const value of pool.map(give, [1, 2, "fails", 4], { chunksize })) seen.push(value);
    };
    await assertRejects(loop, RangeError, "no");
    assertEquals(seen, [1, 2]);
    const fault = await failureOf(() => pool.map(give, [1, () => {}, 3], { chunksize }));
    assertEquals(
      (fault as Error).message,
      "Cannot send item 2: it is a function and cannot be cloned",
    );
    const nested = await failureOf(() =>
      pool.map(all, [[1], [2, () => {}]] as never, { chunksize }, spread)
    );
    assertEquals(
      (nested as Error).message,
      "Cannot send item 2: [1] is a function and cannot be cloned",
    );
  }
  assert(log.length > 0);
});

Deno.test("With chunksize 1 a map that fails leaves what was not begun undone", async () => {
  const { log, gates } = makeWorld();
  await using pool = new LoopbackPool(1);
  const map = pool.map(gated, range(9), { chunksize: 1 });
  await quiet();
  gates.get(0)!.setException(new RangeError("no"));
  await assertRejects(() => Promise.resolve(map), RangeError);
  await quiet();
  for (const n of log) assert(n === 0 || n === 1 || n === -1, `${n} was begun`);
  assertEquals(pool.executor.stats.busy, 0);
});

Deno.test("With chunksize 1 heavy items are not read far ahead", async () => {
  const { gates } = makeWorld();
  await using pool = new LoopbackPool(1);
  for (const [units, most] of [[1, Infinity], [2 ** 20, 12]] as const) {
    await pool.map((text: string) => text.length, Array(50).fill("x"), { chunksize: 1 });
    let read = 0;
    const texts = function* () {
      for (; read < 400; read++) yield read === 100 ? "stop" : "x".repeat(units);
    };
    const map = pool.map(
      async (text: string) => {
        if (text !== "stop") return text.length;
        const gate = new world.future();
        world.gates.set("stop", gate);
        await gate;
        return 0;
      },
      texts(),
      { chunksize: 1 },
    );
    const results = map.then((all) => all.length);
    await until(() => gates.has("stop"));
    await quiet();
    assert(read < 101 + most, `${read} were read`);
    gates.get("stop")!.setResult(undefined);
    gates.clear();
    assertEquals(await results, 400);
  }
});
