import { Condition } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";

const BARE = "bare promises";
const WAITERS = 1_000;

export const comparisons = bench([
  {
    operation: `Condition, ${WAITERS.toLocaleString("en")} tasks wait and are notified`,
    ops: WAITERS,
    contenders: [
      strand({
        async run() {
          const condition = new Condition();
          let woken = 0;
          const waits = Array.from({ length: WAITERS }, async () => {
            using _ = await condition.acquire();
            await condition.wait();
            woken++;
          });
          await undefined;
          {
            using _ = await condition.acquire();
            condition.notifyAll();
          }
          await Promise.all(waits);
          expect(woken, WAITERS);
        },
      }),
      contender({
        name: BARE,
        kind: "floor",
        async run() {
          const resolvers: (() => void)[] = [];
          let woken = 0;
          const waits = Array.from({ length: WAITERS }, async () => {
            await new Promise<void>((resolve) => resolvers.push(resolve));
            woken++;
          });
          for (const resolve of resolvers) resolve();
          await Promise.all(waits);
          expect(woken, WAITERS);
        },
      }),
    ],
    goals: [{ against: BARE, most: 3 }],
    remainder:
      "each task takes the lock twice and has two turns, one when it is notified and one " +
      "when it gets the lock. The lock goes from one to the next a thousand times, which by itself " +
      "costs what it does with 1,000 waiters at a Lock, twice to three times a bare promise; the " +
      "using declaration costs half a bare promise. That has no lock, no turn and no cancellation.",
  },
]);
