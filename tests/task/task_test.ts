import { assert, assertEquals, assertFalse, assertMatch, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  Future,
  InvalidStateError,
  sleep,
  Task,
} from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";
import { ended, ending, failure } from "./helpers.ts";

Deno.test("createTask: the function starts in a later microtask, never inside the call", async () => {
  let started = false;
  const task = createTask(() => {
    started = true;
  });
  assertFalse(started);
  await settle();
  assert(started);
  assertEquals(ending(task), "=undefined");
});

Deno.test("createTask: tasks start in the order in which they were created", async () => {
  const seen: number[] = [];
  await Promise.all([0, 1, 2, 3].map((i) => createTask(() => seen.push(i))));
  assertEquals(seen, [0, 1, 2, 3]);
});

Deno.test("createTask: a plain value, a promise and a throw are all outcomes", async () => {
  assertEquals(await createTask(() => 1), 1);
  assertEquals(await createTask(() => Promise.resolve(2)), 2);
  const error = new Error("at once");
  assertEquals(
    await failure(createTask(() => {
      throw error;
    })),
    error,
  );
});

Deno.test("createTask: gives the function the signal of its task", async () => {
  const task = createTask((signal) => signal === currentTask()!.signal);
  assert(await task);
});

Deno.test("createTask: names are Task-1, Task-2 and so on, or as given, and may be changed", async () => {
  const [a, b] = [createTask(() => {}), createTask(() => {})];
  assertMatch(a.name, /^Task-\d+$/);
  assertEquals(Number(b.name.slice(5)), Number(a.name.slice(5)) + 1);
  const named = createTask(() => currentTask()!.name, { name: "me" });
  assertEquals(named.name, "me");
  named.name = "you";
  assertEquals(await named, "you");
  await ended(a, b);
});

Deno.test("createTask: refuses nonsense before anything has happened", () => {
  assertThrows(() => createTask(1 as never), TypeError, "coro must be a function, received 1");
  assertThrows(() => createTask(Promise.resolve() as never), TypeError, "an instance of Promise");
  assertThrows(
    () => createTask(() => {}, { name: 1 as never }),
    TypeError,
    "name must be a string",
  );
  assertThrows(() => createTask(() => {}, 1 as never), TypeError, "options must be an object");
});

Deno.test("Task: cannot be constructed, nor settled from outside", async () => {
  const construct = Task as unknown as new (...args: unknown[]) => unknown;
  assertThrows(() => new construct(() => {}), TypeError, "createTask");
  const task = createTask(() => 1);
  assertThrows(() => task.setResult(2), InvalidStateError);
  assertThrows(() => task.setException(new Error()), InvalidStateError);
  assertEquals(await task, 1);
  assertEquals(Object.prototype.toString.call(task), "[object Task]");
});

Deno.test("Task.cancel: before the start, it never runs", async () => {
  let started = false;
  const task = createTask(() => {
    started = true;
  });
  assert(task.cancel());
  assertFalse(task.done());
  await ended(task);
  assert(task.cancelled());
  assertFalse(started);
});

Deno.test("Task.cancel: the wait rejects once, and clean-up may wait", async () => {
  const seen: string[] = [];
  const task = createTask(async () => {
    try {
      await sleep(60_000);
    } catch (error) {
      assert(error instanceof CancelledError);
      seen.push(error.message);
      await sleep(0);
      seen.push("cleaned up");
      throw error;
    }
  });
  await settle();
  assert(task.cancel("enough"));
  await ended(task);
  assertEquals(seen, ["enough", "cleaned up"]);
  assert(task.cancelled());
  assertFalse(task.cancel());
});

Deno.test("Task.cancel: swallowed, the task goes on and ends with its value", async () => {
  const task = createTask(async () => {
    try {
      await sleep(60_000);
    } catch {
      // Swallowed on purpose.
    }
    await sleep(0);
    return "went on";
  });
  await settle();
  task.cancel();
  assertEquals(await task, "went on");
  assertFalse(task.cancelled());
  assertEquals(task.cancelling(), 1);
});

Deno.test("Task.cancel: an error of the clean-up takes the place of the cancellation", async () => {
  const task = createTask(async () => {
    try {
      await sleep(60_000);
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw new Error("clean-up failed");
    }
  });
  await settle();
  task.cancel();
  await ended(task);
  assertEquals(ending(task), "Error: clean-up failed");
});

Deno.test("Task.cancel: of a running task is taken by its next wait", async () => {
  const seen: string[] = [];
  const task = createTask(async () => {
    currentTask()!.cancel("myself");
    seen.push("goes on");
    try {
      await sleep(60_000);
    } catch (error) {
      seen.push((error as Error).message);
    }
    await sleep(0);
    return "done";
  });
  assertEquals(await task, "done");
  assertEquals(seen, ["goes on", "myself"]);
});

Deno.test("Task.cancel: pending at the end of the function, it makes the task cancelled", async () => {
  const task = createTask(() => {
    currentTask()!.cancel();
    return 1;
  });
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Task.cancel: twice before the wait ends is delivered once", async () => {
  let caught = 0;
  const task = createTask(async () => {
    for (let i = 0; i < 2; i++) {
      try {
        await sleep(0);
        await sleep(0);
      } catch {
        caught++;
      }
    }
  });
  await giveWay();
  task.cancel();
  task.cancel();
  assertEquals(task.cancelling(), 2);
  await task;
  assertEquals(caught, 1);
});

Deno.test("Task.cancel: again during the clean-up reaches the clean-up", async () => {
  const seen: string[] = [];
  const task = createTask(async () => {
    try {
      await sleep(60_000);
    } finally {
      try {
        await sleep(60_000);
      } catch (error) {
        seen.push((error as Error).message);
      }
    }
  });
  await settle();
  task.cancel("first");
  await settle();
  task.cancel("second");
  await ended(task);
  assertEquals(seen, ["second"]);
  assert(task.cancelled());
});

Deno.test("Task.cancel: goes down through the tasks that are awaited, and up again", async () => {
  const seen: string[] = [];
  const level = (name: string, body: () => PromiseLike<unknown>) =>
    createTask(async () => {
      try {
        await body();
      } finally {
        seen.push(name);
      }
    });
  const inner = level("inner", () => sleep(60_000));
  const middle = level("middle", () => inner);
  const outer = level("outer", () => middle);
  await settle();
  outer.cancel("all");
  await ended(outer);
  assertEquals(seen, ["inner", "middle", "outer"]);
  assertEquals([inner, middle, outer].map((task) => task.cancelled()), [true, true, true]);
  assertEquals([inner, middle, outer].map((task) => task.cancelling()), [1, 1, 1]);
  assertEquals((await failure(outer) as Error).message, "all");
});

Deno.test("Task.cancel: the waiter goes on if the awaited task swallows it", async () => {
  const inner = createTask(async () => {
    try {
      await sleep(60_000);
    } catch {
      // Swallowed on purpose.
    }
    return "stayed";
  });
  const outer = createTask(async () => await inner);
  await settle();
  outer.cancel();
  assertEquals(await outer, "stayed");
});

Deno.test("Task.cancel: an awaited task that is cancelled by others cancels its waiter, too", async () => {
  const inner = createTask(() => sleep(60_000));
  const outer = createTask(async () => await inner);
  await settle();
  inner.cancel("inner only");
  await ended(outer);
  assert(outer.cancelled());
  assertEquals(outer.cancelling(), 0);
});

Deno.test("Task.cancel: from a callback, a timer and another task", async () => {
  const wait = () => createTask(() => sleep(60_000));
  const [a, b, c] = [wait(), wait(), wait()];
  const future = new Future<void>();
  future.addDoneCallback(() => a.cancel());
  future.setResult();
  setTimeout(() => b.cancel(), 0);
  createTask(() => c.cancel());
  await ended(a, b, c);
  assertEquals([a, b, c].map(ending), ["cancelled", "cancelled", "cancelled"]);
});

Deno.test("Task.cancel: a result in the same instant loses, unless the task had gone on", async () => {
  const gate = new Future<string>();
  let got: string | undefined;
  const task = createTask(async () => {
    got = await gate;
    await sleep(60_000);
  });
  await settle();
  gate.setResult("value");
  task.cancel();
  await ended(task);
  assert(task.cancelled());
  assertEquals(got, undefined);
});

Deno.test("Task.cancel: a circle of tasks that await one another can be cancelled", async () => {
  const make = (other: () => Task<void>) =>
    createTask(async () => {
      await sleep(0);
      await other();
    });
  for (const victim of [0, 1, 2]) {
    const tasks: Task<void>[] = [];
    for (let i = 0; i < 3; i++) tasks.push(make(() => tasks[(i + 1) % 3]!));
    await settle();
    tasks[victim]!.cancel();
    await ended(...tasks);
    assertEquals(tasks.map(ending), ["cancelled", "cancelled", "cancelled"]);
  }
});

Deno.test("Task: refuses to await itself", async () => {
  const task: Task<void> = createTask(async () => {
    await task;
  });
  assert(await failure(task) instanceof InvalidStateError);
});

Deno.test("Task.uncancel: counts down, and takes back what was not delivered", async () => {
  const task = createTask(async () => {
    const me = currentTask()!;
    assertEquals([me.cancelling(), me.uncancel()], [0, 0]);
    me.cancel();
    me.cancel();
    assertEquals(me.cancelling(), 2);
    assertEquals(me.uncancel(), 1);
    assertEquals(me.uncancel(), 0);
    assertEquals(me.uncancel(), 0);
    await sleep(0);
    return "not cancelled";
  });
  assertEquals(await task, "not cancelled");
});

Deno.test("Task.uncancel: with one request left, the wait is still called off", async () => {
  const task = createTask(async () => {
    const me = currentTask()!;
    me.cancel();
    me.cancel();
    me.uncancel();
    await sleep(60_000);
  });
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Task.uncancel: in the instant of a result lets the result through", async () => {
  const gate = new Future<string>();
  const task = createTask(async () => await gate);
  await settle();
  gate.setResult("value");
  task.cancel();
  task.uncancel();
  assertEquals(await task, "value");
});

Deno.test("Task.uncancel: does not stop a wait that has left its line", async () => {
  const task = createTask(() => sleep(60_000));
  await settle();
  task.cancel();
  assertEquals(task.uncancel(), 0);
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Task: awaited twice, and after its end, gives the same outcome", async () => {
  const good = createTask(() => sleep(0, "value"));
  const bad = createTask(async () => {
    await sleep(0);
    throw new Error("no");
  });
  assertEquals(await Promise.all([good, good]), ["value", "value"]);
  const first = await failure(bad);
  assert(first === await failure(bad));
  assert(first === bad.exception());
  assertEquals(await good, "value");
});

Deno.test("Task: a cancellation error that it throws by itself makes it cancelled", async () => {
  const task = createTask(() => {
    throw new CancelledError("by itself");
  });
  await ended(task);
  assert(task.cancelled());
  assertEquals(task.cancelling(), 0);
});

Deno.test("Task: a failure that cannot even be looked at arrives as it is", async () => {
  const refuse = (): never => {
    throw new Error("a trap");
  };
  const hostile = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
  for (
    const fail of [() => Promise.reject(hostile), (): never => {
      throw hostile;
    }]
  ) {
    const task = createTask(fail);
    let caught: unknown;
    try {
      await task;
    } catch (error) {
      caught = error;
    }
    assert(caught === hostile);
  }
});
