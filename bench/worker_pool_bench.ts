import { WorkerPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { type EchoPool, HANGS, peers } from "./support/echo_peers.ts";
import { RawWorker } from "./floors/raw_worker.ts";

const RAW = "raw postMessage";
const SUBMIT = "submit, all at once";
const THREADS = 2;
const ONE_BY_ONE = 500;
const AT_ONCE = 5_000;
const ITEMS = Array.from({ length: 100_000 }, (_, i) => i);
const functions = new URL("./workers/echo_functions.ts", import.meta.url);

const REMAINDER = "in a row of calls the worker looks for the next one for a moment before it " +
  "sleeps, and the main thread for the answer, so that neither is woken. That needs a second " +
  "processor that has nothing else to do. Where there is none, or where the system has both threads " +
  "on one processor, calls go by message, and cost what they cost there: a message there and back " +
  "and 6 µs for a task that can be called off, a future, and the note where the call was made.";

interface OpenPool extends EchoPool {
  pool: WorkerPool;
  echo: (value: number) => PromiseLike<number>;
  echoAsync: (value: number) => PromiseLike<number>;
}

async function openPool(): Promise<OpenPool> {
  const pool = new WorkerPool(THREADS);
  const { echo, echoAsync } = pool.import<typeof import("./workers/echo_functions.ts")>(functions);
  await Promise.all([pool.submit(echo, 1), pool.submit(echo, 2)]);
  return {
    pool,
    echo,
    echoAsync,
    call: (value) => pool.submit(echo, value),
    close: () => pool.terminate(),
  };
}

async function openRaw(count: number): Promise<EchoPool> {
  const workers = Array.from({ length: count }, () => new RawWorker());
  await Promise.all(workers.map((one) => one.echo(0)));
  return {
    call: (value) => workers[value % count]!.echo(value),
    close: () => workers.forEach((one) => one.stop()),
  };
}

async function oneByOne({ call }: Pick<EchoPool, "call">): Promise<void> {
  for (let i = 0; i < ONE_BY_ONE; i++) expect(await call(i), i);
}

async function* yieldItems() {
  for (const item of ITEMS) yield item;
}

async function atOnce({ call }: Pick<EchoPool, "call">): Promise<void> {
  const results = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => call(i)));
  for (let i = 0; i < AT_ONCE; i++) expect(results[i], i);
}

const close = (pool: unknown) => (pool as EchoPool).close();

export const comparisons = bench([
  {
    operation: "New pool of 2 to its first result",
    ops: 1,
    contenders: [
      strand({
        async run() {
          const pool = new WorkerPool(THREADS);
          expect(await pool.submit((value: number) => value, 7), 7);
          return pool;
        },
        after: (pool) => (pool as WorkerPool).terminate(),
      }),
      contender({
        name: "raw worker",
        kind: "floor",
        async run() {
          const worker = new RawWorker();
          expect(await worker.echo(7), 7);
          return worker;
        },
        after: (worker) => (worker as RawWorker).stop(),
      }),
    ],
    goals: [{ against: "raw worker", most: 1.5 }],
    remainder: "two thirds of what it takes longer than a bare worker go into loading the 40 " +
      "modules of the worker's side, each of which the runtime reads twice (the source, and the " +
      "script that it made of it before), and the rest into the port, the first task and code that " +
      "runs for the first time. In one file they would load in a quarter of that time, which is " +
      "the floor of about 1.5, but would be a second library beside the one that a task module " +
      "imports. The built-ins of Node, which took as long as the modules, are not loaded any more.",
  },
  {
    operation: "WorkerPool, one call at a time of a synchronous function",
    ops: ONE_BY_ONE,
    openings: 9,
    contenders: [
      strand({ open: openPool, run: oneByOne, close }),
      contender({ name: RAW, kind: "floor", open: () => openRaw(1), run: oneByOne, close }),
      ...peers(oneByOne),
    ],
    goals: [{ against: RAW, most: 0.3 }, { against: "best peer", most: 0.2 }],
    remainder: REMAINDER,
  },
  {
    operation: "WorkerPool, one call at a time of an asynchronous function",
    ops: ONE_BY_ONE,
    openings: 9,
    contenders: [
      strand({
        open: openPool,
        run: ({ pool, echoAsync }) => oneByOne({ call: (i) => pool.submit(echoAsync, i) }),
        close,
      }),
      contender({ name: RAW, kind: "floor", open: () => openRaw(1), run: oneByOne, close }),
      ...peers(oneByOne),
    ],
    goals: [{ against: RAW, most: 1 }, { against: "best peer", most: 0.8 }],
    remainder: REMAINDER,
  },
  {
    operation: "WorkerPool, 5,000 calls at once",
    ops: AT_ONCE,
    contenders: [
      strand({ open: openPool, run: atOnce, close }),
      contender({ name: RAW, kind: "floor", open: () => openRaw(THREADS), run: atOnce, close }),
      ...peers(atOnce, {}, HANGS),
    ],
    goals: [{ against: "best peer", most: 0.7 }, { against: RAW, most: 1.2 }],
  },
  {
    operation: "WorkerPool, 5,000 calls at once, each with a time limit",
    ops: AT_ONCE,
    contenders: [
      strand({
        open: openPool,
        run: ({ pool, echo }) => {
          return atOnce({ call: (i) => pool.apply(echo, [i], { timeout: 60_000 }) });
        },
        close,
      }),
      contender({ name: RAW, kind: "floor", open: () => openRaw(THREADS), run: atOnce, close }),
    ],
    goals: [{ against: RAW, most: 1.5 }],
  },
  {
    operation: "WorkerPool.map, 5,000 items with chunksize 1, per item",
    ops: AT_ONCE,
    contenders: [
      strand({
        open: openPool,
        async run({ pool, echo }) {
          const results = await pool.map(echo, ITEMS.slice(0, AT_ONCE), { chunksize: 1 });
          for (let i = 0; i < AT_ONCE; i++) expect(results[i], i);
        },
        close,
      }),
      contender({ name: SUBMIT, kind: "floor", open: openPool, run: atOnce, close }),
    ],
    goals: [{ against: SUBMIT, most: 1.2 }],
  },
  {
    operation: "WorkerPool.map, 100,000 items of an async generator, per item",
    few: 5,
    ops: ITEMS.length,
    contenders: [
      strand({
        open: openPool,
        async run({ pool, echo }) {
          const results = await pool.map(echo, yieldItems());
          for (let i = 0; i < ITEMS.length; i++) expect(results[i], i);
        },
        close,
      }),
      // None of them takes one: as many calls as it has items cost each of them no less.
      ...peers(atOnce, { ops: AT_ONCE }, HANGS),
    ],
    goals: [{ against: "best peer", most: 0.1 }],
  },
  {
    operation: "WorkerPool.map, 100,000 small items, per item",
    few: 5,
    ops: ITEMS.length,
    contenders: [
      strand({
        open: openPool,
        async run({ pool, echo }) {
          const results = await pool.map(echo, ITEMS);
          expect(results.length, ITEMS.length);
          for (let i = 0; i < ITEMS.length; i++) expect(results[i], i);
        },
        close,
      }),
      // None of them sends items in groups, so fewer items cost each of them no less.
      ...peers(atOnce, { ops: AT_ONCE }, HANGS),
    ],
    goals: [{ against: "best peer", most: 0.1 }],
  },
]);
