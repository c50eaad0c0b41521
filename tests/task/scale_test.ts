import { assert, assertEquals } from "@std/assert";
import {
  allTasks,
  createTask,
  Future,
  gather,
  shield,
  sleep,
  type Task,
  TaskGroup,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended } from "./helpers.ts";

/** Wait until as many calls have been made. */
function countdown(count: number): { down: () => void; done: Future<void> } {
  const done = new Future<void>();
  return {
    down: () => {
      if (--count === 0) done.setResult();
    },
    done,
  };
}

Deno.test("Scale: a million tasks are created and joined in a group", async () => {
  let sum = 0;
  await TaskGroup.run((group) => {
    for (let i = 0; i < 1_000_000; i++) group.createTask(() => void sum++);
  });
  assertEquals(sum, 1_000_000);
});

Deno.test("Scale: a chain of 100,000 tasks that await one another is cancelled", async () => {
  const count = 100_000;
  const { down, done } = countdown(count + 1);
  const gate = new Future<void>();
  const tasks: Task<void>[] = [createTask(async () => {
    down();
    await gate;
  })];
  for (let i = 0; i < count; i++) {
    const before = tasks[i]!;
    tasks.push(createTask(async () => {
      down();
      await before;
    }));
  }
  await done;
  await settle();
  tasks[count]!.cancel("from the far end");
  await ended(tasks[count]!);
  assert(tasks.every((task) => task.cancelled()));
});

Deno.test("Scale: a chain of 100,000 tasks passes a result on, and a failure", async () => {
  for (const fail of [false, true]) {
    const gate = new Future<string>();
    let last: Task<string> = createTask(async () => await gate);
    for (let i = 0; i < 100_000; i++) {
      const before = last;
      last = createTask(async () => await before);
    }
    await settle();
    if (fail) gate.setException("no");
    else gate.setResult("yes");
    assertEquals(await last.catch((error) => error), fail ? "no" : "yes");
  }
});

Deno.test("Scale: 100,000 shields of one future are cancelled, first, middle and last", async () => {
  const future = new Future<number>();
  const { down, done } = countdown(100_000);
  const tasks = Array.from({ length: 100_000 }, () =>
    createTask(async () => {
      down();
      return await shield(future);
    }));
  await done;
  await settle();
  for (const victim of [0, 50_000, 99_999]) tasks[victim]!.cancel();
  await settle();
  assertEquals(tasks.filter((task) => task.cancelled()).length, 3);
  for (const task of tasks.reverse()) task.cancel();
  await ended(...tasks);
  assert(tasks.every((task) => task.cancelled()));
  assertEquals(future.done(), false);
});

Deno.test("Scale: 100,000 tasks that await one future all get its result", async () => {
  const future = new Future<number>();
  const tasks = Array.from({ length: 100_000 }, () => createTask(async () => await future));
  await settle();
  future.setResult(1);
  const results = await gather(tasks);
  assertEquals(results.length, 100_000);
  assert(results.every((result) => result === 1));
});

Deno.test("Scale: a gather of 100,000 is cancelled as a whole", async () => {
  const { down, done } = countdown(100_000);
  const task = createTask(() =>
    gather(Array.from({ length: 100_000 }, () => async () => {
      down();
      await new Future();
    }))
  );
  await done;
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Scale: a task with 100,000 waits side by side loses all of them at once", async () => {
  const task = createTask(() => Promise.all(Array.from({ length: 100_000 }, () => sleep(60_000))));
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Scale: 10,000 groups within one another are cancelled from outside", async () => {
  const { down, done } = countdown(1);
  const nest = (depth: number): Promise<void> =>
    TaskGroup.run(async (group) => {
      if (depth > 0) return void group.createTask(() => nest(depth - 1));
      down();
      await new Future();
    });
  const task = createTask(() => nest(10_000));
  await done;
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
  assertEquals(allTasks().size, 0);
});

Deno.test("Scale: a task cancelled 100,000 times counts them all and takes them back", async () => {
  const task = createTask(() => new Future().catch(() => {}));
  await settle();
  for (let i = 0; i < 100_000; i++) task.cancel();
  assertEquals(task.cancelling(), 100_000);
  for (let i = 0; i < 100_000; i++) task.uncancel();
  assertEquals(task.cancelling(), 0);
  await task;
});
