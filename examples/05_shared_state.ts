/**
 * A counter and an array in memory that several threads share, with and without the lock.
 *
 * Python: `Value("i", 0)`, `Array("i", 4)` and `with counter.get_lock(): counter.value += 1`.
 *
 * Run it: `deno run --allow-read=. examples/05_shared_state.ts`
 *
 * @module
 */
import {
  remote,
  run,
  SharedArray,
  SharedBarrier,
  SharedValue,
  TaskGroup,
  WorkerPool,
} from "@strand/strand";

const WORKERS = 2;
const TIMES = 100_000;

/** Waits until all are there, then reads, adds and writes back; what the other thread wrote in between is lost. */
function countCarelessly(counter: SharedValue, start: SharedBarrier, times: number): void {
  start.waitSync();
  for (let i = 0; i < times; i++) counter.value += 1;
}

/** The same, but nobody else may come in between. Workers may block, hence `acquireSync`. */
function countUnderLock(counter: SharedValue, start: SharedBarrier, times: number): void {
  start.waitSync();
  for (let i = 0; i < times; i++) {
    using _held = counter.lock.acquireSync();
    counter.value += 1;
  }
}

/** For a mere addition no lock is needed. */
function countAtomically(counter: SharedValue, start: SharedBarrier, times: number): void {
  start.waitSync();
  for (let i = 0; i < times; i++) counter.add(1);
}

/** Each worker writes to places of its own: then no lock is needed either. */
function fill(squares: SharedArray, from: number, to: number): void {
  for (let i = from; i < to; i++) squares.set(i, i * i);
}

/** What the workers find in this module, by name. */
export const work = remote(import.meta, {
  countCarelessly,
  countUnderLock,
  countAtomically,
  fill,
});

async function count(pool: WorkerPool, how: typeof countAtomically): Promise<number> {
  const counter = new SharedValue("int32", 0);
  const start = new SharedBarrier(WORKERS);
  await TaskGroup.run((group) => {
    for (let i = 0; i < WORKERS; i++) {
      group.createTask(() => pool.submit(how, counter, start, TIMES));
    }
  });
  return counter.value;
}

async function main(): Promise<void> {
  await using pool = new WorkerPool(WORKERS);
  console.log(`${WORKERS} workers count to ${TIMES} each`);
  console.log(`without a lock: ${await count(pool, work.countCarelessly)}`);
  console.log(`with a lock:    ${await count(pool, work.countUnderLock)}`);
  console.log(`atomically:     ${await count(pool, work.countAtomically)}`);

  const squares = new SharedArray("int32", 8);
  await pool.starmap(work.fill, [[squares, 0, 4], [squares, 4, 8]]);
  console.log(`shared array:   ${[...squares].join(", ")}`);
}

if (import.meta.main) await run(main);
