import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { SlidingWindow } from "../../lib/base/sliding_window.ts";

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  return () => (seed = (seed * 16807) % 2147483647) / 2147483647;
}

Deno.test("SlidingWindow: no window of random uses has more than max, and none less than it could", () => {
  for (let seed = 1; seed <= 200; seed++) {
    using time = new FakeTime();
    const next = random(seed);
    const max = 1 + Math.floor(next() * 8);
    const perMs = 1 + Math.floor(next() * 50);
    const window = new SlidingWindow(max, perMs);
    const uses: { at: number; amount: number }[] = [];
    const reserved: number[] = [];
    for (let step = 0; step < 300; step++) {
      time.tick(Math.floor(next() * next() * perMs));
      const used = uses.filter(({ at }) => at + perMs > time.now)
        .reduce((sum, { amount }) => sum + amount, 0);
      const left = max - used - reserved.reduce((sum, amount) => sum + amount, 0);
      assertEquals(window.available, left);
      assert(left >= 0);
      const amount = 1 + Math.floor(next() * max);
      if (next() < 0.6) {
        assertEquals(window.reserve(amount), amount <= left);
        if (amount <= left) reserved.push(amount);
      } else {
        const first = reserved.shift();
        if (first === undefined) continue;
        if (next() < 0.2) window.giveBack(first);
        else {
          window.use(first);
          uses.push({ at: time.now, amount: first });
        }
      }
    }
    for (const { at } of uses) {
      const inside = uses.filter((use) => use.at >= at && use.at < at + perMs);
      assert(inside.reduce((sum, { amount }) => sum + amount, 0) <= max);
    }
  }
});

Deno.test("SlidingWindow: whenFits calls at the very millisecond, the last one that was asked for", () => {
  using time = new FakeTime();
  const window = new SlidingWindow(3, 100);
  for (const amount of [1, 2]) {
    assert(window.reserve(amount));
    window.use(amount);
    time.tick(10);
  }
  const calls: string[] = [];
  window.whenFits(1, () => calls.push("dropped"));
  window.whenFits(2, () => calls.push(`two at ${time.now - time.start}`));
  time.tick(89);
  assertEquals([calls.length, window.available], [0, 1]); // the other two are free from 110 on
  time.tick(1);
  assertEquals([calls, window.available], [["two at 110"], 3]);
  window.stop();
});

Deno.test("SlidingWindow: what is reserved stands in the way without a timer", () => {
  using time = new FakeTime();
  const window = new SlidingWindow(1, 100);
  assert(window.reserve(1));
  window.whenFits(1, () => assert(false, "nothing was used or given back"));
  time.tick(1000);
  assertEquals(window.available, 0);
  window.giveBack(1);
  assertEquals(window.available, 1);
});

Deno.test("SlidingWindow: goes by the timers where a test fakes nothing else", () => {
  const { setTimeout: real, clearTimeout: realClear } = globalThis;
  const timers: (() => void)[] = [];
  globalThis.setTimeout = ((fn: () => void) => timers.push(fn)) as never;
  globalThis.clearTimeout = () => {};
  try {
    const window = new SlidingWindow(1, 60_000);
    assert(window.reserve(1));
    window.use(1);
    let called = false;
    window.whenFits(1, () => called = window.reserve(1));
    timers.shift()!();
    assert(called);
  } finally {
    globalThis.setTimeout = real;
    globalThis.clearTimeout = realClear;
  }
});

Deno.test("SlidingWindow: what was used before time was faked, or while it was, does not stay for ever", () => {
  const window = new SlidingWindow(1, 1_000);
  const use = () => {
    const reserved = window.reserve(1);
    if (reserved) window.use(1);
    return reserved;
  };
  assert(use());
  {
    using time = new FakeTime(0); // before the other clock's time
    assertEquals(use(), false);
    time.tick(1_000);
    assert(use());
  }
  {
    using time = new FakeTime(Date.UTC(2000));
    time.tick(1_000);
    assert(use());
  }
  using time = new FakeTime(10);
  assertEquals(use(), false);
  time.tick(1_000);
  assert(use());
});
