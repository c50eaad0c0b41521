/**
 * How busy 1 to 100 machines of 100 slots are with one Redis, and with several: a simulation with
 * the costs that were measured. Each slot runs a call, or a chunk of a map; then the Redis, which does
 * one thing at a time, finishes it, gives the next, and takes in another one from the submitter.
 *
 * Run it: `deno run bench/machines_simulation.ts`
 *
 * @module
 */
import { Heap } from "../lib/base/heap.ts";

/** What one call, or one chunk, costs a Redis, in milliseconds: to add, and to finish and fetch. */
const REDIS_MS = 0.2;
/** There and back through the network, and the thread of the machine, in milliseconds. */
const AROUND_MS = 1;
const SLOTS_PER_MACHINE = 100;
const MACHINES = [1, 3, 10, 30, 100];
const LENGTHS = [10, 100, 1_000, 3_500];
const REDISES = [1, 2, 4, 8];
/** How many calls each slot has in the mean. */
const ROUNDS = 20;

/** Numbers that look random, and are the same each time. */
function makeRandom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which part of the time the slots of one Redis are busy. */
function busyPart(slots: number, length: number): number {
  const random = makeRandom(slots + length);
  const calls = new Heap<{ end: number }>((a, b) => a.end - b.end);
  // Half to one and a half times as long; and not all in step.
  const lengthOfOne = () => length * (0.5 + random());
  for (let i = 0; i < slots; i++) calls.push({ end: length * random() });
  let redisFree = 0;
  let busy = 0;
  let last = 0;
  for (let done = 0; done < slots * ROUNDS; done++) {
    const { end } = calls.pop()!;
    redisFree = Math.max(redisFree, end) + REDIS_MS;
    const ms = lengthOfOne();
    busy += ms;
    last = redisFree + AROUND_MS + ms;
    calls.push({ end: last });
  }
  // What has begun and not ended within the time counts for half of it.
  return Math.min(busy / (slots * (last - length / 2)), 1);
}

const percent = (part: number) => `${Math.round(100 * part)} %`;
const row = (cells: unknown[]) => console.log(`| ${cells.join(" | ")} |`);

const kinds = [...LENGTHS.map((ms) => `${ms} ms`), "chunks of a map"];
console.log("How busy the slots are with one Redis, if a call takes so long:\n");
row(["machines", "slots", ...kinds]);
row(["---", "---", ...kinds.map(() => "---")]);
for (const machines of MACHINES) {
  const slots = machines * SLOTS_PER_MACHINE;
  const chunk = Math.max(100, 0.35 * slots);
  const parts = [...LENGTHS, chunk].map((length) => percent(busyPart(slots, length)));
  parts.push(`${parts.pop()} (of ${chunk} ms)`);
  row([machines, slots, ...parts]);
}
console.log(
  "\n100 machines with several queues, each with a Redis and its share of the machines:\n",
);
row(["Redis", ...LENGTHS.map((ms) => `${ms} ms`)]);
row(["---", ...LENGTHS.map(() => "---")]);
for (const redises of REDISES) {
  const slots = 100 * SLOTS_PER_MACHINE / redises;
  row([redises, ...LENGTHS.map((length) => percent(busyPart(slots, length)))]);
}
