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
      "each task waits three times, for the lock, to be notified and for the lock again, " +
      "and takes its turn each time; a bare promise has no lock, no turn and no cancellation.",
  },
]);
