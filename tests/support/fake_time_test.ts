import { FakeTime } from "@std/testing/time";
import { assert, assertEquals, assertThrows } from "@std/assert";

Deno.test("FakeTime runs timers in order of their due time and moves the date with them", () => {
  using time = new FakeTime(1_000);
  const seen: [string, number][] = [];
  setTimeout(() => seen.push(["late", Date.now()]), 20);
  setTimeout(() => seen.push(["early", Date.now()]), 10);
  time.tick(15);
  assertEquals(seen, [["early", 1_010]]);
  assertEquals([time.start, time.now, new Date().valueOf()], [1_000, 1_015, 1_015]);
  time.tick(5);
  assertEquals(seen, [["early", 1_010], ["late", 1_020]]);
});

Deno.test("FakeTime runs a timer of 0 ms that a running timer sets within the same tick", () => {
  using time = new FakeTime();
  let ran = false;
  setTimeout(() => setTimeout(() => ran = true, 0), 5);
  time.tick(5);
  assert(ran);
});

Deno.test("FakeTime runs every timer of one instant in one step of next()", () => {
  using time = new FakeTime(0);
  let count = 0;
  setTimeout(() => count++, 3);
  setTimeout(() => count++, 3);
  const id = setInterval(() => count++, 2);
  assertEquals([time.next(), count, time.now], [true, 1, 2]);
  clearInterval(id);
  assertEquals([time.next(), count, time.now], [true, 3, 3]);
  assertEquals(time.next(), false);
});

Deno.test("FakeTime lets promise reactions set timers before it advances", async () => {
  using time = new FakeTime();
  let turns = 0;
  const chain = (async () => {
    for (; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 1_000));
  })();
  await time.runAllAsync();
  await chain;
  assertEquals([turns, time.now - time.start], [3, 3_000]);
});

Deno.test("FakeTime drops cleared timers", () => {
  using time = new FakeTime();
  let ran = false;
  clearTimeout(setTimeout(() => ran = true, 1));
  clearTimeout(undefined);
  time.tick(10);
  assertEquals(ran, false);
});

Deno.test("FakeTime fakes AbortSignal.timeout", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(100);
  time.tick(99);
  assertEquals(signal.aborted, false);
  time.tick(1);
  assertEquals([signal.aborted, signal.reason.name], [true, "TimeoutError"]);
});

Deno.test("FakeTime leaves performance.now, queueMicrotask and setImmediate alone, and restores the rest", () => {
  const names = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;
  const untouched =
    () => [performance.now, queueMicrotask, Reflect.get(globalThis, "setImmediate")];
  const real = untouched();
  const before = names.map((name) => globalThis[name]);
  const timeout = AbortSignal.timeout;
  const time = new FakeTime();
  assertEquals(untouched(), real);
  assert(names.every((name, i) => globalThis[name] !== before[i]));
  time.restore();
  assert(names.every((name, i) => globalThis[name] === before[i]));
  assertEquals(AbortSignal.timeout, timeout);
  assertThrows(() => time.restore());
  assertThrows(() => FakeTime.restore());
});

Deno.test("FakeTime refuses to be faked twice", () => {
  using _time = new FakeTime();
  assertThrows(() => new FakeTime());
});
