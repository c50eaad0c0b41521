import { Semaphore, TaskGroup } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { contended, type Gate } from "./support/contended.ts";
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

async function uncontended(gate: Gate, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await gate.acquire();
    gate.release();
  }
}

const pair = (waiters: number, permits: number) => {
  return {
    ours: () => contended(new Semaphore(permits), waiters, permits),
    sema: contender({
      name: SEMA,
      kind: "peer" as const,
      run: () => contended(new Sema(permits), waiters, permits),
    }),
  };
};

function waiters(count: number, permits: number) {
  const name = `Semaphore, ${count.toLocaleString("en")} waiters`;
  const at = permits === 1 ? "one permit" : `${permits} permits`;
  const { ours, sema } = pair(count, permits);
  const rest = {
    ops: count,
    ...count > 10_000 ? { few: 5 } : {},
    goals: [{ against: SEMA, most: 1 }],
    remainder: LARGE,
  };
  return [
    { operation: `${name} at ${at}`, contenders: [strand({ run: ours }), sema], ...rest },
    {
      operation: permits === 1 ? `${name} at ${at}, within a task` : `${name} within a task`,
      contenders: [strand({ run: () => TaskGroup.run(ours) }), sema],
      ...rest,
    },
  ];
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
  ...waiters(1_000, PERMITS),
  ...waiters(100_000, PERMITS),
  ...waiters(1_000, 1),
  ...waiters(100_000, 1),
]);
