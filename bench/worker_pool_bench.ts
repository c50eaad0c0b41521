import { WorkerPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { type EchoPool, HANGS, peers } from "./support/echo_peers.ts";
import { RawWorker } from "./floors/raw_worker.ts";

const RAW = "raw postMessage";
const THREADS = 2;
const ONE_BY_ONE = 500;
const AT_ONCE = 5_000;
const ITEMS = Array.from({ length: 100_000 }, (_, i) => i);
const functions = new URL("./workers/echo_functions.ts", import.meta.url);

const REMAINDER = "chance decides. Where the system has the worker on the processor of the main " +
  "thread, a message there and back takes 12 µs by postMessage and 18 µs as a call (1.5); where it " +
  "wakes a second processor for each of the two messages, which a virtual machine does slowly, " +
  "52 µs and 60 µs (1.15). It chooses whenever it wakes a thread, mostly as it did before: two " +
  "bare workers, taken in turn, differ by up to 4 times. A bare one is found on the processor of " +
  "the main thread in about half of the programs, a pool and its peers less often; the threads of " +
  "the garbage collector are not what makes the difference (it is the same without them). The " +
  "6 µs are those of a task that can be called off, of a future, and of the note where the call " +
  "was made, on both sides; no message and no wake-up is superfluous.";

interface OpenPool extends EchoPool {
  pool: WorkerPool;
  echo: (value: number) => PromiseLike<number>;
}

async function openPool(): Promise<OpenPool> {
  const pool = new WorkerPool(THREADS);
  const { echo } = pool.import<typeof import("./workers/echo_functions.ts")>(functions);
  await Promise.all([pool.submit(echo, 1), pool.submit(echo, 2)]);
  return {
    pool,
    echo,
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

async function oneByOne(pool: EchoPool): Promise<void> {
  for (let i = 0; i < ONE_BY_ONE; i++) expect(await pool.call(i), i);
}

async function atOnce(pool: EchoPool): Promise<void> {
  const results = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => pool.call(i)));
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
    operation: "WorkerPool, one call at a time",
    ops: ONE_BY_ONE,
    openings: 9,
    contenders: [
      strand({ open: openPool, run: oneByOne, close }),
      contender({ name: RAW, kind: "floor", open: () => openRaw(1), run: oneByOne, close }),
      ...peers(oneByOne),
    ],
    goals: [{ against: RAW, most: 1.35 }, { against: "best peer" }],
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
