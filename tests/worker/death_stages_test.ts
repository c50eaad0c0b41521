/** A worker that dies at each stage of its life, with each kind of work in hand. */
import { assertEquals, assertRejects } from "@std/assert";
import { WorkerCrashedError } from "../../mod.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

const double = (n: number) => 2 * n;
/** Stays until its gate is opened. */
const gated = async (n: number) => {
  const gate = new world.future();
  world.gates.set("gate", gate);
  await gate;
  return 2 * n;
};
const each = function* () {
  yield 2;
};
const gatedEach = async function* () {
  const gate = new world.future();
  world.gates.set("gate", gate);
  await gate;
  yield 2;
};

async function listOf(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const result of results) all.push(result);
  return all;
}

const one = (stays: boolean) => (stays ? gated : double) as (n: number) => number;

/** Each kind of work, and what it gives; `stays`: it does not end by itself. */
const KINDS: [string, (pool: LoopbackPool, stays: boolean) => PromiseLike<unknown>, unknown][] = [
  ["submit", (pool, stays) => pool.submit(one(stays), 1), 2],
  ["apply", (pool, stays) => pool.apply(one(stays), [1], { priority: 1 }), 2],
  ["map", (pool, stays) => pool.map(one(stays), [1]), [2]],
  ["map of single items", (pool, stays) => {
    return pool.map(one(stays), [1], { chunksize: 1 });
  }, [2]],
  ["lazy map", (pool, stays) => listOf(pool.map(one(stays), [1])), [2]],
  ["mapUnordered", (pool, stays) => {
    return pool.map(one(stays), [1], {}, { ordered: false, spread: false });
  }, [2]],
  ["starmap", (pool, stays) => {
    const fn = one(stays) as unknown as (row: number[]) => number;
    return pool.map(fn, [[1]], {}, { ordered: true, spread: true });
  }, [2]],
  ["stream", (pool, stays) => listOf(pool.stream(stays ? gatedEach : each)), [2]],
];

for (const [kind, begin, expected] of KINDS) {
  Deno.test(`A worker dies before it has booted: its ${kind} is done elsewhere`, async () => {
    makeWorld();
    await using pool = new LoopbackPool(1);
    pool.host.boots = false;
    const outcome = begin(pool, false);
    await quiet();
    pool.host.boots = true;
    pool.host.workers[0]!.die(new Error("power"));
    assertEquals(await outcome, expected);
    assertEquals([pool.executor.stats.crashed, pool.executor.stats.queued], [1, 0]);
  });

  Deno.test(`A worker dies before it has read what came: its ${kind} is done elsewhere`, async () => {
    makeWorld();
    await using pool = new LoopbackPool(1);
    assertEquals(await pool.submit(double, 4), 8);
    const outcome = begin(pool, false);
    for (let i = 0; i < 10; i++) await null;
    pool.host.workers[0]!.die(new Error("power"));
    assertEquals(await outcome, expected);
    assertEquals([pool.executor.stats.crashed, pool.executor.stats.queued], [1, 0]);
  });

  Deno.test(`A worker dies in the midst of its work: its ${kind} fails, what comes after is done`, async () => {
    const world = makeWorld();
    await using pool = new LoopbackPool(1);
    const outcome = begin(pool, true);
    // Looked at now: it fails before what comes after it is there.
    const failing = assertRejects(() => Promise.resolve(outcome), WorkerCrashedError);
    const next = pool.submit(double, 4);
    while (!world.gates.has("gate")) await quiet();
    pool.host.workers[0]!.die(new Error("power"));
    const error = await failing;
    assertEquals((error.cause as Error).message, "power");
    assertEquals(await next, 8);
    assertEquals([pool.executor.stats.crashed, pool.executor.stats.queued], [1, 0]);
    world.gates.get("gate")!.setResult(undefined);
  });
}
