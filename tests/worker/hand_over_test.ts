/** Calls that go to a worker by memory, which happens where they come in a row. */
import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { CancelledError, WorkerCrashedError } from "../../mod.ts";
import { CallTable } from "../../lib/worker/call_table.ts";
import { HandOver } from "../../lib/worker/pool/hand_over.ts";
import { ToWorkerKind } from "../../lib/worker/protocol.ts";
import { LoopbackPool, type LoopbackWorker } from "../support/loopback_host.ts";
import { Random } from "../support/random.ts";
import { microtasks } from "../support/virtual_time.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

/** Both views of one memory. */
function views(): { sender: CallTable; worker: CallTable } {
  const sender = new CallTable();
  return { sender, worker: new CallTable(sender.memory) };
}

Deno.test("A call goes by memory only while the worker looks", () => {
  const { sender, worker } = views();
  assertFalse(sender.hand(1, 7, []));
  worker.open();
  assertFalse(worker.handed);
  assert(sender.hand(2, 7, [1, "two", null]));
  assert(worker.handed);
  assertFalse(sender.hand(3, 7, []));
  assertEquals(worker.close(), { call: 2, fn: 7, args: [1, "two", null] });
  assertEquals(worker.close(), undefined);
  assertFalse(sender.hand(4, 7, []));
  worker.open();
  assertEquals(worker.close(), undefined);
  assertFalse(sender.hand(5, 7, []));
});

Deno.test("A call goes by memory only once the worker has read every message", () => {
  const { sender, worker } = views();
  worker.open();
  sender.posted();
  sender.posted();
  worker.received();
  assertFalse(sender.hand(1, 0, []));
  worker.received();
  assert(sender.hand(1, 0, []));
});

Deno.test("Arguments that are plain and short go by memory, others do not", () => {
  const values = [0, -0, NaN, -Infinity, 2 ** 53, "", "é\ud800😀", "x".repeat(64), true, false];
  for (const value of [...values, null, undefined]) {
    const { sender, worker } = views();
    worker.open();
    assert(sender.hand(1, 0, [value]));
    assertEquals(worker.close()!.args, [value]);
  }
  const { sender, worker } = views();
  worker.open();
  for (const value of ["x".repeat(65), 1n, {}, [], () => {}, Symbol("s")]) {
    assertFalse(sender.hand(1, 0, [value]));
    assertFalse(sender.hand(1, 0, [1, value]));
  }
  assertFalse(sender.hand(1, 0, Array(9).fill(0)));
  assert(sender.hand(1, 0, Array(8).fill("x".repeat(64))));
  assertEquals(worker.close()!.args, Array(8).fill("x".repeat(64)));
});

Deno.test("Whatever stands in the memory, what is read is plain, or it is refused", () => {
  const random = new Random(3);
  for (let round = 0; round < 200; round++) {
    const { sender, worker } = views();
    worker.open();
    assert(sender.hand(1, 0, [1, "text", true]));
    worker.put(2, "a result");
    const words = new Int32Array(sender.memory);
    const units = new Uint16Array(sender.memory);
    for (let i = 16 + 1024; i < words.length; i++) {
      if (random.chance(0.5)) words[i] = random.pick(-1, 2 ** 31 - 1, random.int(0, 90));
    }
    units.fill(0xd800, units.length - 8 * 64);
    for (const read of [() => worker.close()!.args, () => sender.drain(() => {})]) {
      try {
        read();
      } catch (error) {
        assert(error instanceof TypeError);
      }
    }
  }
});

Deno.test("Who hands over looks for the answer, and is told of it without a message", async () => {
  const { sender, worker } = views();
  let looked = 0;
  const handOver = new HandOver(sender, () => {
    looked++;
    sender.clearDoorbell();
  });
  handOver.onGiven(performance.now(), 0);
  const looks = worker.attentive;
  worker.open();
  assert(handOver.hand(1, 0, []));
  worker.close();
  worker.put(1, "done");
  // On a machine with one processor nobody looks.
  assertEquals(looks, navigator.hardwareConcurrency > 1);
  assertEquals(worker.ringDoorbell(), !looks);
  await quiet();
  assertEquals(looked, looks ? 1 : 0);
  handOver.end();
});

Deno.test("After misses a hand-over is tried less and less often, and at once after a success", async () => {
  if (navigator.hardwareConcurrency === 1) return;
  const { sender, worker } = views();
  const handOver = new HandOver(sender, () => sender.clearDoorbell());
  const tries = async (calls: number, works: boolean): Promise<string> => {
    let tried = "";
    for (let i = 0; i < calls; i++) {
      handOver.onGiven(performance.now(), 0);
      tried += worker.attentive ? "t" : "-";
      if (works && worker.attentive) worker.open();
      handOver.hand(i, 0, []);
      if (works) worker.put(i, undefined);
      worker.close();
      await quiet();
      sender.drain(() => {});
    }
    return tried;
  };
  assertEquals(await tries(12, false), "t-t--t----t-");
  assertEquals(await tries(12, true), "-------ttttt");
  assertEquals(await tries(5, false), "t-t--");
  handOver.onGiven(performance.now(), 1_000);
  assertFalse(worker.attentive);
  handOver.end();
});

Deno.test("No more workers look than there are processors for them", () => {
  const tables = Array.from({ length: 4 + navigator.hardwareConcurrency }, () => new CallTable());
  const handOvers = tables.map((table) => new HandOver(table, () => {}));
  const at = performance.now();
  for (const one of handOvers) one.onGiven(at, 0);
  const looking = () => tables.filter((table) => table.attentive).length;
  assertEquals(looking(), navigator.hardwareConcurrency - 1);
  // Those that got nothing since make room.
  handOvers.at(-1)!.onGiven(at + 10, 0);
  assertEquals(tables.at(-1)!.attentive, navigator.hardwareConcurrency > 1);
  assert(looking() <= Math.max(navigator.hardwareConcurrency - 1, 0));
  for (const one of handOvers) one.end();
});

const note = (what: string) => {
  world.log.push(what);
  return what;
};
const gated = async (name: string) => {
  const gate = new world.future();
  world.gates.set(name, gate);
  await gate;
  return name;
};

/** A pool of one worker, which has answered a call and looks for the next. */
async function looking(): Promise<{ pool: LoopbackPool; worker: LoopbackWorker; world: World }> {
  const world = makeWorld();
  const pool = new LoopbackPool(1);
  await pool.submit(note, "first");
  // It is to know the functions.
  const known = pool.submit(gated, "known");
  await quiet();
  world.gates.get("known")!.setResult(undefined);
  const worker = pool.host.workers[0]!;
  worker.looks = true;
  await known;
  worker.posted.length = world.log.length = 0;
  assert(worker.looked !== undefined);
  return { pool, worker, world };
}

Deno.test("Calls in a row go by memory, their answers too, and no message is sent", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  for (let i = 0; i < 2_000; i++) {
    const call = pool.submit(note, `${i}`);
    worker.looked!();
    assertEquals(await call, `${i}`);
    await microtasks();
  }
  assertEquals(worker.posted, []);
  assertEquals(world.log.length, 2_000);
});

Deno.test("A call of an async function goes by memory, and leaves the worker to its event loop", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  const call = pool.submit(gated, "one");
  worker.looked!();
  await quiet();
  assertEquals(worker.looked, undefined);
  assertEquals(worker.posted, []);
  world.gates.get("one")!.setResult(undefined);
  assertEquals(await call, "one");
});

Deno.test("A result that is no short text comes by message, and the next call by memory", async () => {
  const { pool, worker } = await looking();
  await using _ = pool;
  const big = (n: number) => n === 0 ? { list: [n] } : "x".repeat(n);
  const known = pool.submit(big, 0);
  worker.looked!();
  await known;
  worker.posted.length = 0;
  for (const n of [64, 65, 0, 1]) {
    await quiet();
    const call = pool.submit(big, n);
    worker.looked!();
    assertEquals(await call, n === 0 ? { list: [n] } : "x".repeat(n));
  }
  assertEquals(worker.posted, []);
});

Deno.test("A call that was handed over can be cancelled before the worker has it", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  const call = pool.submit(note, "never");
  assertEquals(worker.posted, []);
  call.cancel();
  await assertRejects(() => call, CancelledError);
  worker.looks = false;
  await quiet();
  assertEquals(world.log, []);
  assertEquals(await pool.submit(note, "next"), "next");
});

Deno.test("A call that was handed over can be cancelled while it runs", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  const call = pool.submit(gated, "one");
  worker.looked!();
  await quiet();
  call.cancel();
  await assertRejects(() => call, CancelledError);
  await quiet();
  assertEquals(worker.posted.map(([kind]) => kind), [ToWorkerKind.Cancel]);
  worker.looks = false;
  assertEquals(await pool.submit(note, "next"), "next");
  assertEquals(world.log, ["next"]);
  assertEquals(worker.killed, false);
});

Deno.test("A call that was handed over can be cancelled when its answer is there, unread", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  const call = pool.submit(note, "done");
  worker.looked!();
  await microtasks();
  assertEquals(world.log, ["done"]);
  call.cancel();
  await assertRejects(() => call, CancelledError);
  await quiet();
  worker.looks = false;
  assertEquals(await pool.submit(note, "next"), "next");
  assertEquals(worker.killed, false);
});

Deno.test("A message that was posted after a call was handed over is read after it", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  worker.table.looks = false;
  const one = pool.submit(note, "one");
  const two = pool.submit(note, "two");
  const three = pool.apply(note, ["three"], { priority: -1 });
  assertEquals(await Promise.all([one, two, three]), ["one", "two", "three"]);
  assertEquals(world.log, ["one", "two", "three"]);
  assertEquals(worker.posted.map(([kind]) => kind), [ToWorkerKind.Calls, ToWorkerKind.Calls]);
});

Deno.test("What was handed over to a worker that died before it had it is done elsewhere", async () => {
  const { pool, worker, world } = await looking();
  await using _ = pool;
  const call = pool.submit(note, "elsewhere");
  worker.die();
  assertEquals(await call, "elsewhere");
  assertEquals(world.log, ["elsewhere"]);
});

Deno.test("What was handed over dies with a worker that had begun it", async () => {
  const { pool, worker } = await looking();
  await using _ = pool;
  const call = pool.submit(gated, "one");
  worker.looked!();
  await quiet();
  worker.die(new Error("power"));
  await assertRejects(() => call, WorkerCrashedError);
  assertEquals(await pool.submit(note, "next"), "next");
});

Deno.test("An answer in the memory of a worker that died before it was read counts", async () => {
  const { pool, worker } = await looking();
  await using _ = pool;
  const call = pool.submit(note, "done");
  worker.looked!();
  await microtasks();
  worker.die(new Error("power"));
  assertEquals(await call, "done");
});

Deno.test("A worker that opens its memory and never looks holds up its own call alone", async () => {
  makeWorld();
  await using pool = new LoopbackPool(1);
  await pool.submit(note, "first");
  const worker = pool.host.workers[0]!;
  worker.table.open();
  const call = pool.submit(note, "taken in");
  await quiet();
  assertFalse(call.done());
  worker.die();
  assertEquals(await call, "taken in");
});
