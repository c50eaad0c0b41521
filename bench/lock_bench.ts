import { Lock } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { asyncMutex, asyncSema } from "./peers.ts";

const { Mutex } = await asyncMutex();
const { Sema } = await asyncSema();

const SEMA = "async-sema 3.1.1";
const MUTEX = "async-mutex 0.5.0";
const TIMES = 10_000;

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
]);
