/**
 * Every place at which a cancellation can meet a run.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, currentTask, run, type Task, TaskGroup } from "../../../mod.ts";
import { judge, sweepTest, turn, Work } from "./stage.ts";

/** Begins a run, and gives the task that `main` names as soon as it is made. */
async function beginRun<T>(main: (name: (task: Task<unknown>) => void) => Promise<T>, work: Work) {
  const named = Promise.withResolvers<{ victim: Task<unknown> }>();
  const result = run(() => main((task) => named.resolve({ victim: task })), {
    handleSignals: false,
  })
    .finally(() => assertEquals(work.running, 0, "run left tasks"));
  result.catch(() => {});
  return { ...await named.promise, result };
}

sweepTest("run, its main", async () => {
  const work = new Work();
  const { victim, result } = await beginRun(async (name) => {
    name(currentTask()!);
    createTask(work.of(5, () => 0, 2));
    await TaskGroup.run((group) => {
      group.createTask(work.of(2, () => 0, 1));
      group.createTask(work.of(1, () => 0, 1));
    });
    return "value";
  }, work);
  return {
    victim,
    async check() {
      judge(victim);
      const [ending] = await Promise.allSettled([result]);
      if (ending.status === "fulfilled") assertEquals(ending.value, "value");
      else assertEquals(ending.reason.name, "CancelledError");
      assertEquals(ending.status === "rejected", victim.cancelled());
    },
  };
});

sweepTest("run, a task that its end cancels", async () => {
  const work = new Work();
  const { victim, result } = await beginRun(async (name) => {
    name(createTask(work.of(4, () => 0, 3)));
    createTask(work.of(5, () => 0, 1));
    await turn(2);
    return "value";
  }, work);
  return {
    victim,
    async check() {
      assertEquals(await result, "value");
      assert(victim.cancelled());
    },
  };
});
