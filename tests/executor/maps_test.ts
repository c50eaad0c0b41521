/** One table over the maps of both kinds of pool: they are one machine, and behave alike. */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  ensureFuture,
  gather,
  type MapResult,
  shield,
  TaskPool,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { LoopbackPool } from "../support/loopback_host.ts";
import { makeWorld, quiet, range, type World } from "../worker/world.ts";

declare const world: World;

/** Waits until the gate of that number is opened. */
const gated = async (n: number) => {
  const gate = new world.future();
  world.gates.set(n, gate);
  world.log.push(n);
  await gate;
  return n;
};

/** The same, but 3 fails when its gate is opened. */
const failing = async (n: number) => {
  const gate = new world.future();
  world.gates.set(n, gate);
  world.log.push(n);
  await gate;
  if (n === 3) throw new RangeError("item 3");
  return n;
};

interface MapPool extends AsyncDisposable {
  map(fn: (n: number) => Promise<number>, items: Iterable<number>): MapResult<number>;
  shutdown(options: { cancelFutures: boolean }): Promise<void>;
}

function overWorkers(maxWorkers: number, ordered: boolean): MapPool {
  const pool = new LoopbackPool(maxWorkers);
  return {
    map: (fn, items) => pool.map(fn, items, { chunksize: 1 }, { ordered, spread: false }),
    shutdown: (options) => pool.executor.shutdown(options),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

function overTasks(maxWorkers: number, ordered: boolean): MapPool {
  const pool = new TaskPool(maxWorkers);
  return {
    map: (fn, items) => ordered ? pool.map(fn, items) : pool.mapUnordered(fn, items),
    shutdown: (options) => pool.shutdown(options),
    [Symbol.asyncDispose]: () => pool.shutdown({ cancelFutures: true }),
  };
}

const kinds = [
  { name: "TaskPool.map", make: overTasks, ordered: true },
  { name: "TaskPool.mapUnordered", make: overTasks, ordered: false },
  { name: "WorkerPool.map", make: overWorkers, ordered: true },
  { name: "WorkerPool.mapUnordered", make: overWorkers, ordered: false },
];

/** All that a loop over a map gets, and what it ends with. */
async function taken(map: AsyncIterable<unknown>): Promise<{ results: unknown[]; end: unknown }> {
  const results: unknown[] = [];
  try {
    for await (const result of map) results.push(result);
  } catch (end) {
    return { results, end };
  }
  return { results, end: undefined };
}

function open(...numbers: number[]): void {
  for (const n of numbers) world.gates.get(n)!.setResult(undefined);
}

for (const { name, make, ordered } of kinds) {
  Deno.test(`${name}: what was begun when waiting items are called off is delivered`, async () => {
    for (const late of [false, true]) {
      makeWorld();
      await using pool = make(2, ordered);
      const map = pool.map(gated, range(8));
      let loop = late ? undefined : taken(map);
      await quiet();
      assertEquals(world.log, [0, 1]);
      const ended = pool.shutdown({ cancelFutures: true });
      loop ??= taken(map);
      await quiet();
      open(1);
      await quiet();
      open(0);
      await ended;
      assertEquals(world.log, [0, 1]);
      const { results, end } = await loop;
      assertEquals(results, ordered ? [0, 1] : [1, 0]);
      assertInstanceOf(end, CancelledError);
    }
  });

  Deno.test(`${name}: results before a failure come first, in whichever order they end`, async () => {
    makeWorld();
    await using pool = make(4, ordered);
    const loop = taken(pool.map(failing, [1, 2, 3, 4]));
    await quiet();
    open(2);
    await quiet();
    if (!ordered) open(1);
    await quiet();
    open(3);
    await quiet();
    if (ordered) open(1);
    const { results, end } = await loop;
    assertEquals(results, ordered ? [1, 2] : [2, 1]);
    assertInstanceOf(end, RangeError);
  });

  Deno.test(`${name}: results before a failure are there for a loop that comes late`, async () => {
    makeWorld();
    await using pool = make(4, ordered);
    const map = pool.map(failing, [1, 2, 3, 4]);
    let unhandled: unknown;
    const note = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      unhandled = event.reason;
    };
    globalThis.addEventListener("unhandledrejection", note);
    try {
      await quiet();
      open(1, 2);
      await quiet();
      open(3);
      await quiet();
      await quiet();
    } finally {
      globalThis.removeEventListener("unhandledrejection", note);
    }
    assertInstanceOf(unhandled, RangeError);
    const { results, end } = await taken(map);
    assertEquals(results, [1, 2]);
    assertInstanceOf(end, RangeError);
    assertEquals(await taken(map), { results: [], end: undefined });
  });

  Deno.test(`${name}: a loop after one that was left ends at once`, async () => {
    for (const done of [false, true]) {
      makeWorld();
      await using pool = make(4, ordered);
      const map = pool.map(gated, [1, 2, 3]);
      await quiet();
      if (done) open(1, 2, 3);
      else open(1);
      for await (const result of map) {
        assertEquals(result, 1);
        break;
      }
      assertEquals(await taken(map), { results: [], end: undefined });
    }
  });

  Deno.test(`${name}: a loop after one that failed ends at once`, async () => {
    makeWorld();
    await using pool = make(4, ordered);
    const map = pool.map(failing, [3]);
    const loop = taken(map);
    await quiet();
    open(3);
    assertInstanceOf((await loop).end, RangeError);
    assertEquals(await taken(map), { results: [], end: undefined });
  });

  Deno.test(`${name}: an awaited map of which items were called off is cancelled`, async () => {
    makeWorld();
    await using pool = make(1, ordered);
    const map = pool.map(gated, range(4));
    const all = assertRejects(() => Promise.resolve(map), CancelledError);
    await quiet();
    const ended = pool.shutdown({ cancelFutures: true });
    await quiet();
    open(0);
    await ended;
    await all;
    assertEquals(world.log, [0]);
  });

  Deno.test(`${name}: whoever is handed the map ends it, and what it has begun`, async () => {
    const forms: ((map: MapResult<number>) => Promise<unknown>)[] = [
      (map) => assertRejects(() => waitFor(map, 1), TimeoutError),
      async (map) => {
        const future = ensureFuture(map);
        await quiet();
        future.cancel();
        await assertRejects(() => future, CancelledError);
      },
      async (map) => {
        const { pending } = await wait([map], { timeout: 1 });
        for (const one of pending) one.cancel();
        await Promise.allSettled(pending);
        assertEquals([...pending].map((one) => one.cancelled()), [true]);
      },
      async (map) => {
        const task = createTask(() => gather(map));
        await quiet();
        task.cancel();
        await assertRejects(() => task, CancelledError);
      },
    ];
    for (const hand of forms) {
      for (const inside of [false, true]) {
        makeWorld();
        await using pool = make(2, ordered);
        const body = async () => {
          const map = pool.map(gated, range(8));
          await hand(map);
          const { results, end } = await taken(map);
          assertEquals(results, []);
          assertInstanceOf(end, CancelledError);
        };
        await (inside ? createTask(body) : body());
        await quiet();
        for (const gate of world.gates.values()) if (!gate.done()) gate.setResult(undefined);
        await quiet();
        assertEquals(world.log.length <= 2, true, `${world.log} were begun`);
      }
    }
  });

  Deno.test(`${name}: one that is shielded goes on when the task is cancelled`, async () => {
    makeWorld();
    await using pool = make(4, ordered);
    let map: MapResult<number> | undefined;
    const task = createTask(() => shield(map = pool.map(gated, range(3))));
    await quiet();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    open(0, 1, 2);
    assertEquals(await map!, [0, 1, 2]);
  });

  Deno.test(`${name}: console.log shows how far it is`, async () => {
    makeWorld();
    await using pool = make(4, ordered);
    const map = pool.map(gated, range(3));
    const all = map.then((results) => results.length);
    await quiet();
    open(0);
    await quiet();
    assertEquals(Deno.inspect(map), "MapResult [1 of 3 done]");
    open(1, 2);
    assertEquals(await all, 3);
    assertEquals(Deno.inspect(map), "MapResult [ended, 3 of 3 done]");
  });
}
