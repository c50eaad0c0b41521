import { AsyncLocalStorage } from "node:async_hooks";
import { createTask, run, sleep, TaskGroup } from "../mod.ts";
import { bench, type Comparison, contender, expect, strand } from "./support/comparison.ts";
import { effect, type EffectFiber, effection } from "./peers.ts";

const { Effect, Fiber } = await effect();
const { run: runEffection, sleep: effectionSleep, spawn } = await effection();

const EFFECT = "effect 4.1.0";
const EFFECTION = "effection 4.1.1";
const FLOOR = "Promise.all over AsyncLocalStorage.run";
const storage = new AsyncLocalStorage<number>();

function sumBelow(n: number): number {
  return n * (n - 1) / 2;
}

function spawnAndJoin(children: number): Comparison {
  return {
    operation: `TaskGroup, spawn and join ${children.toLocaleString("en")} children`,
    ops: children,
    ...children > 10_000 ? { few: 5 } : {},
    contenders: [
      strand({
        async run() {
          let sum = 0;
          await TaskGroup.run((group) => {
            // deno-lint-ignore require-await
            for (let i = 0; i < children; i++) group.createTask(async () => void (sum += i));
          });
          expect(sum, sumBelow(children));
        },
      }),
      contender({
        name: FLOOR,
        kind: "floor",
        async run() {
          let sum = 0;
          const running: Promise<void>[] = [];
          for (let i = 0; i < children; i++) {
            // deno-lint-ignore require-await
            running.push(storage.run(i, async () => void (sum += i)));
          }
          await Promise.all(running);
          expect(sum, sumBelow(children));
        },
      }),
      contender({
        name: EFFECT,
        kind: "peer",
        async run() {
          let sum = 0;
          await Effect.runPromise(Effect.gen(function* () {
            const fibers: EffectFiber.Fiber<void>[] = [];
            for (let i = 0; i < children; i++) {
              fibers.push(yield* Effect.forkChild(Effect.sync(() => void (sum += i))));
            }
            for (const fiber of fibers) yield* Fiber.join(fiber);
          }));
          expect(sum, sumBelow(children));
        },
      }),
    ],
    goals: [{ against: EFFECT, most: 0.7 }, { against: FLOOR, most: 3 }],
    remainder: "half of it is the garbage collector, which copies every task that waits for its " +
      "first turn (about 260 bytes with the caller's own function) twice before it counts as " +
      "old; with a young generation large enough for all of them the ratio to the floor is 1.8. " +
      "The floor runs each function at once and keeps nothing. A third is AsyncLocalStorage.run.",
  };
}

const SLEEPERS = 10_000;
const HOUR = 3_600_000;

export const comparisons = bench([
  spawnAndJoin(1_000),
  spawnAndJoin(100_000),
  {
    operation: "Spawn 10,000 sleepers and cancel them all",
    ops: SLEEPERS,
    few: 5,
    contenders: [
      strand({
        async run() {
          let stopped = 0;
          await run(() =>
            TaskGroup.run(async (group) => {
              for (let i = 0; i < SLEEPERS; i++) {
                group.createTask(async () => {
                  try {
                    await sleep(HOUR);
                  } finally {
                    stopped++;
                  }
                });
              }
              await sleep(0);
              group.cancel();
            }), { handleSignals: false });
          expect(stopped, SLEEPERS);
        },
      }),
      contender({
        name: EFFECT,
        kind: "peer",
        async run() {
          let stopped = 0;
          await Effect.runPromise(Effect.gen(function* () {
            const fibers: EffectFiber.Fiber<void>[] = [];
            const sleeper = Effect.ensuring(
              Effect.sleep(HOUR),
              Effect.sync(() => void stopped++),
            );
            for (let i = 0; i < SLEEPERS; i++) fibers.push(yield* Effect.forkChild(sleeper));
            yield* Effect.sleep(0);
            yield* Fiber.interruptAll(fibers);
          }));
          expect(stopped, SLEEPERS);
        },
      }),
      contender({
        name: EFFECTION,
        kind: "peer",
        async run() {
          let stopped = 0;
          await runEffection(function* () {
            for (let i = 0; i < SLEEPERS; i++) {
              yield* spawn(function* () {
                try {
                  yield* effectionSleep(HOUR);
                } finally {
                  stopped++;
                }
              });
            }
            yield* effectionSleep(0);
          });
          expect(stopped, SLEEPERS);
        },
      }),
    ],
    goals: [{ against: EFFECT, most: 0.7 }],
  },
  {
    operation: "createTask, 1,000 tasks awaited one by one",
    ops: 1_000,
    contenders: [
      strand({
        async run() {
          let sum = 0;
          for (let i = 0; i < 1_000; i++) sum += await createTask(() => i);
          expect(sum, sumBelow(1_000));
        },
      }),
      contender({
        name: EFFECT,
        kind: "peer",
        async run() {
          const sum = await Effect.runPromise(Effect.gen(function* () {
            let sum = 0;
            for (let i = 0; i < 1_000; i++) {
              sum += yield* Fiber.join(yield* Effect.forkChild(Effect.sync(() => i)));
            }
            return sum;
          }));
          expect(sum, sumBelow(1_000));
        },
      }),
    ],
    goals: [{ against: EFFECT }],
  },
]);
