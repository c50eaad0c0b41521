/** What CPython's own tests of asyncio ask, where no other test of ours asks it in the same words. */
import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import {
  allTasks,
  asCompleted,
  CancelledError,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  Future,
  gather,
  sleep,
  Task,
  TaskGroup,
  type Timeout,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";
import { ended, failure, start } from "./helpers.ts";

const fail = (error: unknown) => async () => {
  await sleep(0);
  throw error;
};

Deno.test("test_tasks cancel_gather_1: a task whose gather is all but done can be cancelled", async () => {
  const future = new Future<number>();
  const task = start(() => gather(() => future));
  await sleep(0);
  let cancelled: boolean | undefined;
  future.addDoneCallback(() => cancelled = task.cancel());
  future.setResult(42);
  await ended(task);
  assertEquals(cancelled, true);
  assertEquals(task.cancelled(), true);
});

Deno.test("test_tasks uncancel_structured_blocks: a timeout and a task that is cancelled in it", async () => {
  let state = "";
  const task = start(async () => {
    try {
      await timeout(60_000, () => sleep(60_000));
    } catch (error) {
      state = (error as Error).name;
      assertEquals(currentTask()!.uncancel(), 0);
    }
    await sleep(0);
    return currentTask()!.cancelling();
  });
  await sleep(0);
  task.cancel();
  assertEquals(await task, 0);
  assertEquals(state, "CancelledError");
});

Deno.test("test_taskgroups cancelling_level_preserved", async () => {
  const task = createTask(async () => {
    await failure(TaskGroup.run((group) => void group.createTask(fail(new Error("child")))));
    return currentTask()!.cancelling();
  });
  assertEquals(await task, 0);
});

Deno.test("test_taskgroups nested_groups_both_cancelled", async () => {
  const levels = await createTask(async () => {
    const me = currentTask()!;
    const levels: number[] = [];
    const outer = await failure(TaskGroup.run(async (outer) => {
      const inner = await failure(TaskGroup.run((inner) => {
        inner.createTask(fail(new RangeError("inner")));
        outer.createTask(fail(new TypeError("outer")));
      }));
      assert((inner as ExceptionGroup).errors[0] instanceof RangeError);
      levels.push(me.cancelling());
    }));
    assert((outer as ExceptionGroup).errors[0] instanceof TypeError);
    return [...levels, me.cancelling()];
  });
  assertEquals(levels, [1, 0]);
});

Deno.test("test_taskgroups error_and_cancel", async () => {
  const event = new Event();
  const levels: number[] = [];
  const inner = start(async () => {
    const me = currentTask()!;
    const group = await failure(TaskGroup.run(async (group) => {
      group.createTask(async () => {
        event.set();
        await sleep(0);
        throw new RangeError("child");
      });
      await sleep(60_000);
    }));
    assert(group instanceof ExceptionGroup);
    levels.push(me.cancelling());
    await sleep(60_000);
    levels.push(-1);
  });
  await createTask(async () => {
    await event.wait();
    assertEquals(inner.cancelling(), 0);
    inner.cancel();
    assertEquals(inner.cancelling(), 1);
    await assertRejects(() => Promise.resolve(inner), CancelledError);
  });
  assert(inner.cancelled());
  assertEquals(levels, [1]);
});

Deno.test("test_taskgroups taskgroup_20a: a clean-up that fails stands beside the child's failure", async () => {
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(fail(new RangeError("child")));
    try {
      await sleep(60_000);
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw new TypeError("clean-up");
    }
  }));
  assertEquals((error as ExceptionGroup).errors.map((e) => (e as Error).name).sort(), [
    "RangeError",
    "TypeError",
  ]);
});

Deno.test("test_timeouts nested_timeouts_loop_busy: both are over at once", async () => {
  const seen: string[] = [];
  const limits: Timeout[] = [];
  const outer = await failure(timeout(2, async (outer) => {
    limits.push(outer);
    const inner = await failure(timeout(1, (inner) => {
      limits.push(inner);
      for (const end = performance.now() + 3; performance.now() < end;);
      return sleep(60_000);
    }));
    seen.push((inner as Error).name);
    throw inner;
  }));
  seen.push((outer as Error).name);
  assertEquals(seen, ["CancelledError", "TimeoutError"]);
  assertEquals(limits.map((limit) => limit.expired()), [true, true]);
});

Deno.test("test_timeouts timeout_after_cancellation", async () => {
  const task = createTask(async () => {
    currentTask()!.cancel();
    await assertRejects(() => sleep(60_000), CancelledError);
    await assertRejects(() => timeout(0, () => sleep(60_000)), TimeoutError);
    return currentTask()!.cancelling();
  });
  assertEquals(await task, 1);
});

Deno.test("test_timeouts cancel_in_timeout_after_cancellation", async () => {
  const task = createTask(async () => {
    currentTask()!.cancel();
    await assertRejects(() => sleep(60_000), CancelledError);
    const limited = timeout(60_000, async () => {
      currentTask()!.cancel();
      await sleep(60_000);
    });
    assert(await failure(limited) instanceof CancelledError);
    return currentTask()!.cancelling();
  });
  assertEquals(await task, 2);
});

Deno.test("test_waitfor wait_for_issue86296: cancelled in the step in which its task ends", async () => {
  const inner = createTask(() => "done");
  let reachedEnd = false;
  const task = start(async () => {
    await waitFor(inner, 60_000);
    await sleep(0);
    reachedEnd = true;
  });
  inner.addDoneCallback(() => task.cancel());
  await ended(task);
  assert(task.cancelled());
  assert(inner.done() && !inner.cancelled());
  assertFalse(reachedEnd);
});

Deno.test("test_tasks task_cancel_waiter_future: cancelling the task cancels what it awaits", async () => {
  const future = new Future();
  const task = start(async () => await future);
  await sleep(0);
  task.cancel();
  await ended(task);
  assert(future.cancelled() && task.cancelled() && task instanceof Task);
});

Deno.test("as_completed and wait_for, both of no time, side by side in a group", async () => {
  const loop = async () => {
    for await (const _ of asCompleted([() => sleep(60_000)], { timeout: 0 }));
  };
  const limited = () => waitFor(() => sleep(60_000), 0);
  const error = await failure(TaskGroup.run((group) => {
    group.createTask(loop);
    group.createTask(limited);
  }));
  assertEquals((error as ExceptionGroup).errors.map((one) => (one as Error).name), [
    "TimeoutError",
    "TimeoutError",
  ]);
  for (const task of allTasks()) task.cancel();
});
