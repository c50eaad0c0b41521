import { assert, assertEquals } from "@std/assert";
import { LockProtocol, TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import type { Party, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase } from "./layout.ts";
import type { Program } from "./simulation.ts";

// Word 0 is what the lock protects; the lock comes behind it.
const LOCK = 1;
const LAYOUT = { lines: LOCK + LockProtocol.LINES, count: 1, watched: false };

function lockOf(words: Words, party: Party, places: number): LockProtocol {
  return new LockProtocol(words, LOCK, party, places);
}

/** Acquire, change what is protected, release. */
function user(places: number, until: number): Program {
  return (words, party, log) => {
    const lock = lockOf(words, party, places);
    if (!lock.tryTake()) {
      const place = lock.takeOrJoin(0);
      assert(place !== 0, "no place");
      if (place !== TAKEN) {
        if (!lock.park(place, until, () => {})) return log("gave up");
        lock.lines.over(place, 1);
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
    places: count,
    parties: Array.from({ length: count }, () => user(count, Infinity)),
    recover: (isDead, words, party) => lockOf(words, party, count).recover(isDead),
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

cases("2 parties, all schedules", 2, {});
cases("3 parties, up to 3 interruptions", 3, { interruptions: 3 });
cases("2 parties, one dies, up to 3 interruptions", 2, { deaths: true, interruptions: 3 });
cases("3 parties, the first dies, no more interruptions", 3, {
  deaths: true,
  mortal: [0],
  interruptions: 1,
});
cases("2 parties that look again before they sleep, all schedules", 2, { patience: 2 });
cases("2 parties that look again before they sleep, one dies, up to 2 interruptions", 2, {
  patience: 2,
  deaths: true,
  interruptions: 2,
});
cases("2 parties, one with a time limit, up to 3 interruptions", 2, {
  timeouts: [1],
  interruptions: 3,
  parties: [user(2, Infinity), user(2, 1)],
  check: (logs, memory) => {
    const gaveUp = logs[1]![0] === "gave up" ? 1 : 0;
    assertEquals([memory[0], memory[LOCK]], [2 - gaveUp, 0]);
  },
});
