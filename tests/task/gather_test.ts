import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  Future,
  gather,
  sleep,
  type Task,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, ending, failure, start } from "./helpers.ts";

Deno.test("gather: collects results in the order of its arguments, typed as a tuple", async () => {
  const results = await gather(
    () => sleep(0, 1),
    Promise.resolve("two"),
    createTask(() => true),
    new Promise<null>((resolve) => setTimeout(() => resolve(null), 0)),
  );
  const [a, b, c, d]: [number, string, boolean, null] = results;
  assertEquals([a, b, c, d], [1, "two", true, null]);
});

Deno.test("gather: takes an iterable, a generator, a set, or nothing", async () => {
  function* some() {
    for (const i of [1, 2, 3]) yield () => i;
  }
  assertEquals(await gather(some()), [1, 2, 3]);
  assertEquals(await gather(new Set([Promise.resolve("one")])), ["one"]);
  assertEquals(await gather([]), []);
  assertEquals(await gather(), []);
  assertEquals(await gather([], { returnExceptions: true }), []);
});

Deno.test("gather: the first failure rejects at once, and the others go on", async () => {
  const seen: string[] = [];
  const gate = new Future<void>();
  const error = await failure(gather(
    async () => {
      await gate;
      seen.push("went on");
    },
    () => Promise.reject(new Error("first")),
    () => Promise.reject(new Error("second")),
  ));
  assertEquals((error as Error).message, "first");
  assertEquals(seen, []);
  gate.setResult();
  await settle();
  assertEquals(seen, ["went on"]);
});

Deno.test("gather: failures after the first one, and after its end, are not reported", async () => {
  const gate = new Future<void>();
  const late = async () => {
    await gate;
    throw new Error("late");
  };
  await failure(gather(() => Promise.reject(new Error("first")), late, late));
  gate.setResult();
  await settle();
});

Deno.test("gather with returnExceptions: puts failures among the results", async () => {
  const error = new Error("no");
  const cancelled = createTask(() => new Future());
  cancelled.cancel("one of them");
  const results = await gather(
    [() => Promise.reject(error), () => Promise.resolve(1), cancelled, () => Promise.reject(0)],
    { returnExceptions: true },
  );
  assert(results[0] as unknown === error);
  assertEquals([results[1], results[3]] as unknown[], [1, 0]);
  assert(results[2] as unknown instanceof CancelledError);
});

Deno.test("gather: a child that is cancelled rejects it, and does not cancel its caller", async () => {
  const child = createTask(() => new Future());
  const other = createTask(() => sleep(0, "other"));
  const caller = start(async () => {
    const error = await failure(gather(child, other));
    await sleep(0);
    return [(error as Error).name, currentTask()!.cancelling()];
  });
  await settle();
  child.cancel();
  assertEquals(await caller, ["CancelledError", 0]);
  assertEquals(await other, "other");
});

Deno.test("gather: cancelled, it cancels its children, and ends when they have", async () => {
  for (const returnExceptions of [false, true]) {
    const seen: string[] = [];
    const child = (name: string) => async () => {
      try {
        await new Future();
      } finally {
        await sleep(0);
        seen.push(name);
      }
    };
    const task = start(() => gather([child("a"), child("b")], { returnExceptions }));
    await settle();
    task.cancel();
    await ended(task);
    assert(task.cancelled());
    await settle();
    assertEquals(seen, ["a", "b"]);
  }
});

Deno.test("gather: cancelled, with a child that swallows it, it is still cancelled", async () => {
  for (const returnExceptions of [false, true]) {
    const stubborn = () => new Future<void>().catch(() => "stayed");
    const task = start(() => gather([stubborn, stubborn], { returnExceptions }));
    await settle();
    task.cancel();
    await ended(task);
    assertEquals(ending(task), "cancelled");
  }
});

Deno.test("gather: cancelled when its children are done but it has not ended, it is cancelled", async () => {
  const gate = new Future<void>();
  const task = start(() => gather(gate, gate));
  await settle();
  gate.setResult();
  task.cancel();
  await ended(task);
  assertEquals(ending(task), "cancelled");
});

Deno.test("gather: one function twice makes two tasks, one task or promise twice is one", async () => {
  let calls = 0;
  const fn = () => ++calls;
  assertEquals(await gather(fn, fn), [1, 2]);
  const task = createTask(() => sleep(0, "task"));
  const promise = Promise.resolve("promise");
  assertEquals(await gather(task, promise, task, promise), ["task", "promise", "task", "promise"]);
});

Deno.test("gather: functions run as tasks of their own, in order", async () => {
  const owner = createTask(async () => {
    const seen: unknown[] = [];
    const me = currentTask();
    await gather(...[1, 2, 3].map((i) => () => void seen.push(i, currentTask() === me)));
    return seen;
  });
  assertEquals(await owner, [1, false, 2, false, 3, false]);
});

Deno.test("gather: refuses what cannot be waited for before anything has started", async () => {
  let started = false;
  const fn = () => void (started = true);
  await assertRejects(() => gather(fn, 1 as never), TypeError, "received 1");
  await assertRejects(() => gather([fn, null as never]), TypeError, "received null");
  await assertRejects(() => gather("text" as never), TypeError);
  await assertRejects(
    () => gather([fn], { returnExceptions: 1 as never }),
    TypeError,
    "returnExceptions must be a boolean",
  );
  await settle();
  assertEquals(started, false);
});

Deno.test("gather: nests, and the failure of the innermost comes out", async () => {
  const error = await failure(gather(() => gather(() => gather(() => Promise.reject("deep")))));
  assertEquals(error, "deep");
});

Deno.test("gather: a circle of tasks through it can be cancelled from either side", async () => {
  for (const victim of [0, 1]) {
    const tasks: Task<unknown>[] = [];
    tasks.push(start(async () => {
      await sleep(0);
      return await gather(tasks[1]!, Promise.resolve());
    }));
    tasks.push(start(async () => await tasks[0]));
    await settle();
    tasks[victim]!.cancel();
    await ended(...tasks);
    assertEquals(tasks.map(ending), ["cancelled", "cancelled"]);
  }
});

Deno.test("gather: one that cancels a task twice over counts both", async () => {
  const shared = start(() => new Future());
  const branches = [0, 1].map(() => start(async () => await shared));
  const all = start(() => gather(branches));
  await settle();
  all.cancel();
  await ended(all);
  assertEquals(shared.cancelling(), 2);
  assertEquals([shared, ...branches, all].map(ending), Array(4).fill("cancelled"));
});
