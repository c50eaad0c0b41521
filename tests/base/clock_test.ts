import { FakeTime } from "@std/testing/time";
import { assert, assertEquals } from "@std/assert";
import { nextTurn, now, startTimer } from "../../lib/base/clock.ts";
import { runToEnd } from "../support/running_process.ts";

Deno.test("now reads performance.now", () => {
  const before = performance.now();
  const middle = now();
  assert(before <= middle && middle <= performance.now());
});

Deno.test("startTimer fires once, after its delay, and not when it was stopped", () => {
  using time = new FakeTime();
  const seen: string[] = [];
  startTimer(10, () => seen.push("ten"));
  startTimer(5, () => seen.push("five"));
  startTimer(7, () => seen.push("never")).stop();
  time.tick(9);
  assertEquals(seen, ["five"]);
  time.tick(1);
  assertEquals(seen, ["five", "ten"]);
  time.tick(1_000);
  assertEquals(seen, ["five", "ten"]);
});

Deno.test("startTimer takes a negative delay as none", () => {
  using time = new FakeTime();
  let fired = 0;
  startTimer(-5, () => fired++);
  time.tick(0);
  assertEquals(fired, 1);
});

Deno.test("startTimer chains delays that are too long for a native timer", () => {
  using time = new FakeTime();
  const longest = 2 ** 31 - 1;
  let fired = 0;
  startTimer(2 * longest + 5, () => fired++);
  time.tick(longest);
  time.tick(longest);
  time.tick(4);
  assertEquals(fired, 0);
  time.tick(1);
  assertEquals(fired, 1);
});

Deno.test("startTimer can be stopped in any stretch of a chained delay", () => {
  using time = new FakeTime();
  const longest = 2 ** 31 - 1;
  let fired = 0;
  const timer = startTimer(2 * longest, () => fired++);
  time.tick(longest);
  timer.stop();
  time.tick(2 * longest);
  assertEquals(fired, 0);
});

Deno.test("startTimer with Infinity never fires", () => {
  using time = new FakeTime();
  const timer = startTimer(Infinity, () => assert(false));
  for (let i = 0; i < 5; i++) time.tick(2 ** 31);
  timer.stop();
});

Deno.test("Timers of one delay, started together, fire in order; stopping some spares the rest", async () => {
  const seen: number[] = [];
  await new Promise<void>((resolve) => {
    const timers = [0, 1, 2, 3].map((i) => startTimer(1, () => seen.push(i)));
    timers[0]!.stop();
    timers[2]!.stop();
    timers[2]!.stop();
    startTimer(2, resolve);
  });
  assertEquals(seen, [1, 3]);
});

Deno.test("A timer that fires may start and stop timers of its own delay", async () => {
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    startTimer(1, () => {
      seen.push("first");
      second.stop();
      startTimer(1, () => {
        seen.push("third");
        resolve();
      });
    });
    const second = startTimer(1, () => seen.push("second"));
  });
  assertEquals(seen, ["first", "third"]);
});

/** Use the processor until so many milliseconds have gone by. */
function spin(ms: number): void {
  for (const end = now() + ms; now() < end;);
}

Deno.test("Timers that are due fire in the order of their times, before any code goes on", async () => {
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    for (const ms of [3, 1, 2]) {
      startTimer(ms, () => {
        seen.push(`${ms}`);
        Promise.resolve().then(() => seen.push(`after ${ms}`));
      });
    }
    startTimer(4, resolve);
    spin(5);
  });
  assertEquals(seen, ["1", "2", "3", "after 1", "after 2", "after 3"]);
});

Deno.test("The order of their times holds also between two delays that take turns", async () => {
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    startTimer(2, () => seen.push("first"));
    spin(0.2);
    startTimer(1.9, () => seen.push("second"));
    spin(0.1);
    startTimer(2, () => seen.push("third"));
    startTimer(4, resolve);
    spin(5);
  });
  assertEquals(seen, ["first", "second", "third"]);
});

Deno.test("Timers that were stopped, however many, are in nobody's way", async () => {
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    const stopped = Array.from({ length: 500 }, (_, i) => startTimer(60_000 + i, resolve));
    startTimer(1, () => seen.push("first"));
    for (const timer of stopped) timer.stop();
    startTimer(2, () => seen.push("second"));
    startTimer(3, resolve);
  });
  assertEquals(seen, ["first", "second"]);
});

Deno.test("A fake clock put in place before the library is loaded is honoured", async () => {
  const program = `
    const timers = [];
    let now = 0;
    globalThis.setTimeout = (fire, ms) => timers.push({ at: now + ms, fire });
    globalThis.clearTimeout = () => {};
    const { createTask, sleep } = await import(${
    JSON.stringify(new URL("../../mod.ts", import.meta.url).href)
  });
    const seen = [];
    createTask(async () => { await sleep(10); seen.push("a" + now); });
    createTask(async () => { await sleep(5); await sleep(10); seen.push("b" + now); });
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = timers.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) break;
      now = next.at;
      next.fire();
    }
    console.log(seen.join());
  `;
  const { out, err } = await runToEnd(["eval", program]);
  assertEquals(out, "a10,b15\n", err);
});

Deno.test("nextTurn calls back after the microtasks, with time standing still", async () => {
  using _ = new FakeTime();
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    nextTurn(() => {
      seen.push("turn");
      resolve();
    });
    Promise.resolve().then(() => seen.push("microtask"));
  });
  assertEquals(seen, ["microtask", "turn"]);
});
