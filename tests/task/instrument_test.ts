import { assertEquals, assertThrows } from "@std/assert";
import {
  createTask,
  Event,
  type Instrument,
  instrument,
  Lock,
  sleep,
  TaskGroup,
  type TaskInfo,
  timeout,
} from "../../mod.ts";

/** A log of what the hooks of tasks and waits are told. */
function logTo(log: string[]): Instrument {
  return {
    taskCreated: ({ name }) => void log.push(`${name} created`),
    taskStarted: ({ name, state }) => void log.push(`${name} started ${state}`),
    taskEnded: ({ name }, { state }) => void log.push(`${name} ${state}`),
    waitBegan: ({ name }, { kind }) => void log.push(`${name} waits in ${kind}`),
    waitEnded: ({ name }, { kind }) => void log.push(`${name} leaves ${kind}`),
  };
}

Deno.test("instrument: tells of a task from its creation to its end", async () => {
  const log: string[] = [];
  {
    using _ = instrument(logTo(log));
    await createTask(() => sleep(0), { name: "a" });
    const never = createTask(() => sleep(0), { name: "b" });
    never.cancel();
    await Promise.allSettled([never]);
    const failing = createTask(() => {
      throw new Error("no");
    }, { name: "c" });
    await Promise.allSettled([failing]);
  }
  await createTask(() => {}, { name: "unheard" });
  assertEquals(log, [
    "a created",
    "a started running",
    "a waits in sleep",
    "a leaves sleep",
    "a done",
    "b created",
    "b cancelled",
    "c created",
    "c started running",
    "c failed",
  ]);
});

Deno.test("instrument: each beginning has its end, whatever is cancelled", async () => {
  const open = new Map<string, number>();
  const count = (key: string, by: number) => open.set(key, (open.get(key) ?? 0) + by);
  using _ = instrument({
    taskCreated: ({ name }) => count(`task ${name}`, 1),
    taskEnded: ({ name }) => count(`task ${name}`, -1),
    waitBegan: ({ name }, { kind }) => count(`${name} in ${kind}`, 1),
    waitEnded: ({ name }, { kind }) => count(`${name} in ${kind}`, -1),
  });
  const lock = new Lock();
  const event = new Event();
  for (let i = 0; i < 20; i++) {
    const task = createTask(() =>
      TaskGroup.run((group) => {
        group.createTask(async () => {
          using _ = await lock.acquire();
          await timeout(1, () => event.wait()).catch(() => {});
        });
        group.createTask(() => lock.acquire().then((permit) => permit[Symbol.dispose]()));
      })
    );
    for (let step = 0; step < i; step++) await Promise.resolve();
    task.cancel();
    await Promise.allSettled([task]);
  }
  assertEquals([...open].filter(([, n]) => n !== 0), []);
});

Deno.test("instrument: a task is the same object in every hook", async () => {
  const seen: TaskInfo[] = [];
  const add = (task: TaskInfo) => void seen.push(task);
  {
    using _ = instrument({ taskCreated: add, taskStarted: add, waitBegan: add, taskEnded: add });
    await createTask(() => sleep(0));
  }
  assertEquals(seen.length, 4);
  assertEquals(new Set(seen).size, 1);
});

Deno.test("instrument: a hook that throws is reported once, and goes on being called", async () => {
  const reports: unknown[][] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void reports.push(args);
  let calls = 0;
  try {
    using _ = instrument({
      taskCreated: () => {
        calls++;
        throw new Error("bad hook");
      },
    });
    await createTask(() => {});
    await createTask(() => {});
  } finally {
    console.error = error;
  }
  assertEquals(calls, 2);
  assertEquals(reports.map(([text]) => text), [
    "The hook taskCreated of an instrument failed:",
  ]);
});

Deno.test("instrument: refuses what is no set of hooks", () => {
  const refused = (hooks: unknown, message: string) =>
    assertThrows(() => instrument(hooks as Instrument), TypeError, message);
  refused(null, "Cannot instrument the program: hooks must be an object");
  refused({ taskCreate: () => {} }, 'unknown hook "taskCreate"');
  refused({ taskCreated: 1 }, "taskCreated must be a function");
});
