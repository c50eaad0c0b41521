import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as strand from "../mod.ts";
import { openTelemetry } from "../observe.ts";
import { readDocumented } from "./support/documented.ts";

type Bad = never;
type Pool = strand.TaskPool | strand.WorkerPool | strand.ProcessPool;

const { Queue, TaskPool, WorkerPool, ProcessPool } = strand;
const never = new strand.Event();

/** What every pool takes, given an option that it does not have. */
const verbsOf = (name: string, create: () => Pool): Place[] => [
  ["CallOptions", `${name}.apply`, (bad) => create().apply(() => 1, [], bad)],
  ["MapOptions", `${name}.map`, (bad) => create().map(() => 1, [1], bad)],
  ["MapOptions", `${name}.starmap`, (bad) => create().starmap(() => 1, [[]], bad)],
  ["MapOptions", `${name}.mapUnordered`, (bad) => create().mapUnordered(() => 1, [1], bad)],
  ["ShutdownOptions", `${name}.shutdown`, (bad) => create().shutdown(bad)],
];

type Place = [type: string, name: string, call: (bad: Bad) => unknown];

/** Every place of the surface that takes an object of options, given one that it does not have. */
const PLACES: Place[] = [
  ["TaskOptions", "createTask", (bad) => strand.createTask(() => 1, bad)],
  ["TaskOptions", "TaskGroup.createTask", (bad) => new strand.TaskGroup().createTask(() => 1, bad)],
  ["RunOptions", "run", (bad) => strand.run(() => 1, bad)],
  ["TimeoutOptions", "timeout", (bad) => strand.timeout(1, () => 1, bad)],
  ["TimeoutOptions", "timeoutAt", (bad) => strand.timeoutAt(1, () => 1, bad)],
  ["TimeoutOptions", "moveOnAfter", (bad) => strand.moveOnAfter(1, () => 1, bad)],
  ["GatherOptions", "gather", (bad) => strand.gather([Promise.resolve(1)], bad)],
  ["WaitOptions", "wait", (bad) => strand.wait([Promise.resolve(1)], bad)],
  ["AsCompletedOptions", "asCompleted", (bad) => strand.asCompleted([Promise.resolve(1)], bad)],
  ["TaskGroupRunOptions", "TaskGroup.run", (bad) => strand.TaskGroup.run(() => 1, bad)],
  ["TaskGroupOptions", "TaskGroup", (bad) => new strand.TaskGroup(bad)],
  ["Instrument", "instrument", (bad) => strand.instrument(bad)],
  [
    "OpenTelemetryOptions",
    "openTelemetry",
    (bad) => openTelemetry({ trace: {}, context: {}, metrics: {} } as never, bad),
  ],
  ["QueueShutdownOptions", "Queue.shutdown", (bad) => new Queue().shutdown(bad)],
  ["TaskPoolOptions", "TaskPool", (bad) => new TaskPool(bad)],
  ["TaskPoolOptions", "TaskPool, rate", (bad) => new TaskPool({ rate: bad })],
  ["WorkerPoolOptions", "WorkerPool", (bad) => new WorkerPool(bad)],
  ["ProcessPoolOptions", "ProcessPool", (bad) => new ProcessPool(bad)],
  ["ResourceLimits", "limits", (bad) => new WorkerPool({ host: "node", resourceLimits: bad })],
  ["WorkerPermissions", "permissions", (bad) => new ProcessPool({ permissions: bad })],
  ...verbsOf("TaskPool", () => new TaskPool(1)),
  ...verbsOf("WorkerPool", () => new WorkerPool(1)),
  ...verbsOf("ProcessPool", () => new ProcessPool(1)),
  ["ThreadOptions", "Thread", (bad) => new strand.Thread(() => 1, bad) as unknown],
  ["SharedOptions", "SharedLock", (bad) => new strand.SharedLock(bad)],
  ["SharedOptions", "SharedSemaphore", (bad) => new strand.SharedSemaphore(1, bad)],
  ["SharedOptions", "SharedEvent", (bad) => new strand.SharedEvent(bad)],
  ["SharedOptions", "SharedCondition", (bad) => new strand.SharedCondition(undefined, bad)],
  ["SharedOptions", "SharedBarrier", (bad) => new strand.SharedBarrier(1, bad)],
  ["SharedOptions", "SharedValue", (bad) => new strand.SharedValue("int32", 0, bad)],
  ["SharedOptions", "SharedArray", (bad) => new strand.SharedArray("int32", 1, bad)],
  ["SharedQueueOptions", "SharedQueue", (bad) => new strand.SharedQueue(bad)],
];

Deno.test("Every object of options refuses an option that it does not have", async () => {
  for (const [, place, call] of PLACES) {
    const error = await assertRejects(
      async () => await call({ tmieout: never } as never),
      TypeError,
      "tmieout",
      `${place} takes it`,
    );
    assertStringIncludes(error.message, "known are", place);
  }
});

Deno.test("An option that there is not is named beside the one that is meant", async () => {
  const near: Record<string, () => unknown> = {
    timeout: () => new TaskPool(1).apply(() => 1, [], { timeuot: 5 } as never),
    chunksize: () => new WorkerPool(1).map(() => 1, [], { chunkSize: 5 } as never),
    returnExceptions: () => strand.gather([() => 1], { returnException: true } as never),
    net: () => new ProcessPool({ permissions: { nte: true } as never }),
    waitBegan: () => strand.instrument({ taskBegan: () => {} } as never),
  };
  for (const [meant, call] of Object.entries(near)) {
    await assertRejects(async () => await call(), TypeError, `did you mean "${meant}"`);
  }
  await assertRejects(
    async () => await new WorkerPool({ processes: 2 } as never),
    TypeError,
    'Cannot create a worker pool: unknown option "processes"; known are maxWorkers, minWorkers,',
  );
});

Deno.test("Every type of options is given somewhere one that it does not have", async () => {
  const given = new Set(PLACES.map(([type]) => type));
  const names = [...await readDocumented(), ...await readDocumented("observe.ts")]
    .map(({ name }) => name)
    // What the pools of workers have in common is no object of its own.
    .filter((name) => name.endsWith("Options") && name !== "CommonPoolOptions");
  assertEquals(names.filter((name) => !given.has(name)), []);
});
