import { assert, assertEquals } from "@std/assert";
import { LockProtocol, TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase } from "./layout.ts";
import type { Program } from "./simulation.ts";

// Word 0 is what the lock protects; the lock comes behind it.
const LOCK = 1;
const LAYOUT = { queues: LOCK + LockProtocol.QUEUES, count: 1, watched: false };

function lockOf(words: Words, thread: ThreadIdentity, slots: number): LockProtocol {
  return new LockProtocol(words, LOCK, thread, slots);
}

/** Acquire, change what is protected, release. */
function user(slots: number, until: number): Program {
  return (words, thread, log) => {
    const lock = lockOf(words, thread, slots);
    if (!lock.tryTake()) {
      const slot = lock.takeOrJoin(0);
      assert(slot !== 0, "no slot");
      if (slot !== TAKEN) {
        if (!lock.park(slot, until, () => {})) return log("gave up");
        lock.queues.finishedOne(slot);
      }
    }
    log(lock.abandoned() ? "in after a death" : "in");
    words.store(0, words.load(0) + 1);
    log("out");
    assert(lock.release(lock.turn()) >= 0, "it was lost");
  };
}

const inside = (log: string[]) => log.at(-1)?.startsWith("in") ?? false;

function cases(name: string, count: number, rest: Partial<Case>): void {
  testCase({
    name: `lock, ${name}`,
    layouts: [LAYOUT],
    slots: count,
    threads: Array.from({ length: count }, () => user(count, Infinity)),
    recover: (isDead, words, thread) => lockOf(words, thread, count).recover(isDead),
    invariant: (logs, dead) => {
      assert(logs.filter((log, i) => i !== dead && inside(log)).length <= 1, "two are inside");
    },
    check: (logs, memory, dead) => {
      const done = logs.filter((log) => log.at(-1) === "out").length;
      if (dead === undefined) {
        assertEquals([memory[0], memory[LOCK]], [count, 0]);
      } else {
        assert([done, done + 1].includes(memory[0]!), "an update is lost");
        const told = logs.some((log) => log[0] === "in after a death");
        const late = logs[dead]![0]?.startsWith("in") && logs[dead]!.length === 1;
        // Those who had been in before cannot be told.
        if (late && done === count - 1) {
          const first = memory[LOCK] === -(2 ** 31);
          assert(told || first, "nobody is told of the death");
        }
      }
    },
    ...rest,
  });
}

cases("2 threads, all schedules", 2, {});
cases("3 threads, up to 3 interruptions", 3, { interruptions: 3 });
cases("2 threads, one dies, up to 3 interruptions", 2, { deaths: true, interruptions: 3 });
cases("3 threads, the first dies, no more interruptions", 3, {
  deaths: true,
  mortal: [0],
  interruptions: 1,
});
cases("2 threads that look again before they sleep, all schedules", 2, { spinLimit: 2 });
cases("2 threads that look again before they sleep, one dies, up to 2 interruptions", 2, {
  spinLimit: 2,
  deaths: true,
  interruptions: 2,
});
cases("2 threads, one with a time limit, up to 3 interruptions", 2, {
  timeouts: [1],
  interruptions: 3,
  threads: [user(2, Infinity), user(2, 1)],
  check: (logs, memory) => {
    const gaveUp = logs[1]![0] === "gave up" ? 1 : 0;
    assertEquals([memory[0], memory[LOCK]], [2 - gaveUp, 0]);
  },
});
