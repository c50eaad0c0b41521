import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  createTask,
  currentTask,
  Future,
  shield,
  sleep,
  TimeoutError,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, ending, failure, start } from "./helpers.ts";

Deno.test("waitFor: in time, gives the result or the failure", async () => {
  assertEquals(await waitFor(() => sleep(0, 1), 60_000), 1);
  assertEquals(await waitFor(Promise.resolve(2), 60_000), 2);
  assertEquals(await waitFor(createTask(() => 3), null), 3);
  assertEquals(await failure(waitFor(() => Promise.reject("no"), 60_000)), "no");
});

Deno.test("waitFor: a function runs in the calling task, with the signal of the limit", async () => {
  const task = start(async () => {
    const me = currentTask()!;
    const outside = me.signal;
    return await waitFor((signal) => {
      return [currentTask() === me, signal === me.signal, signal !== outside];
    }, 60_000);
  });
  assertEquals(await task, [true, true, true]);
});

Deno.test("waitFor: rejects with TimeoutError only when the task has really ended", async () => {
  using time = new FakeTime();
  const inner = start(async () => {
    try {
      await new Future();
    } finally {
      await sleep(5);
    }
  });
  const outer = start(() => waitFor(inner, 10));
  await advance(time, 10);
  assertEquals(ending(outer), "pending");
  await advance(time, 5);
  assertEquals(ending(outer), "TimeoutError: The time limit was exceeded");
  assert(inner.cancelled());
});

Deno.test("waitFor: a task that swallows the cancellation has its value returned", async () => {
  using time = new FakeTime();
  const inner = start(() => new Future<string>().catch(() => "stayed"));
  const outer = start(() => waitFor(inner, 10));
  await advance(time, 10);
  assertEquals(ending(outer), "=stayed");
});

Deno.test("waitFor: a task that fails while it is cancelled gives that failure", async () => {
  using time = new FakeTime();
  const inner = start(async () => {
    try {
      await new Future();
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw new Error("clean-up");
    }
  });
  const outer = start(() => waitFor(inner, 10));
  await advance(time, 10);
  assertEquals(ending(outer), "Error: clean-up");
});

Deno.test("waitFor: 0 or less takes only what is there, and never starts a function", async () => {
  for (const ms of [0, -1]) {
    let started = false;
    const fn = () => void (started = true);
    assert(await failure(waitFor(fn, ms)) instanceof TimeoutError);
    assertEquals(started, false);
    const there = new Future<number>();
    there.setResult(1);
    assertEquals(await waitFor(there, ms), 1);
    const running = start(() => new Future());
    await settle();
    assert(await failure(waitFor(running, ms)) instanceof TimeoutError);
    assert(running.cancelled());
    const stubborn = start(() => new Future<string>().catch(() => "stayed"));
    await settle();
    assertEquals(await waitFor(stubborn, ms), "stayed");
  }
});

Deno.test("waitFor: cancelled, it cancels what it waits for, unless that is shielded", async () => {
  const inner = start(() => new Future());
  const outer = start(() => waitFor(inner, 60_000));
  await settle();
  outer.cancel();
  await ended(outer);
  assertEquals([outer.cancelled(), inner.cancelled()], [true, true]);
  const kept = start(() => sleep(0, "kept"));
  const other = start(() => waitFor(() => shield(kept), 60_000));
  await Promise.resolve();
  other.cancel();
  await ended(other);
  assertEquals(await kept, "kept");
});

Deno.test("waitFor: cancelled in the instant of the result or of the limit, it is cancelled", async () => {
  using time = new FakeTime();
  const gate = new Future<number>();
  const first = start(() => waitFor(gate, 10));
  const second = start(() => waitFor(new Future(), 10));
  await settle();
  gate.setResult(1);
  first.cancel();
  time.tick(10);
  second.cancel();
  await settle();
  assertEquals([first, second].map(ending), ["cancelled", "cancelled"]);
});

Deno.test("waitFor: a promise is abandoned, and goes on", async () => {
  using time = new FakeTime();
  let went = false;
  const promise = new Promise<void>((resolve) =>
    setTimeout(() => {
      went = true;
      resolve();
    }, 20)
  );
  const task = start(() => waitFor(promise, 10));
  await advance(time, 10);
  assertEquals(ending(task), "TimeoutError: The time limit was exceeded");
  await advance(time, 10);
  assert(went);
});

Deno.test("waitFor: what it waits for being cancelled by others is a cancellation", async () => {
  const inner = start(() => new Future());
  const outer = start(async () => {
    const error = await failure(waitFor(inner, 60_000));
    await sleep(0);
    return error;
  });
  await settle();
  inner.cancel();
  assert(await outer instanceof CancelledError);
  assertEquals(outer.cancelling(), 0);
});

Deno.test("waitFor: works outside any task", async () => {
  assert(await failure(waitFor(() => new Future(), 0)) instanceof TimeoutError);
  using time = new FakeTime();
  const outcome = failure(waitFor(() => new Future<void>(), 10));
  await advance(time, 10);
  assert(await outcome instanceof TimeoutError);
});

Deno.test("waitFor: 0 gives a cancellation that is there as it is, as in CPython", async () => {
  const task = start(() => new Future());
  task.cancel("gone");
  await ended(task);
  const error = await failure(waitFor(task, 0));
  assert(error instanceof CancelledError);
  assertEquals(error.message, "gone");
});

Deno.test("waitFor: refuses nonsense", async () => {
  await assertRejects(() => waitFor(1 as never, 1), TypeError, "received 1");
  await assertRejects(() => waitFor(() => 1, "1" as never), TypeError, "ms must be");
  await assertRejects(() => waitFor(() => 1, NaN), RangeError, "NaN");
  await assertRejects(() => waitFor(() => 1, undefined as never), TypeError, "ms must be");
});
