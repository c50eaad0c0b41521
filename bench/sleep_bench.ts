import { setImmediate } from "node:timers";
import { run, sleep } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";

const HOP = "setImmediate";
const TIMES = 1_000;

export const comparisons = bench([
  {
    operation: "await sleep(0)",
    ops: TIMES,
    contenders: [
      strand({
        async run() {
          let turns = 0;
          await run(async () => {
            for (; turns < TIMES; turns++) await sleep(0);
          }, { handleSignals: false });
          expect(turns, TIMES);
        },
      }),
      contender({
        name: HOP,
        kind: "floor",
        async run() {
          let turns = 0;
          for (; turns < TIMES; turns++) {
            await new Promise<void>((resolve) => setImmediate(resolve));
          }
          expect(turns, TIMES);
        },
      }),
      contender({
        name: "setTimeout 0",
        kind: "floor",
        ops: 50,
        async run() {
          let turns = 0;
          for (; turns < 50; turns++) {
            await new Promise<void>((resolve) => setTimeout(resolve, 0));
          }
          expect(turns, 50);
        },
      }),
    ],
    goals: [{ against: HOP, most: 1.5 }],
  },
]);
