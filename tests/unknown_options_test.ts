import { assertRejects } from "@std/assert";
import * as strand from "../mod.ts";
import { openTelemetry } from "../observe.ts";

const { Queue, TaskPool, WorkerPool, ProcessPool } = strand;
const never = new strand.Event();

/** Every place of the surface that takes an object of options, given one that it does not have. */
const PLACES: Record<string, (bad: never) => unknown> = {
  createTask: (bad) => strand.createTask(() => 1, bad),
  run: (bad) => strand.run(() => 1, bad),
  timeout: (bad) => strand.timeout(1, () => 1, bad),
  timeoutAt: (bad) => strand.timeoutAt(1, () => 1, bad),
  moveOnAfter: (bad) => strand.moveOnAfter(1, () => 1, bad),
  gather: (bad) => strand.gather([Promise.resolve(1)], bad),
  wait: (bad) => strand.wait([Promise.resolve(1)], bad),
  asCompleted: (bad) => strand.asCompleted([Promise.resolve(1)], bad),
  "TaskGroup.run": (bad) => strand.TaskGroup.run(() => 1, bad),
  TaskGroup: (bad) => new strand.TaskGroup(bad),
  "TaskGroup.createTask": (bad) => new strand.TaskGroup().createTask(() => 1, bad),
  instrument: (bad) => strand.instrument(bad),
  openTelemetry: (bad) => openTelemetry({ trace: {}, context: {}, metrics: {} } as never, bad),
  "Queue.shutdown": (bad) => new Queue().shutdown(bad),
  TaskPool: (bad) => new TaskPool(bad),
  "TaskPool.apply": (bad) => new TaskPool(1).apply(() => 1, [], bad),
  "TaskPool.map": (bad) => new TaskPool(1).map(() => 1, [1], bad),
  "TaskPool.shutdown": (bad) => new TaskPool(1).shutdown(bad),
  WorkerPool: (bad) => new WorkerPool(bad),
  "WorkerPool.apply": (bad) => new WorkerPool(1).apply(() => 1, [], bad),
  "WorkerPool.map": (bad) => new WorkerPool(1).map(() => 1, [1], bad),
  "WorkerPool.shutdown": (bad) => new WorkerPool(1).shutdown(bad),
  ProcessPool: (bad) => new ProcessPool(bad),
  Thread: (bad) => new strand.Thread(() => 1, bad) as unknown,
  SharedLock: (bad) => new strand.SharedLock(bad),
  SharedQueue: (bad) => new strand.SharedQueue(bad),
};

Deno.test("Every object of options refuses an option that it does not have", async () => {
  for (const [place, call] of Object.entries(PLACES)) {
    await assertRejects(
      async () => await call({ tmieout: never } as never),
      TypeError,
      "tmieout",
      `${place} takes it`,
    );
  }
});
