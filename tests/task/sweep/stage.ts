/**
 * What the scenes of the sweeps through the task layer share.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  type Task,
  TaskGroup,
  TimeoutError,
} from "../../../mod.ts";
import { type Scene, sweep } from "../../support/sweep.ts";
import { giveWay } from "../../support/settled.ts";

/** Sweeps with one cancellation and with two, in fake time, after each of which no timer is left. */
export function sweepTest(
  name: string,
  begin: (time: FakeTime) => Scene | Promise<Scene>,
): void {
  Deno.test(`sweep: ${name}`, async () => {
    using time = new FakeTime();
    const checked = (scene: Scene): Scene => ({
      ...scene,
      async check(cuts: readonly number[]) {
        await scene.check?.(cuts);
        assertFalse(time.next(), "a timer is left");
      },
    });
    const scene = () => {
      const begun = begin(time);
      return begun instanceof Promise ? begun.then(checked) : checked(begun);
    };
    const once = await sweep(scene);
    assert(once >= 10, `only ${once} scenes`);
    assert(await sweep(scene, { twice: true }) > once);
  });
}

/** Sweeps with a limit of 10 ms, which is over after some turns: `play` gives one of `ends`. */
export function sweepLimit(
  name: string,
  ends: readonly string[],
  play: (work: Work) => unknown,
  atOnce?: string,
): void {
  for (const turns of [0, 2, 4]) {
    sweepTest(`${name} after ${turns} turns`, (time) => {
      const work = new Work();
      const victim = actor(async () => await play(work));
      return {
        victim,
        others: [clock(time, turns, 10)],
        check() {
          judge(victim);
          assertEquals(work.running, 0);
          if (victim.cancelled()) return;
          assert(ends.includes(victim.result() as string));
          if (turns === 0 && atOnce !== undefined) assertEquals(victim.result(), atOnce);
        },
      };
    });
  }
}

/** Work that is begun in a scene, and what became of it. */
export class Work {
  begun = 0;
  running = 0;

  /** Takes so many turns, and so many more to clean up, in whatever way it ends. */
  of<T>(turns: number, end: () => T, cleanUp = 0): () => Promise<T> {
    return async () => {
      this.begun++;
      this.running++;
      try {
        await turn(turns);
        return end();
      } finally {
        try {
          await turn(cleanUp);
        } finally {
          this.running--;
        }
      }
    };
  }

  /** Like `of`, but fails. */
  failing(turns: number, message: string, cleanUp = 0): () => Promise<never> {
    return this.of<never>(turns, () => {
      throw new Error(message);
    }, cleanUp);
  }
}

export async function turn(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await giveWay();
}

/**
 * A task that goes through `play`, and after it waits some more: a cancellation must reach it
 * there, if it was not delivered before.
 */
export function actor(play: () => unknown): Task<unknown> {
  return createTask(async () => {
    const task = currentTask()!;
    const before = task.cancelling();
    const value = await play();
    assert(before <= task.cancelling(), "a request was taken back that was not one's own");
    await turn(2);
    return value;
  }, { name: "actor" });
}

/** Asked to stop, it was cancelled; not asked, it was not. Failures come out. */
export function judge(task: Task<unknown>): void {
  if (task.cancelled()) {
    assert(task.cancelling() > 0, "cancelled, though nobody asked for it");
    return;
  }
  const error = task.exception();
  if (error !== undefined) throw error;
  assertEquals(task.cancelling(), 0, "a cancellation was lost");
}

/** What `play` gives, or its failure if that is one of those expected. */
export async function outcome<T>(
  play: () => Promise<T>,
  ...expected: (typeof ExceptionGroup | typeof TimeoutError | typeof Error)[]
): Promise<T | string> {
  try {
    return await play();
  } catch (thrown) {
    // What JavaScript makes of a block that a failing child cancelled.
    const { error: last, suppressed } = thrown as SuppressedError;
    const both = last instanceof ExceptionGroup && suppressed instanceof CancelledError;
    const error = both ? last : thrown as Error;
    if (!expected.includes(error.constructor as typeof Error)) throw error;
    if (error instanceof ExceptionGroup) {
      return error.errors.map((one) => (one as Error).message).sort().join();
    }
    return error instanceof TimeoutError ? "TimeoutError" : error.message;
  }
}

/** Both forms of a group, each giving what its body gives. */
export const FORMS: Record<string, <T>(body: (group: TaskGroup) => Promise<T>) => Promise<T>> = {
  "TaskGroup.run": (body) => TaskGroup.run(body),
  "await using a group": async (body) => {
    await using group = new TaskGroup();
    return await body(group);
  },
  "await using a group with cancel on exit": async (body) => {
    await using group = new TaskGroup({ onExit: "cancel" });
    const value = await body(group);
    await group.join();
    return value;
  },
};

/** Moves time on by `ms` after so many turns. */
export function clock(time: FakeTime, turns: number, ms: number): Task<void> {
  return createTask(async () => {
    await turn(turns);
    time.tick(ms);
  }, { name: "clock" });
}
