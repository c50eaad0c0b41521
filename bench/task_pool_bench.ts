import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import { TaskPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import * as peers from "./peers.ts";

const { Effect } = await peers.effect();
const pLimit = await peers.pLimit();
const pMap = await peers.pMap();
const PQueue = await peers.pQueue();

const P_MAP = "p-map 7.1.1";
const WITH_CONTEXT = "p-map over AsyncLocalStorage.run";
const AT_ONCE = 16;
const storage = new AsyncLocalStorage<number>();
const ITEMS = Array.from({ length: 10_000 }, (_, i) => i);
const SUM = ITEMS.length * (ITEMS.length + 1) / 2;

async function work(item: number): Promise<number> {
  await undefined;
  return item + 1;
}

/** What `fetch` and timers do: it ends when the event loop has gone round. */
function workLater(item: number): Promise<number> {
  return new Promise((resolve) => setImmediate(() => resolve(item + 1)));
}

function check(results: number[]): void {
  expect(results.length, ITEMS.length);
  expect(results[0], 1);
  expect(results.reduce((sum, one) => sum + one), SUM);
}

export const comparisons = bench([
  {
    operation: "TaskPool.map, 16 at once, 10,000 items",
    ops: ITEMS.length,
    contenders: [
      strand({
        async run() {
          await using pool = new TaskPool(AT_ONCE);
          check(await pool.map(work, ITEMS));
        },
      }),
      contender({
        name: P_MAP,
        kind: "peer",
        run: async () => check(await pMap(ITEMS, work, { concurrency: AT_ONCE })),
      }),
      contender({
        name: WITH_CONTEXT,
        kind: "floor",
        async run() {
          const inContext = (item: number) => storage.run(item, work, item);
          check(await pMap(ITEMS, inContext, { concurrency: AT_ONCE }));
        },
      }),
      contender({
        name: "p-limit 7.3.3",
        kind: "peer",
        async run() {
          const limit = pLimit(AT_ONCE);
          check(await Promise.all(ITEMS.map((item) => limit(work, item))));
        },
      }),
      contender({
        name: "p-queue 10.0.0",
        kind: "peer",
        async run() {
          const queue = new PQueue({ concurrency: AT_ONCE });
          check(await queue.addAll(ITEMS.map((item) => () => work(item))));
        },
      }),
      contender({
        name: "effect 4.1.0",
        kind: "peer",
        async run() {
          const all = Effect.forEach(ITEMS, (item) => Effect.promise(() => work(item)), {
            concurrency: AT_ONCE,
          });
          check(await Effect.runPromise(all));
        },
      }),
    ],
    goals: [{ against: P_MAP, most: 1.5 }, { against: WITH_CONTEXT }],
    remainder: "each item runs as a task that can be cancelled and knows itself, and so in an " +
      "AsyncLocalStorage.run of its own: nearly 40 % of the time, nearly all of it in the " +
      "WeakMap in which Deno keeps what is stored, and most of what is left to collect. Sixteen " +
      "bare loops with that and nothing else take 0.9 of the time of p-map, p-map with that " +
      "nearly twice its time. The rest is the turn that each item takes, and its place in the map.",
  },
  {
    operation: "TaskPool.map, 16 at once, 10,000 items that end in later turns of the event loop",
    ops: ITEMS.length,
    contenders: [
      strand({
        async run() {
          await using pool = new TaskPool(AT_ONCE);
          check(await pool.map(workLater, ITEMS));
        },
      }),
      contender({
        name: P_MAP,
        kind: "peer",
        run: async () => check(await pMap(ITEMS, workLater, { concurrency: AT_ONCE })),
      }),
    ],
    goals: [{ against: P_MAP, most: 1.0 }],
  },
  {
    operation: "TaskPool.submit, 16 at once, 10,000 calls",
    ops: ITEMS.length,
    contenders: [
      strand({
        async run() {
          await using pool = new TaskPool(AT_ONCE);
          check(await Promise.all(ITEMS.map((item) => pool.submit(work, item))));
        },
      }),
      contender({
        name: "p-limit 7.3.3",
        kind: "peer",
        async run() {
          const limit = pLimit(AT_ONCE);
          check(await Promise.all(ITEMS.map((item) => limit(work, item))));
        },
      }),
      contender({
        name: "p-queue 10.0.0",
        kind: "peer",
        async run() {
          const queue = new PQueue({ concurrency: AT_ONCE });
          check(await Promise.all(ITEMS.map((item) => queue.add(() => work(item)))) as number[]);
        },
      }),
    ],
    goals: [{ against: "best peer" }],
  },
]);
