import { assert, assertEquals, assertThrows } from "@std/assert";
import { explore, type Program } from "./simulation.ts";

const increment: Program = (words) => words.store(0, words.load(0) + 1);

Deno.test("Model: the simulation counts the orders of steps", () => {
  const step: Program = (words) => words.store(0, 1);
  const twice: Program = (words, thread, log) => {
    step(words, thread, log);
    step(words, thread, log);
  };
  const found = explore({ size: 1, threads: [twice, twice], check: () => {} });
  assertEquals([found.schedules, found.depth], [6n, 4]);
});

Deno.test("Model: the simulation finds an update that is lost", () => {
  const check = (_: string[][], memory: readonly number[]) => assertEquals(memory[0], 2);
  const threads = [increment, increment];
  assertThrows(() => explore({ size: 1, threads, check }), Error, "After 4 steps");
  // It takes one interruption.
  explore({ size: 1, threads, check, interruptions: 0 });
  assertThrows(() => explore({ size: 1, threads, check, interruptions: 1 }), Error);
  const atomic: Program = (words) => void words.add(0, 1);
  explore({ size: 1, threads: [atomic, atomic], check });
});

Deno.test("Model: the simulation finds a wake-up that is lost", () => {
  const waker: Program = (words) => {
    words.notify(0, 1);
    words.store(0, 1);
  };
  const sleeper: Program = (words) => void words.wait(0, 0, Infinity);
  const check = () => {};
  assertThrows(() => explore({ size: 1, threads: [waker, sleeper], check }), Error, "Deadlock");
  const right: Program = (words) => {
    words.store(0, 1);
    words.notify(0, 1);
  };
  explore({ size: 1, threads: [right, sleeper], check });
});

Deno.test("Model: the simulation kills at every step, and lets the host run then", () => {
  const lock: Program = (words, _, log) => {
    while (words.compareExchange(0, 0, 1) !== 0) words.wait(0, 1, Infinity);
    log("in");
    words.store(0, 0);
    words.notify(0, 1);
  };
  const threads = [lock, lock];
  const check = (logs: string[][], _: readonly number[], dead: number | undefined) => {
    logs.slice(0, 2).forEach((log, i) => assert(i === dead || log.length === 1));
  };
  explore({ size: 1, threads, check });
  assertThrows(() => explore({ size: 1, threads, check, deaths: true }), Error, "Deadlock");
});

Deno.test("Model: the simulation lets a sleep end by its time limit only where asked to", () => {
  const sleeper: Program = (words, _, log) => log(words.wait(0, 0, 100));
  const one = { size: 1, threads: [sleeper] };
  assertThrows(() => explore({ ...one, check: () => {} }), Error, "Deadlock");
  explore({ ...one, timeouts: [0], check: (logs) => assertEquals(logs, [["timed-out"]]) });
});
