/**
 * Every place at which a cancellation can meet a time limit, by itself or around others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, shield, type Task, timeout, TimeoutError, waitFor } from "../../../mod.ts";
import { actor, clock, FORMS, judge, outcome, sweepLimit, sweepTest, turn, Work } from "./stage.ts";

/** A promise that the library knows nothing of. */
function foreign<T>(task: Task<T>): Promise<T> {
  return new Promise((resolve) => task.addDoneCallback(() => resolve(task.result())));
}

sweepLimit(
  "timeout, the limit",
  ["in time", "TimeoutError"],
  (work) => outcome(() => timeout(10, work.of(3, () => "in time", 2)), TimeoutError),
  "TimeoutError",
);

sweepLimit(
  "timeout in a timeout, the limits together",
  ["in time", "TimeoutError"],
  (work) =>
    outcome(() =>
      timeout(10, async () => {
        const inner = await outcome(
          () => timeout(10, work.of(3, () => "in time", 1)),
          TimeoutError,
        );
        await turn(1);
        return inner;
      }), TimeoutError),
);

for (const turns of [0, 2, 4]) {
  for (const [form, play] of Object.entries(FORMS)) {
    sweepTest(`timeout around ${form}, after ${turns} turns`, (time) => {
      const work = new Work();
      const victim = actor(() =>
        outcome(() =>
          timeout(10, () =>
            play(async (group) => {
              group.createTask(work.of(3, () => 0, 1));
              group.createTask(work.of(2, () => 0, 2));
              await turn(2);
              return "in time";
            })), TimeoutError)
      );
      return {
        victim,
        others: [clock(time, turns, 10)],
        check() {
          judge(victim);
          assertEquals(work.running, 0);
          if (victim.cancelled()) return;
          assert(["in time", "TimeoutError"].includes(victim.result() as string));
        },
      };
    });
  }

  for (const kind of ["function", "task", "shielded task", "promise"]) {
    sweepTest(`waitFor a ${kind}, the limit after ${turns} turns`, (time) => {
      const work = new Work();
      const fn = work.of(3, () => "in time", 2);
      let inner: Task<string> | undefined;
      const victim = actor(() =>
        outcome(async () => {
          if (kind === "function") return await waitFor(fn, 10);
          const task = inner = createTask(fn);
          if (kind === "shielded task") return await waitFor(shield(task), 10);
          if (kind === "promise") return await waitFor(foreign(task), 10);
          try {
            return await waitFor(task, 10);
          } finally {
            assert(task.done(), "what was waited for has not ended");
          }
        }, TimeoutError)
      );
      return {
        victim,
        others: [clock(time, turns, 10)],
        check() {
          judge(victim);
          assertEquals(work.running, 0);
          const kept = kind === "shielded task" || (kind === "promise" && inner !== undefined);
          if (kept && !victim.cancelled()) assertEquals(inner!.result(), "in time");
          if (victim.cancelled()) return;
          assert(["in time", "TimeoutError"].includes(victim.result() as string));
        },
      };
    });
  }
}

sweepTest("timeout, moved twice", (time) => {
  const victim = actor(() =>
    outcome(() =>
      timeout(10, async (limit) => {
        await turn(1);
        limit.reschedule(performance.now() + 60_000);
        await turn(1);
        limit.reschedule(null);
        await turn(1);
        return "in time";
      }), TimeoutError)
  );
  return {
    victim,
    others: [clock(time, 2, 20)],
    check() {
      judge(victim);
      if (!victim.cancelled()) assertEquals(victim.result(), "in time");
    },
  };
});

sweepTest("waitFor with nothing left of the time", () => {
  const work = new Work();
  const task = createTask(work.of(5, () => "in time", 2));
  const victim = actor(() => outcome(() => waitFor(task, 0), TimeoutError));
  return {
    victim,
    others: [task],
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), "TimeoutError");
    },
  };
});
