import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  cancelRequested,
  createTask,
  currentTask,
  ensureFuture,
  Event,
  Future,
  sleep,
  type Task,
  TaskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, ending, failure, start } from "./helpers.ts";

/** A foreign wait, as `fetch` does it: it rejects with the reason of the signal. */
function foreign(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Another kind: it rejects with an `AbortError` of its own. */
function aborting(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(new DOMException("The operation was aborted", "AbortError"));
    signal.addEventListener("abort", abort, { once: true });
  });
}

Deno.test("signal: is aborted by cancel, with the CancelledError as reason", async () => {
  const task = createTask(() => sleep(60_000));
  const { signal } = task;
  assert(signal === task.signal);
  assertFalse(signal.aborted);
  await settle();
  task.cancel("enough");
  assert(signal.aborted);
  assert(signal.reason instanceof CancelledError);
  assertEquals(signal.reason.message, "enough");
  // Code outside any task gets the same in an error of its own, which is reported if nobody looks.
  const outside = await failure(task) as CancelledError;
  assertEquals([outside.message, outside.stack], ["enough", signal.reason.stack]);
  assert(await createTask(() => failure(task)) === signal.reason);
});

Deno.test("signal: read after the request it is aborted already", async () => {
  const task = createTask(() => sleep(60_000));
  await settle();
  task.cancel("late");
  assert(task.signal.aborted);
  assertEquals(task.signal.reason.message, "late");
  await ended(task);
});

Deno.test("signal: reaches a foreign promise, whatever that rejects with", async () => {
  for (const wait of [foreign, aborting]) {
    const task = createTask((signal) => wait(signal));
    await settle();
    task.cancel();
    await ended(task);
    assert(task.cancelled(), wait.name);
  }
});

Deno.test("signal: an AbortError without a request to stop is an ordinary failure", async () => {
  const error = new DOMException("Somebody else", "AbortError");
  const task = createTask(() => Promise.reject(error));
  assert(await failure(task) === error);
  assertFalse(task.cancelled());
});

Deno.test("signal: a cancellation that only it carried stays pending for the next wait", async () => {
  const seen: string[] = [];
  const task = createTask(async (signal) => {
    try {
      await aborting(signal);
    } catch {
      seen.push("swallowed");
    }
    await sleep(60_000);
  });
  await settle();
  task.cancel();
  await ended(task);
  assertEquals(seen, ["swallowed"]);
  assert(task.cancelled());
});

Deno.test("signal: of a timeout is its own, and the task's is live again afterwards", async () => {
  using time = new FakeTime();
  const task = createTask(async (outside) => {
    const me = currentTask()!;
    assert(me.signal === outside);
    let inside: AbortSignal | undefined;
    try {
      await timeout(10, async () => {
        inside = me.signal;
        assert(inside !== outside);
        await aborting(inside);
      });
    } catch (error) {
      assert(error instanceof TimeoutError);
    }
    assert(inside!.aborted);
    assertFalse(outside.aborted);
    assert(me.signal === outside);
    assertEquals(me.cancelling(), 0);
    await foreign(me.signal);
  });
  await advance(time, 10);
  assertEquals(ending(task), "pending");
  task.cancel();
  await settle();
  assertEquals(ending(task), "cancelled");
});

Deno.test("signal: of a group is its own, and is aborted by a failing child", async () => {
  const task = createTask(async (outside) => {
    const me = currentTask()!;
    let inside: AbortSignal | undefined;
    await failure(TaskGroup.run(async (group) => {
      inside = me.signal;
      group.createTask(() => Promise.reject(new Error("no")));
      await aborting(inside);
    }));
    return [inside!.aborted, outside.aborted, me.signal === outside];
  });
  assertEquals(await task, [true, false, true]);
});

Deno.test("signal: cancelling the task aborts those handed out in all scopes within", async () => {
  const signals: AbortSignal[] = [];
  const task = createTask(async (signal) => {
    signals.push(signal);
    await timeout(null, () =>
      TaskGroup.run(async () => {
        signals.push(currentTask()!.signal);
        await timeout(null, async () => {
          signals.push(currentTask()!.signal);
          await foreign(currentTask()!.signal);
        });
      }));
  });
  await settle();
  assertEquals(new Set(signals).size, 3);
  task.cancel("all");
  assertEquals(signals.map((signal) => signal.reason?.message), ["all", "all", "all"]);
  await ended(task);
  assert(task.cancelled());
});

Deno.test("signal: no abort listener is added by the library, however much waits", async () => {
  const original = EventTarget.prototype.addEventListener;
  let added = 0;
  EventTarget.prototype.addEventListener = function (...args: Parameters<typeof original>) {
    if (this instanceof AbortSignal) added++;
    return original.apply(this, args);
  };
  try {
    const task = createTask(async (signal) => {
      assertFalse(signal.aborted);
      await TaskGroup.run(async (group) => {
        for (let i = 0; i < 100; i++) group.createTask(() => sleep(60_000));
        await timeout(60_000, () => Promise.all([sleep(60_000), new Future(), sleep(60_000)]));
      });
    });
    await settle();
    task.cancel();
    await ended(task);
    assert(task.cancelled());
    assertEquals(added, 0);
  } finally {
    EventTarget.prototype.addEventListener = original;
  }
});

Deno.test("Cancelling a task withdraws all its waits, those side by side, too", async () => {
  const seen: string[] = [];
  const branch = async (name: string, wait: () => Promise<unknown>) => {
    try {
      await wait();
    } catch (error) {
      seen.push(`${name} ${(error as Error).name}`);
      throw error;
    }
  };
  const task = createTask(() =>
    Promise.all([
      branch("sleep", () => sleep(60_000)),
      branch("future", () => Promise.resolve(new Future())),
      branch("foreign", () => Promise.resolve(ensureFuture(new Promise(() => {})))),
      branch("nested", async () => await branch("inner", () => sleep(60_000))),
    ])
  );
  await settle();
  task.cancel();
  await ended(task);
  await settle();
  assert(task.cancelled());
  assertEquals(
    seen.sort(),
    ["foreign", "future", "inner", "nested", "sleep"].map((name) => `${name} CancelledError`),
  );
});

Deno.test("Cancelling a task reaches waits begun in a timeout or group that has ended", async () => {
  for (const scope of [timeout.bind(null, null), TaskGroup.run]) {
    const task = createTask(async () => {
      const left: Promise<void>[] = [];
      await scope(() => void left.push(sleep(60_000)));
      await left[0];
    });
    await settle();
    task.cancel();
    await ended(task);
    assert(task.cancelled());
  }
});

Deno.test("Cancelling a task leaves waits alone that were begun in other tasks", async () => {
  const other = createTask(() => sleep(0, "other"));
  const task = createTask(() => sleep(60_000));
  task.cancel();
  assertEquals(await other, "other");
});

Deno.test("A wait outside any task cannot be cancelled, and works in every form", async () => {
  const gate = new Future<number>();
  const waits = Promise.all([sleep(0, 1), gate, ensureFuture(Promise.resolve(3))]);
  await sleep(0);
  gate.setResult(2);
  assertEquals(await waits, [1, 2, 3]);
});

Deno.test("cancelRequested: is true from the request on, until it was taken back", async () => {
  assertFalse(cancelRequested());
  const seen: boolean[] = [];
  const task = createTask(async () => {
    seen.push(cancelRequested());
    currentTask()!.cancel();
    seen.push(cancelRequested());
    currentTask()!.uncancel();
    seen.push(cancelRequested());
    await sleep(0);
  });
  await task;
  assertEquals(seen, [false, true, false]);
});

Deno.test("A task that is cancelled while it waits for a task of a group ends all of it", async () => {
  const seen: string[] = [];
  const children: Task<void>[] = [];
  const task = createTask(() =>
    TaskGroup.run(async (group) => {
      for (const name of ["a", "b"]) {
        children.push(group.createTask(async () => {
          try {
            await sleep(60_000);
          } finally {
            await sleep(0);
            seen.push(name);
          }
        }));
      }
      await children[0];
    })
  );
  await settle();
  task.cancel();
  await ended(task);
  assertEquals(seen.sort(), ["a", "b"]);
  assert(task.cancelled());
});

Deno.test("Of two cancellations in one instant CPython's message is delivered", async () => {
  const endings: Record<string, string> = {};
  for (const how of ["a result", "a failure", "nothing", "a cancellation"]) {
    const future = new Future<void>();
    const task = start(async () => await future);
    await settle();
    if (how === "a result") future.setResult();
    if (how === "a failure") future.setException(new Error("no"));
    if (how === "a cancellation") future.cancel("its own");
    task.cancel("first");
    task.cancel("second");
    const error = await failure(task) as CancelledError;
    endings[how] = error.message;
  }
  const event = new Event();
  const woken = start(() => event.wait());
  const inner = start(() => new Future<void>());
  const outer = start(async () => await inner);
  await settle();
  event.set();
  for (const task of [woken, outer]) {
    task.cancel("first");
    task.cancel("second");
  }
  endings["an event"] = (await failure(woken) as CancelledError).message;
  endings["a task"] = (await failure(outer) as CancelledError).message;
  assertEquals(endings, {
    "a result": "second",
    "a failure": "second",
    "nothing": "first",
    "a cancellation": "its own",
    "an event": "second",
    "a task": "first",
  });
});

Deno.test("Taking back a request that another task was never sent changes nothing for anybody", async () => {
  const other = start(() => new Future<void>());
  const task = start(async () => {
    await new Future<void>().catch(() => {});
    other.uncancel();
    return [currentTask()!.cancelling(), other.cancelling()];
  });
  await settle();
  task.cancel();
  assertEquals(await task, [1, 0]);
  other.cancel();
  await ended(other);
  assertEquals([other.cancelled(), other.cancelling()], [true, 1]);
});
