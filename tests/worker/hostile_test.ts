/**
 * Workers that say what no honest worker says: that ends them, with `WorkerCrashedError` for what
 * they had begun, and nothing else.
 */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type CommonPoolOptions, WorkerCrashedError } from "../../mod.ts";
import { CallTable } from "../../lib/worker/call_table.ts";
import { FromWorkerKind } from "../../lib/worker/protocol.ts";
import { pack } from "../../lib/wire/packing.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { Random } from "../support/random.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

const { Ready, InitFailed, Done, Failed, ChunkDone, Yielded, Doorbell, Crashed, Handshake } =
  FromWorkerKind;

const double = (n: number) => 2 * n;
const gated = async (name: string) => {
  const gate = new world.future();
  world.gates.set(name, gate);
  await gate;
  return name;
};
const error = pack(new Error("no"), []);
const long = () => Object.assign([], { length: 2 ** 32 - 1 });

/** Call 0 is under way when these come. */
const HOSTILE: [name: string, message: unknown][] = [
  ["null", null],
  ["undefined", undefined],
  ["a string", "Ready"],
  ["a number", 4],
  ["NaN", NaN],
  ["an object", { 0: Done, 1: 0, 2: 1 }],
  ["an empty list", []],
  ["a kind that there is not", [99]],
  ["a kind below 0", [-1, 0]],
  ["a kind that is no number", ["2", 0, 1]],
  ["to be ready twice", [Ready]],
  ["to fail to boot when it is ready", [InitFailed, error]],
  ["a result for a call that it does not have", [Done, 7, 1]],
  ["a result for call -1", [Done, -1, 1]],
  ["a result for call 0.5", [Done, 0.5, 1]],
  ["a result for call Infinity", [Done, Infinity, 1]],
  ["a result for call null", [Done, null, 1]],
  ["a result for a call by name", [Done, "0", 1]],
  ["a packed result that is not packed", [Done, 0, 1, true]],
  ["a packed result without marks", [Done, 0, { value: 1, boxes: [] }, true]],
  ["a packed result with marks that are none", [Done, 0, { value: 1, marks: 1, boxes: 1 }, true]],
  ["as many marks as can be said", [Done, 0, { value: 1, marks: long(), boxes: long() }, true]],
  ["fewer marks than boxes", [Done, 0, { value: 1, marks: [], boxes: [{}] }, true]],
  ["packed in a way that there is not", [Done, 0, { value: 1, marks: [], boxes: [] }, 2]],
  ["a failure without an error", [Failed, 0]],
  ["a failure with null", [Failed, 0, null, false]],
  ["a failure that may be a cancellation", [Failed, 0, error, "yes"]],
  ["results of a chunk for a call", [ChunkDone, 0, [1], 1]],
  ["results that are no list", [ChunkDone, 0, 1, 1]],
  ["results that took -1 ms", [ChunkDone, 0, [1], -1]],
  ["results that took NaN ms", [ChunkDone, 0, [1], NaN]],
  ["a value of a stream for a call", [Yielded, 0, 1]],
  ["a value for a call that it does not have", [Yielded, 3, 1]],
  ["a crash without an error", [Crashed]],
  ["a handshake without ports", [Handshake]],
  ["a handshake with nonsense", [Handshake, [1], [2]]],
  ["a handshake with null", [Handshake, [null], [null]]],
];

async function holds(message: unknown, options: CommonPoolOptions = {}): Promise<void> {
  const world = makeWorld();
  const exits: string[] = [];
  await using pool = new LoopbackPool({
    maxWorkers: 1,
    ...options,
    onWorkerExit: ({ name, crashed }) => exits.push(`${name} ${crashed}`),
  });
  const call = pool.submit(gated, "begun");
  const behind = pool.submit(double, 4);
  await quiet();
  pool.host.workers[0]!.say(message as never);
  const fault = await assertRejects(() => call, WorkerCrashedError);
  assertInstanceOf(fault.cause, Error);
  assertEquals(await behind, 8);
  assertEquals(exits.length, 1);
  assertEquals(pool.executor.stats.crashed, 1);
  world.gates.clear();
}

for (const [name, message] of HOSTILE) {
  Deno.test(`A worker that sends ${name} is ended, and nothing else`, () => holds(message));
}

Deno.test("A chunk with more or fewer results than items ends its worker, with the map", async () => {
  for (const results of [[], [1], [1, 2, 3], long()]) {
    makeWorld();
    await using pool = new LoopbackPool(1);
    const map = pool.map(gated, ["a", "b"], { chunksize: 2 });
    await quiet();
    pool.host.workers[0]!.say([ChunkDone, 0, results, 1]);
    await assertRejects(() => Promise.resolve(map), WorkerCrashedError);
    assertEquals(await pool.submit(double, 1), 2);
  }
});

Deno.test("A failed chunk with a result for each item ends its worker", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const map = pool.map(gated, ["a", "b"], { chunksize: 2 });
  await quiet();
  pool.host.workers[0]!.say([ChunkDone, 0, [1, 2], 1, error, false]);
  await assertRejects(() => Promise.resolve(map), WorkerCrashedError);
});

Deno.test("A single result for a chunk ends its worker, and the map hears of it", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  const map = pool.map(gated, ["a", "b"], { chunksize: 2 });
  await quiet();
  pool.host.workers[0]!.say([Done, 0, 1]);
  await assertRejects(() => Promise.resolve(map), WorkerCrashedError);
});

Deno.test("A worker that writes nonsense into the call table is ended, and nothing else", async () => {
  const { memory } = new CallTable();
  const words = memory.byteLength / 4;
  const random = new Random(7);
  for (let round = 0; round < 60; round++) {
    makeWorld();
    await using pool = new LoopbackPool(1);
    // It may be answered by what comes.
    const outcome = pool.submit(gated, "begun").then(() => undefined, (error) => error);
    await quiet();
    const worker = pool.host.workers[0]!;
    const table = new Int32Array(worker.table.memory);
    for (let n = random.int(1, 20); n > 0; n--) {
      // The head of the table mostly.
      const at = random.chance(0.5)
        ? random.int(0, 3)
        : random.chance(0.5)
        ? random.int(5, 16)
        : random.int(5, words - 1);
      table[at] = random.pick(-1, 1, 2 ** 31 - 1, -(2 ** 31), random.int(0, 5_000));
    }
    worker.say(Doorbell);
    await quiet();
    worker.die();
    const fault = await outcome;
    if (fault !== undefined) assertInstanceOf(fault, WorkerCrashedError);
    assertEquals(await pool.submit(double, 4), 8, `round ${round}`);
  }
});

Deno.test("Random messages of a worker end it, or nothing happens", async () => {
  const random = new Random(11);
  const value = (depth: number): unknown => {
    if (depth > 2) return random.pick<unknown>(null, 0, -1, 2 ** 32, NaN, "x", true);
    return random.pick<() => unknown>(
      () => random.int(-2, 10),
      () => null,
      () => random.pick<unknown>(undefined, true, false, NaN, Infinity, "text", 2 ** 53),
      () => error,
      () => long(),
      () => Array.from({ length: random.int(0, 4) }, () => value(depth + 1)),
      () => ({ value: value(depth + 1), marks: value(depth + 1), boxes: value(depth + 1) }),
      () => ({ value: value(depth + 1), marks: [{}], boxes: [value(depth + 1)] }),
      () => new Uint8Array(3),
      () => new Map([[value(depth + 1), value(depth + 1)]]),
    )();
  };
  for (let round = 0; round < 400; round++) {
    makeWorld();
    await using pool = new LoopbackPool({ maxWorkers: 1 });
    // It may be answered by what comes.
    const outcome = pool.submit(gated, "begun").then(() => undefined, (error) => error);
    await quiet();
    const worker = pool.host.workers[0]!;
    for (let n = 3; n > 0; n--) {
      const rest = Array.from({ length: random.int(0, 5) }, () => value(0));
      if (random.chance(0.3)) rest[0] = 0;
      worker.say(random.chance(0.9) ? [random.int(0, 9), ...rest] as never : value(0) as never);
    }
    await quiet();
    if (!worker.killed) worker.die();
    await outcome;
    assertEquals(await pool.submit(double, 4), 8, `round ${round}`);
  }
});
