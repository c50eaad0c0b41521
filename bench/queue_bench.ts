import { gather, Queue } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { PromiseChannel } from "./floors/promise_channel.ts";
import { effect as loadEffect } from "./peers.ts";

const { Effect, Fiber, Queue: EffectQueue } = await loadEffect();

const EFFECT = "effect 4.1.0";
const CHANNEL = "promise channel";
const ITEMS = 10_000;
const SUM = ITEMS * (ITEMS - 1) / 2;
const BOUND = 64;

interface Pipe {
  put(item: number): Promise<void>;
  get(): Promise<number>;
}

async function produce(pipe: Pipe): Promise<void> {
  for (let i = 0; i < ITEMS; i++) await pipe.put(i);
}

async function consume(pipe: Pipe): Promise<number> {
  let sum = 0;
  for (let i = 0; i < ITEMS; i++) sum += await pipe.get();
  return sum;
}

async function bothAtOnce(pipe: Pipe): Promise<void> {
  const [, sum] = await Promise.all([produce(pipe), consume(pipe)]);
  expect(sum, SUM);
}

async function asTasks(pipe: Pipe): Promise<void> {
  const [, sum] = await gather(() => produce(pipe), () => consume(pipe));
  expect(sum, SUM);
}

const effectProgram = Effect.gen(function* () {
  const queue = yield* EffectQueue.bounded<number>(BOUND);
  const producer = yield* Effect.forkChild(Effect.gen(function* () {
    for (let i = 0; i < ITEMS; i++) yield* EffectQueue.offer(queue, i);
  }));
  let sum = 0;
  for (let i = 0; i < ITEMS; i++) sum += yield* EffectQueue.take(queue);
  yield* Fiber.join(producer);
  return sum;
});

const channel = contender({
  name: CHANNEL,
  kind: "floor",
  run: () => bothAtOnce(new PromiseChannel<number>(BOUND)),
});

const effect = contender({
  name: EFFECT,
  kind: "peer",
  async run() {
    expect(await Effect.runPromise(effectProgram), SUM);
  },
});

const goals = [{ against: EFFECT, most: 0.3 }, { against: CHANNEL, most: 2 }];

export const comparisons = bench([
  {
    operation: "Queue bounded 64, one producer and one consumer",
    ops: ITEMS,
    contenders: [
      strand({ run: () => bothAtOnce(new Queue<number>(BOUND)) }),
      channel,
      effect,
    ],
    goals,
  },
  {
    operation: "Queue bounded 64, one producer and one consumer, each a task",
    ops: ITEMS,
    contenders: [
      strand({ run: () => asTasks(new Queue<number>(BOUND)) }),
      channel,
      effect,
    ],
    goals,
    remainder: "while a task goes on without having to wait, the ready queue looks at each " +
      "microtask whether its step is over, as asyncio takes one step at a time: one more " +
      "microtask for each item, which costs as much as the item itself. Outside tasks, where " +
      "there are no steps, the ratio is 1.",
  },
]);
