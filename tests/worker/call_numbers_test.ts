import { assert, assertEquals } from "@std/assert";
import { MOST_IN_FLIGHT } from "../../lib/worker/call_table.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { makeWorld, quiet, type World } from "./world.ts";

declare const world: World;

/** Comes to the gate "first", and returns once that is opened. */
const first = async () => {
  const gate = new world.future();
  world.gates.set("first", gate);
  await gate;
  return "first";
};

const note = (name: string) => {
  world.log.push(name);
  return name;
};

/** More calls than the table has room for. */
const MANY = 2 * MOST_IN_FLIGHT;

Deno.test("A call outlives any number of others that are cancelled behind it", async () => {
  const { gates, log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const running = pool.submit(first);
  await quiet();
  const waiting = pool.submit(note, "waiting");
  await quiet();
  for (let i = 0; i < MANY; i++) {
    const unwanted = pool.submit(note, "unwanted");
    await Promise.resolve(); // until it is sent ahead
    assert(unwanted.cancel());
  }
  const last = pool.submit(note, "last");
  await quiet();
  gates.get("first")!.setResult(undefined);
  assertEquals(await running, "first");
  assertEquals(await last, "last");
  assert(waiting.done());
  assertEquals(log, ["waiting", "last"]);
});

Deno.test("A call outlives any number of others that make way for more urgent ones", async () => {
  const { gates, log } = makeWorld();
  await using pool = new LoopbackPool(1);
  const running = pool.submit(first);
  await quiet();
  const waiting = pool.apply(note, ["waiting"], { priority: MANY });
  await quiet();
  const others = [];
  for (let priority = 0; priority < MANY; priority++) {
    others.push(pool.apply(note, [`${priority}`], { priority }));
    await Promise.resolve(); // until as many as possible are sent ahead
  }
  gates.get("first")!.setResult(undefined);
  assertEquals(await running, "first");
  await Promise.all(others);
  assert(waiting.done());
  assertEquals(log, ["waiting", ...others.map((_, i) => `${MANY - 1 - i}`)]);
});
