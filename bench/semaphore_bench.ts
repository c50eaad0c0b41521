import { Semaphore, TaskGroup } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { asyncMutex, asyncSema } from "./peers.ts";

const { Semaphore: MutexSemaphore } = await asyncMutex();
const { Sema } = await asyncSema();

const SEMA = "async-sema 3.1.1";
const MUTEX = "async-mutex 0.5.0";
const PERMITS = 10;
const LARGE =
  "the garbage collector copies every wait that is pending: a wait here carries what a " +
  "cancellation needs (its task, its place in the line), one of async-sema its promise alone. " +
  "Within a task each wait is also entered into, and taken out of, the set of those which a " +
  "cancellation of the task has to reach.";

interface Gate {
  acquire(): PromiseLike<unknown>;
  release(): void;
}

async function uncontended(gate: Gate, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await gate.acquire();
    gate.release();
  }
}

/** `waiters` functions at once, each of which holds a permit for a moment. */
async function contended(gate: Gate, waiters: number): Promise<void> {
  let inside = 0;
  let most = 0;
  let passed = 0;
  const pass = async () => {
    await gate.acquire();
    most = Math.max(most, ++inside);
    await undefined;
    inside--;
    passed++;
    gate.release();
  };
  await Promise.all(Array.from({ length: waiters }, pass));
  expect(passed, waiters);
  expect(most, PERMITS);
}

function waiters(count: number) {
  const name = count.toLocaleString("en");
  return [{
    operation: `Semaphore, ${name} waiters at ${PERMITS} permits`,
    ops: count,
    ...count > 10_000 ? { few: 5 } : {},
    contenders: [
      strand({ run: () => contended(new Semaphore(PERMITS), count) }),
      contender({ name: SEMA, kind: "peer", run: () => contended(new Sema(PERMITS), count) }),
    ],
    goals: [{ against: SEMA, most: 1.5 }],
    remainder: LARGE,
  }, {
    operation: `Semaphore, ${name} waiters within a task`,
    ops: count,
    ...count > 10_000 ? { few: 5 } : {},
    contenders: [
      strand({ run: () => TaskGroup.run(() => contended(new Semaphore(PERMITS), count)) }),
      contender({ name: SEMA, kind: "peer", run: () => contended(new Sema(PERMITS), count) }),
    ],
    goals: [{ against: SEMA, most: 1.5 }],
    remainder: LARGE,
  }];
}

export const comparisons = bench([
  {
    operation: "Semaphore, uncontended acquire and release",
    ops: 10_000,
    contenders: [
      strand({
        open: () => new Semaphore(PERMITS),
        async run(semaphore) {
          await uncontended(semaphore, 10_000);
          expect(semaphore.value, PERMITS);
        },
      }),
      contender({
        name: SEMA,
        kind: "peer",
        open: () => new Sema(PERMITS),
        async run(semaphore) {
          await uncontended(semaphore, 10_000);
          expect(semaphore.nrWaiting(), 0);
        },
      }),
      contender({
        name: MUTEX,
        kind: "peer",
        open: () => new MutexSemaphore(PERMITS),
        async run(semaphore) {
          await uncontended(semaphore, 10_000);
          expect(semaphore.getValue(), PERMITS);
        },
      }),
    ],
    goals: [{ against: SEMA, most: 1.5 }],
  },
  ...waiters(1_000),
  ...waiters(100_000),
]);
