import { assert, assertEquals } from "@std/assert";
import {
  allTasks,
  createTask,
  currentTask,
  Future,
  gather,
  sleep,
  TaskGroup,
  timeout,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

const name = () => currentTask()?.name;

Deno.test("currentTask: is undefined outside any task", async () => {
  assertEquals(currentTask(), undefined);
  await sleep(0);
  assertEquals(currentTask(), undefined);
  await createTask(() => {});
  assertEquals(currentTask(), undefined);
});

Deno.test("currentTask: is right after every await, in nested functions, too", async () => {
  const inner = async (seen: unknown[]) => {
    seen.push(name());
    await sleep(0);
    seen.push(name());
    await Promise.resolve();
    seen.push(name());
    await new Promise((resolve) => setTimeout(resolve, 0));
    seen.push(name());
  };
  const work = async () => {
    const seen: unknown[] = [];
    await inner(seen);
    await Promise.all([inner(seen), inner(seen)]);
    seen.push(name());
    return seen;
  };
  const [a, b] = ["a", "b"].map((name) => createTask(work, { name }));
  assertEquals(new Set(await a), new Set(["a"]));
  assertEquals(new Set(await b), new Set(["b"]));
});

Deno.test("currentTask: is right in callbacks that the task set up", async () => {
  const seen: unknown[] = [];
  const task = createTask(async () => {
    const all = new Future<void>();
    queueMicrotask(() => seen.push(name()));
    setTimeout(() => {
      seen.push(name());
      all.setResult();
    }, 0);
    Promise.resolve().then(() => seen.push(name()));
    await all;
  }, { name: "owner" });
  await task;
  assertEquals(seen, ["owner", "owner", "owner"]);
});

Deno.test("currentTask: is right in async iterators and generators", async () => {
  async function* numbers() {
    for (let i = 0; i < 2; i++) {
      await sleep(0);
      yield [i, name()];
    }
  }
  const task = createTask(async () => {
    const seen: unknown[] = [];
    for await (const one of numbers()) seen.push(one, name());
    return seen;
  }, { name: "reader" });
  assertEquals(await task, [[0, "reader"], "reader", [1, "reader"], "reader"]);
});

Deno.test("currentTask: is the child's in a child and the owner's in the body of a group", async () => {
  const task = createTask(async () => {
    const seen: unknown[] = [];
    await TaskGroup.run(async (group) => {
      seen.push(name());
      const child = group.createTask(async () => {
        await sleep(0);
        seen.push(name());
      }, { name: "child" });
      await child;
      seen.push(name());
    });
    await gather(() => void seen.push(name() === "owner"));
    await timeout(60_000, async () => {
      await sleep(0);
      seen.push(name());
    });
    seen.push(name());
    return seen;
  }, { name: "owner" });
  assertEquals(await task, ["owner", "child", "owner", false, "owner", "owner"]);
});

Deno.test("currentTask: code left behind by the body of a timeout or group is still the task's", async () => {
  const seen: unknown[] = [];
  const task = createTask(async () => {
    const gate = new Future<void>();
    const behind = async () => {
      await gate;
      seen.push(name());
      await sleep(0);
      seen.push(name());
    };
    const left: Promise<void>[] = [];
    await timeout(60_000, () => void left.push(behind()));
    await TaskGroup.run(() => void left.push(behind()));
    {
      await using _ = new TaskGroup();
      left.push(behind());
    }
    gate.setResult();
    await Promise.all(left);
  }, { name: "owner" });
  await task;
  assertEquals(seen, Array(6).fill("owner"));
});

Deno.test("currentTask: what an ended task left behind belongs to no task", async () => {
  let seen: unknown = "nothing";
  const done = new Future<void>();
  await createTask(() => {
    setTimeout(() => {
      seen = currentTask();
      done.setResult();
    }, 0);
  });
  await done;
  assertEquals(seen, undefined);
});

Deno.test("allTasks: holds those that have not ended, in a set of its own", async () => {
  const before = allTasks();
  const task = createTask(() => sleep(0));
  const now = allTasks();
  assertEquals([...now.difference(before)], [task]);
  now.clear();
  assert(allTasks().has(task));
  await task;
  assertEquals(allTasks().difference(before).size, 0);
  const cancelled = createTask(() => sleep(0));
  cancelled.cancel();
  await settle();
  assertEquals(allTasks().difference(before).size, 0);
});

Deno.test("allTasks: has the current task and the children of groups", async () => {
  const before = allTasks();
  await TaskGroup.run(async (group) => {
    const child = group.createTask(() => sleep(0));
    const task = createTask(() => allTasks().has(currentTask()!));
    assert(allTasks().has(child));
    assert(await task);
  });
  assertEquals(allTasks().difference(before).size, 0);
});
