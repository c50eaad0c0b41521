/**
 * Stopping work that runs too long: work that asks whether it should stop, a task that waits for a
 * pool, and a loop that listens to nobody.
 *
 * Python: `future.cancel()` cannot stop a running call, so `process.kill()` and a broken pool.
 *
 * Run it: `deno run --allow-read=. --allow-run examples/20_cancel_runaway_work.ts`
 *
 * @module
 */
import {
  CancelledError,
  cancelRequested,
  ProcessPool,
  remote,
  run,
  SharedEvent,
  timeout,
  TimeoutError,
  WorkerPool,
} from "@strand/strand";

/** Counts until it is asked to stop. */
function countPolitely(started: SharedEvent): number {
  started.set();
  for (let i = 0;; i++) {
    if (cancelRequested()) throw new CancelledError(`stopped counting`);
  }
}

/** Never ends, never listens. */
function countForEver(): never {
  for (let i = 0;; i++);
}

function greet(name: string): string {
  return `hello, ${name}`;
}

/** What the workers find in this module, by name. */
export const work = remote(import.meta, { countPolitely, countForEver, greet });

/** A call that polls `cancelRequested` ends at once, and its worker goes on. */
async function cancelOneCall(): Promise<void> {
  await using pool = new WorkerPool(1);
  const started = new SharedEvent();
  const future = pool.submit(work.countPolitely, started);
  await started.wait();
  future.cancel();
  try {
    await future;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
  }
  console.log(`one call: cancelled ${future.cancelled()}`);
  console.log(`its worker: ${await pool.submit(work.greet, "again")}`);
}

/** What a task waits for is cancelled with it: the running calls and those in the queue. */
async function cancelWholeMap(): Promise<void> {
  await using pool = new WorkerPool(2);
  const started = new SharedEvent();
  try {
    await timeout(100, () => pool.map(work.countPolitely, new Array(1_000).fill(started)));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  // This would wait for ever if they still ran.
  console.log(`a map of 1000 calls: stopped, its workers: ${await pool.submit(work.greet, "too")}`);
}

/** What does not listen is ended together with its process, and the pool starts another. */
async function killRunaway(): Promise<void> {
  await using pool = new ProcessPool({ maxWorkers: 1, cancelGrace: 100 });
  try {
    await pool.apply(work.countForEver, [], { timeout: 100 });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log(`a loop without end: ${error.name}`);
  }
  console.log(`the next process: ${await pool.submit(work.greet, "newcomer")}`);
}

async function main(): Promise<void> {
  await cancelOneCall();
  await cancelWholeMap();
  await killRunaway();
}

if (import.meta.main) await run(main);
