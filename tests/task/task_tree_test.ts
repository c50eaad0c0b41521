import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  createTask,
  Event,
  formatTaskTree,
  Lock,
  Queue,
  run,
  sleep,
  TaskGroup,
  type TaskInfo,
  taskTree,
} from "../../mod.ts";

/** The one of this name, wherever it stands. */
function find(name: string, tree: TaskInfo[] = taskTree()): TaskInfo {
  const open = [...tree];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.name === name) return one;
    open.push(...one.children);
  }
  throw new Error(`Nothing is called ${name}`);
}

Deno.test("taskTree: nests tasks and groups as they were created, in their run", async () => {
  await run(async () => {
    const stop = new Event();
    const owner = createTask(async () => {
      createTask(() => stop.wait(), { name: "of a task" });
      await TaskGroup.run((group) => {
        group.createTask(() => stop.wait(), { name: "of a group" });
      });
    }, { name: "owner" });
    await sleep(0);
    await sleep(0);
    const [tree] = taskTree().filter(({ kind }) => kind === "run");
    assertEquals(tree?.children.map(({ name }) => name), ["main"]);
    assertEquals(tree?.children[0]?.children.map(({ name }) => name), ["owner"]);
    const { children } = find("owner");
    assertEquals(children.map(({ name, kind }) => [kind, name]).toSorted(), [
      ["group", "TaskGroup"],
      ["task", "of a task"],
    ]);
    assertEquals(find("TaskGroup").children.map(({ name }) => name), ["of a group"]);
    stop.set();
    await owner;
  });
  assertEquals(taskTree(), []);
});

Deno.test("taskTree: says what each does", async () => {
  const stop = new Event();
  const native = Promise.withResolvers<void>();
  const cleaning = async () => {
    try {
      await stop.wait();
    } finally {
      await sleep(0);
      await stop.wait();
    }
  };
  const tasks = [
    createTask(() => stop.wait(), { name: "waits" }),
    createTask(() => native.promise, { name: "native" }),
    createTask(() => native.promise, { name: "unreached" }),
    createTask(cleaning, { name: "cancelling" }),
  ];
  const late = () => createTask(() => {}, { name: "ready" });
  await sleep(0);
  tasks[2]!.cancel();
  tasks[3]!.cancel();
  assertEquals(find("cancelling").state, "cancelling"); // and has not heard of it yet
  await sleep(0);
  assertEquals(find("cancelling").state, "cancelling"); // and cleans up
  // Asked to stop or not: this is the word by which one that cannot be reached is found.
  assertEquals(find("unreached").state, "native");
  assertMatch(formatTaskTree(), /"unreached" in a promise that is not the library's \(native\)/);
  tasks.push(late());
  const state = (name: string) => find(name).state;
  assertEquals(["waits", "native", "cancelling", "ready"].map(state), [
    "waiting",
    "native",
    "cancelling",
    "ready",
  ]);
  assertEquals(find("waits").waitsFor, { kind: "Event" });
  assertEquals(
    await createTask(() => find("runs").state, { name: "runs" }),
    "running",
  );
  stop.set();
  assertEquals(state("waits"), "ready");
  native.resolve();
  await Promise.allSettled(tasks);
});

Deno.test("taskTree: names who holds what is waited for, and who awaits whom", async () => {
  const first = new Lock();
  const second = new Lock();
  const both = (a: Lock, b: Lock) => async () => {
    using _a = await a.acquire();
    await sleep(0);
    using _b = await b.acquire();
  };
  const one = createTask(both(first, second), { name: "one" });
  const two = createTask(both(second, first), { name: "two" });
  const waiter = createTask(() => one, { name: "waiter" });
  await sleep(1);
  assertEquals(find("one").waitsFor, { kind: "Lock", heldBy: "two" });
  assertEquals(find("two").waitsFor, { kind: "Lock", heldBy: "one" });
  assertEquals(find("one").awaitedBy, ["waiter"]);
  assertEquals(find("waiter").waitsFor, { kind: "Task", name: "one", heldBy: "one" });
  for (const task of [waiter, one, two]) task.cancel();
  await Promise.allSettled([one, two, waiter]);
});

Deno.test("formatTaskTree: counts alike ones, and says nothing of nothing", async () => {
  assertEquals(formatTaskTree([]), "Nothing is running\n");
  const queue = new Queue<number>();
  const tasks = Array.from({ length: 100_000 }, () => createTask(() => queue.get()));
  await sleep(0);
  const text = formatTaskTree();
  assertMatch(text, /and 99,998 more tasks waiting for Queue\.get, up to \d/);
  assert(text.split("\n").length < 10, text.slice(0, 2_000));
  queue.shutdown();
  await Promise.allSettled(tasks);
});

Deno.test("formatTaskTree: takes trees of any depth", async () => {
  const stop = new Event();
  let deepest = 0;
  const nest = (depth: number): Promise<unknown> => {
    if (depth === 0) return stop.wait();
    deepest++;
    return createTask(() => nest(depth - 1));
  };
  const root = createTask(() => nest(2_000));
  while (deepest < 2_000) await sleep(0);
  await sleep(0); // the last one begins to wait
  assert(formatTaskTree().split("\n").length > 2_000);
  assertEquals(deepest, 2_000);
  stop.set();
  await root;
});

Deno.test("formatTaskTree refuses what is no tree", () => {
  for (const tree of [5, null, "", {}, new Map()]) {
    assertThrows(() => formatTaskTree(tree as never), TypeError, "tree must be an array");
  }
});
