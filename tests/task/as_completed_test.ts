import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { asCompleted, createTask, Future, sleep, TimeoutError } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, ending, failure, start } from "./helpers.ts";

// TypeScript types the second loop over one type of `Completions` as if it awaited the futures.
// deno-lint-ignore no-explicit-any
const completed: (...args: Parameters<typeof asCompleted<any>>) => any = asCompleted;

Deno.test("asCompleted: gives futures in the order in which they end, each done", async () => {
  using time = new FakeTime();
  const tasks = [30, 10, 20].map((ms) => createTask(() => sleep(ms, ms)));
  const loop = start(async () => {
    const seen: unknown[] = [];
    for await (const future of completed(tasks)) {
      assert(future.done());
      seen.push(tasks.indexOf(future as never), future.result());
    }
    return seen;
  });
  await advance(time, 10);
  await advance(time, 10);
  await advance(time, 10);
  assertEquals(loop.result(), [1, 10, 2, 20, 0, 30]);
});

Deno.test("asCompleted: those that end together come in the order of their end", async () => {
  const futures = Array.from({ length: 5 }, () => new Future<number>());
  const loop = start(async () => {
    const seen: number[] = [];
    for await (const future of completed(futures)) seen.push(future.result());
    return seen;
  });
  await settle();
  for (const i of [3, 1, 4, 0, 2]) futures[i]!.setResult(i);
  assertEquals(await loop, [3, 1, 4, 0, 2]);
});

Deno.test("asCompleted: failures and cancellations come as futures, and do not end the loop", async () => {
  const cancelled = createTask(() => new Future<number>());
  cancelled.cancel();
  const seen: string[] = [];
  const fail = () => Promise.reject(new Error("no"));
  for await (const future of completed([cancelled, fail, () => 1])) {
    seen.push(ending(future));
  }
  assertEquals(seen.sort(), ["=1", "Error: no", "cancelled"]);
});

Deno.test("asCompleted: of nothing ends at once", async () => {
  for await (const _ of completed([])) assert(false);
  for await (const _ of completed([], { timeout: 0 })) assert(false);
});

Deno.test("asCompleted: one given twice comes once", async () => {
  const task = createTask(() => 1);
  let count = 0;
  for await (const future of completed([task, task])) {
    assert(future === task);
    count++;
  }
  assertEquals(count, 1);
});

Deno.test("asCompleted: the timeout is for the whole loop, and cancels nothing", async () => {
  using time = new FakeTime();
  const tasks = [10, 30].map((ms) => createTask(() => sleep(ms, ms)));
  const seen: number[] = [];
  const loop = start(async () => {
    for await (const future of completed(tasks, { timeout: 20 })) seen.push(future.result());
  });
  await advance(time, 10);
  await advance(time, 10);
  assertEquals(ending(loop), "TimeoutError: The time limit was exceeded");
  assertEquals(seen, [10]);
  await advance(time, 10);
  assertEquals(tasks.map(ending), ["=10", "=30"]);
});

Deno.test("asCompleted: those that were done before the limit still come, then it throws", async () => {
  using time = new FakeTime();
  const tasks = [createTask(() => sleep(10, "done")), createTask(() => sleep(30, "late"))];
  const loop = asCompleted(tasks, { timeout: 20 })[Symbol.asyncIterator]();
  await advance(time, 10);
  await advance(time, 10);
  const first = await loop.next();
  assert(!first.done && first.value === tasks[0]);
  assert(await failure(loop.next()) instanceof TimeoutError);
  await advance(time, 10);
  await ended(...tasks);
});

Deno.test("asCompleted: leaving the loop early leaves the rest running, and no timer", async () => {
  using time = new FakeTime();
  const tasks = [10, 20].map((ms) => createTask(() => sleep(ms, ms)));
  const loop = start(async () => {
    for await (const future of completed(tasks, { timeout: 60_000 })) return future.result();
  });
  await advance(time, 10);
  assertEquals(loop.result(), 10);
  await advance(time, 10);
  assertEquals(tasks.map(ending), ["=10", "=20"]);
  assertEquals(time.next(), false);
});

Deno.test("asCompleted: the loop cancelled leaves the rest running", async () => {
  const gate = new Future<number>();
  const loop = start(async () => {
    for await (const _ of completed([gate])) assert(false);
  });
  await settle();
  loop.cancel();
  await ended(loop);
  assert(loop.cancelled());
  assertEquals(gate.done(), false);
});

Deno.test("asCompleted: a future handed to a step that is cancelled goes to the next one", async () => {
  const futures = [new Future<number>(), new Future<number>()];
  const completed = asCompleted(futures)[Symbol.asyncIterator]();
  const first = start(async () => await completed.next());
  const second = start(async () => await completed.next());
  await settle();
  futures[1]!.setResult(1);
  first.cancel();
  await ended(first);
  assert(first.cancelled());
  const step = await second;
  assert(!step.done && step.value === futures[1]);
  futures[0]!.setResult(0);
  assertEquals((await completed.next()).done, false);
  assertEquals((await completed.next()).done, true);
  assertEquals((await completed.next()).done, true);
});

Deno.test("asCompleted: a step that is cancelled leaves no timer, and a further one has the limit", async () => {
  using time = new FakeTime();
  const loop = asCompleted([new Future()], { timeout: 20 });
  const step = start(async () => await loop.next());
  await settle();
  step.cancel();
  await ended(step);
  assertEquals(time.next(), false);
  const further = start(async () => await loop.next());
  await advance(time, 20);
  assertEquals(ending(further), "TimeoutError: The time limit was exceeded");
  assertEquals(time.next(), false);
});

Deno.test("asCompleted: refuses nonsense at once", async () => {
  assertThrows(() => asCompleted(1 as never), TypeError, "iterable");
  assertThrows(() => asCompleted([1 as never]), TypeError, "received 1");
  assertThrows(() => asCompleted([], { timeout: "1" as never }), TypeError, "timeout");
  assertThrows(() => asCompleted([], { timeout: NaN }), RangeError, "NaN");
  await assertRejects(
    async () => {
      for await (const _ of completed([new Future()], { timeout: -1 }));
    },
    TimeoutError,
  );
});
