import { survey } from "../lib/wire/packing.ts";
import { SharedLock, SharedQueue, WorkerPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { openTwo, type SharedFloor } from "./floors/raw_shared.ts";
import { consume, countUnderLock, passOn, produce } from "./workers/strand_functions.ts";

const ATOMICS = "Atomics ping-pong";
const POST = "postMessage";
const TURNS = 4_000;
const ITEMS = 10_000;
const SUM = ITEMS * (ITEMS - 1) / 2;

async function openPool(): Promise<WorkerPool> {
  const pool = new WorkerPool(2);
  const queue = new SharedQueue<number>();
  await Promise.all([pool.submit(produce, queue, 1), pool.submit(consume, queue, 1)]);
  return pool;
}

const closePool = (pool: WorkerPool) => pool.terminate();
const closeTwo = (two: SharedFloor[]) => two.forEach((one) => one.stop());

const pingPong = contender({
  name: ATOMICS,
  kind: "floor",
  open: openTwo,
  async run(two) {
    const words = new Int32Array(new SharedArrayBuffer(8));
    await Promise.all(two.map((one, me) => {
      one.order({ what: "ping", words, me, turns: TURNS });
      return one.next();
    }));
    expect(words[1], 2 * TURNS);
  },
  close: closeTwo,
});

const COPY = "structuredClone";
const COPIES = 1_000;
const ARGUMENTS: [string, unknown[]][] = [
  ["a number and a text", [1, "text"]],
  ["an object of 5 fields", [{ id: 1, name: "x", tags: ["a", "b"], at: 3.5, ok: true }]],
  ["an array of 100 numbers", [Array.from({ length: 100 }, (_, i) => i / 2)]],
];

/** What it costs to look for shared objects in arguments that hold none, beside copying them. */
const checks = ARGUMENTS.map(([name, args]) => ({
  operation: `The check for shared objects, ${name}`,
  ops: COPIES,
  contenders: [
    strand({
      run() {
        let special = 0;
        for (let i = 0; i < COPIES; i++) {
          if (survey(args) < 0) special++;
          structuredClone(args);
        }
        expect(special, 0);
      },
    }),
    contender({
      name: COPY,
      kind: "floor",
      run() {
        let copies = 0;
        for (let i = 0; i < COPIES; i++) if (structuredClone(args) !== args) copies++;
        expect(copies, COPIES);
      },
    }),
  ],
  goals: [{ against: COPY }],
}));

export const comparisons = bench([
  ...checks,
  {
    operation: "SharedLock, hand-over between two workers",
    ops: 2 * TURNS,
    contenders: [
      strand({
        open: openPool,
        async run(pool) {
          const [left, right] = [new SharedLock(), new SharedLock()];
          const cells = new Int32Array(new SharedArrayBuffer(4));
          await right.acquire();
          await Promise.all([
            pool.submit(passOn, left, right, cells, TURNS),
            pool.submit(passOn, right, left, cells, TURNS),
          ]);
          expect(cells[0], 2 * TURNS);
        },
        close: closePool,
      }),
      pingPong,
    ],
    goals: [{ against: ATOMICS, most: 2 }],
  },
  {
    operation: "SharedLock, two workers at one lock",
    ops: 2 * TURNS,
    contenders: [
      strand({
        open: openPool,
        async run(pool) {
          const lock = new SharedLock();
          const cells = new Int32Array(new SharedArrayBuffer(4));
          await Promise.all([
            pool.submit(countUnderLock, lock, cells, TURNS),
            pool.submit(countUnderLock, lock, cells, TURNS),
          ]);
          expect(cells[0], 2 * TURNS);
        },
        close: closePool,
      }),
      pingPong,
    ],
    goals: [{ against: ATOMICS, most: 2 }],
  },
  {
    operation: "SharedQueue item, worker to main thread",
    ops: ITEMS,
    contenders: [
      strand({
        open: openPool,
        async run(pool) {
          const queue = new SharedQueue<number>();
          const produced = pool.submit(produce, queue, ITEMS);
          let sum = 0;
          for (let i = 0; i < ITEMS; i++) sum += await queue.get();
          await produced;
          expect(sum, SUM);
        },
        close: closePool,
      }),
      contender({
        name: POST,
        kind: "floor",
        open: openTwo,
        async run([one]) {
          const sum = one!.sum(ITEMS);
          one!.order({ what: "post", port: undefined, count: ITEMS });
          expect(await sum, SUM);
        },
        close: closeTwo,
      }),
    ],
    goals: [{ against: POST, most: 0.3 }],
  },
  {
    operation: "SharedQueue item, worker to worker",
    ops: ITEMS,
    contenders: [
      strand({
        open: openPool,
        async run(pool) {
          const queue = new SharedQueue<number>();
          const [, sum] = await Promise.all([
            pool.submit(produce, queue, ITEMS),
            pool.submit(consume, queue, ITEMS),
          ]);
          expect(sum, SUM);
        },
        close: closePool,
      }),
      contender({
        name: POST,
        kind: "floor",
        open: openTwo,
        async run([from, to]) {
          const { port1, port2 } = new MessageChannel();
          const sum = to!.next();
          to!.order({ what: "count", port: port2, count: ITEMS }, [port2]);
          from!.order({ what: "post", port: port1, count: ITEMS }, [port1]);
          expect(await sum, SUM);
        },
        close: closeTwo,
      }),
    ],
    goals: [{ against: POST, most: 0.3 }],
  },
]);
