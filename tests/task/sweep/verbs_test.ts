/**
 * Every place at which a cancellation can meet the verbs that asyncio has not: race, moveOnAfter,
 * cancellable, a task that a block owns, and a signal from outside.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  cancellable,
  createTask,
  ExceptionGroup,
  Lock,
  moveOnAfter,
  Queue,
  race,
  type Task,
  TaskGroup,
  timeout,
  TimeoutError,
} from "../../../mod.ts";
import { actor, clock, judge, outcome, sweepLimit, sweepTest, turn, Work } from "./stage.ts";

sweepTest("race of three, of which two clean up", () => {
  const work = new Work();
  const victim = actor(() =>
    race(work.of(4, () => "slow", 2), work.of(2, () => "quick"), work.of(5, () => "slower", 1))
  );
  return {
    victim,
    check() {
      judge(victim);
      assertEquals(work.running, 0, "a member outlives the race");
      if (!victim.cancelled()) assertEquals(victim.result(), "quick");
    },
  };
});

sweepTest("race that a failure decides", () => {
  const work = new Work();
  const victim = actor(() =>
    outcome(() => race([work.failing(2, "bad"), work.of(4, () => 0, 2)]), Error, ExceptionGroup)
  );
  return {
    victim,
    check() {
      assertEquals(work.running, 0);
      judge(victim);
      if (!victim.cancelled()) assertEquals(victim.result(), "bad");
    },
  };
});

sweepTest("race with a loser that fails while it cleans up", () => {
  const work = new Work();
  let cleanedUp = 0, failed = 0;
  const sore = async () => {
    try {
      await turn(9);
    } catch {
      cleanedUp++;
      await turn(1);
      failed++;
      throw new Error("sore");
    }
  };
  let heard: unknown;
  const victim = actor(async () => {
    try {
      return await race(sore, work.of(2, () => "quick", 1));
    } catch (error) {
      heard = error;
      if (!(error instanceof ExceptionGroup)) throw error;
      return "sore";
    }
  });
  return {
    victim,
    check() {
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), "sore");
      // Cancelled twice, its clean-up may have been cut short by the second: then it did not fail.
      if (failed > 0) assert(heard instanceof ExceptionGroup, `its failure is lost: ${heard}`);
      else if (cleanedUp > 0) assert(victim.cancelled());
    },
  };
});

sweepTest("race of what waits at a queue and at a lock", () => {
  const queue = new Queue<number>();
  const lock = new Lock();
  const held = lock.tryAcquire()!;
  const work = new Work();
  const victim = actor(() => race(queue.get(), lock.acquire(), work.of(3, () => "quick")));
  return {
    victim,
    async check() {
      judge(victim);
      assertEquals(work.running, 0);
      // Those that lost have left the queue and the lock: what comes now is nobody's.
      queue.putNowait(1);
      held[Symbol.dispose]();
      await turn(2);
      assertEquals(queue.qsize(), 1, "an item went to nobody");
      assertFalse(lock.locked(), "the lock went to nobody");
    },
  };
});

sweepLimit(
  "moveOnAfter, the limit",
  ["in time", "on"],
  async (work) => await moveOnAfter(10, work.of(3, () => "in time", 2)) ?? "on",
  "on",
);

sweepLimit(
  "moveOnAfter around a timeout and a race, together",
  ["in time", "on", "TimeoutError"],
  async (work) => {
    const both = () => race(work.of(3, () => "in time", 1), work.of(9, () => "late", 2));
    return await moveOnAfter(10, () => outcome(() => timeout(10, both), TimeoutError)) ?? "on";
  },
);

const sources: Record<string, (log: string[]) => AsyncIterable<number>> = {
  "a stream": (log) =>
    ReadableStream.from(numbers(log)) as ReadableStream<number> & AsyncIterable<number>,
  "a generator": numbers,
  "an iterator that never answers": (log) => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        log.push("left");
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  }),
};

async function* numbers(log: string[]): AsyncGenerator<number> {
  try {
    for (let n = 0; n < 2; n++) {
      await turn(1);
      yield n;
    }
  } finally {
    log.push("left");
  }
}

for (const [name, open] of Object.entries(sources)) {
  for (const taken of [1, 9]) {
    sweepTest(`cancellable over ${name}, left after ${taken} items`, (time) => {
      const log: string[] = [];
      let begun = false;
      const victim = actor(() =>
        moveOnAfter(10, async () => {
          let seen = 0;
          begun = true;
          for await (const _ of cancellable(open(log))) if (++seen === taken) break;
        })
      );
      return {
        victim,
        others: [clock(time, 12, 10)],
        check() {
          judge(victim);
          if (begun && !victim.cancelled()) assertEquals(log, ["left"], "the source was not left");
          assert(log.length <= 1, "it was left twice");
        },
      };
    });
  }
}

for (const how of ["cleans up", "fails", "swallows", "has ended"]) {
  sweepTest(`a block that owns a task, which ${how}`, () => {
    const work = new Work();
    let owned: Task<unknown> | undefined;
    const bodies: Record<string, () => Promise<unknown>> = {
      "cleans up": work.of(9, () => "late", 2),
      "fails": async () => {
        try {
          await turn(9);
        } catch {
          throw new Error("failed");
        }
      },
      "swallows": () => turn(9).catch(() => "swallowed"),
      "has ended": work.of(0, () => "done"),
    };
    const victim = actor(() =>
      outcome(async () => {
        await using task = createTask(bodies[how]!);
        owned = task;
        await turn(2);
        return "left";
      }, Error)
    );
    return {
      victim,
      check() {
        assertEquals(work.running, 0);
        assert(owned === undefined || owned.done(), "the task outlives the block");
        if (victim.cancelled()) return judge(victim);
        const error = victim.exception();
        // Cancelled while the failure of its task came out: JavaScript wraps the two.
        if (error !== undefined) assert(error instanceof SuppressedError, `${error}`);
        else assert(["left", "failed"].includes(victim.result() as string));
      },
    };
  });
}

for (const verb of ["createTask", "timeout", "moveOnAfter", "TaskGroup.run"]) {
  sweepTest(`a signal for ${verb}, aborted meanwhile`, () => {
    const work = new Work();
    const controller = new AbortController();
    const { signal } = controller;
    const fn = work.of(4, () => "value", 2);
    const begin: Record<string, () => PromiseLike<unknown>> = {
      "createTask": () => createTask(fn, { signal }),
      "timeout": () => timeout(null, fn, { signal }),
      "moveOnAfter": () => moveOnAfter(null, fn, { signal }),
      "TaskGroup.run": () => TaskGroup.run((group) => void group.createTask(fn), { signal }),
    };
    let heard = "";
    const victim = actor(async () => {
      try {
        return await begin[verb]!();
      } catch (error) {
        heard = String(error);
        throw error;
      }
    });
    const aborter = createTask(async () => {
      await turn(3);
      controller.abort("enough");
    });
    return {
      victim,
      others: [aborter],
      check() {
        assertEquals(work.running, 0);
        if (victim.cancelled()) assert(heard === "" || /CancelledError/.test(heard), heard);
        else victim.result();
      },
    };
  });
}
