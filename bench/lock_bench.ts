import { Lock, TaskGroup } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { contended } from "./support/contended.ts";
import { asyncMutex, asyncSema } from "./peers.ts";

const { Mutex } = await asyncMutex();
const { Sema } = await asyncSema();

const SEMA = "async-sema 3.1.1";
const MUTEX = "async-mutex 0.5.0";
const TIMES = 10_000;

function waiters(count: number) {
  const name = `Lock, ${count.toLocaleString("en")} waiters`;
  const ours = () => contended(new Lock(), count, 1);
  const theirs = contender({
    name: SEMA,
    kind: "peer",
    run: () => contended(new Sema(1), count, 1),
  });
  const rest = {
    ops: count,
    ...count > 10_000 ? { few: 5 } : {},
    goals: [{ against: SEMA, most: 1 }],
    remainder:
      "a wait carries what a cancellation needs and has a turn of its own, one microtask " +
      "more than a bare promise; within a task it is also entered into the scope of the task. No " +
      "single place has more than a tenth of the time.",
  };
  return [
    { operation: name, contenders: [strand({ run: ours }), theirs], ...rest },
    {
      operation: `${name} within a task`,
      contenders: [strand({ run: () => TaskGroup.run(ours) }), theirs],
      ...rest,
    },
  ];
}

export const comparisons = bench([
  {
    operation: "Lock, uncontended acquire and release",
    ops: TIMES,
    contenders: [
      strand({
        open: () => new Lock(),
        async run(lock) {
          for (let i = 0; i < TIMES; i++) {
            await lock.acquire();
            lock.release();
          }
          expect(lock.locked(), false);
        },
      }),
      contender({
        name: MUTEX,
        kind: "peer",
        open: () => new Mutex(),
        async run(mutex) {
          for (let i = 0; i < TIMES; i++) {
            await mutex.acquire();
            mutex.release();
          }
          expect(mutex.isLocked(), false);
        },
      }),
      contender({
        name: SEMA,
        kind: "peer",
        open: () => new Sema(1),
        async run(sema) {
          for (let i = 0; i < TIMES; i++) {
            await sema.acquire();
            sema.release();
          }
          expect(sema.nrWaiting(), 0);
        },
      }),
    ],
    goals: [{ against: MUTEX, most: 0.2 }, { against: SEMA, most: 1.5 }],
  },
  {
    operation: "Lock, uncontended, released at the end of the block",
    ops: TIMES,
    contenders: [
      strand({
        open: () => new Lock(),
        async run(lock) {
          for (let i = 0; i < TIMES; i++) {
            using _held = await lock.acquire();
          }
          expect(lock.locked(), false);
        },
      }),
      contender({
        name: MUTEX,
        kind: "peer",
        open: () => new Mutex(),
        async run(mutex) {
          let ran = 0;
          for (let i = 0; i < TIMES; i++) await mutex.runExclusive(() => ran++);
          expect(ran, TIMES);
        },
      }),
    ],
    goals: [{ against: MUTEX, most: 0.2 }],
  },
  ...waiters(1_000),
  ...waiters(100_000),
]);
