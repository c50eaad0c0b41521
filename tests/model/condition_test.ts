import { assert, assertEquals } from "@std/assert";
import { ConditionProtocol } from "../../lib/shared/protocol/condition_protocol.ts";
import { LockProtocol, TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import type { Party, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase, wordsOf } from "./layout.ts";
import type { Program } from "./simulation.ts";

const PLACES = 3;

// Word 0 counts what is waited for.
const LOCK = 1;
const CONDITION = LOCK + LockProtocol.LINES + wordsOf(1, PLACES);
const LOCK_LAYOUT = { lines: LOCK + LockProtocol.LINES, count: 1, watched: false };
const LAYOUT = { lines: CONDITION, count: 1, watched: true };

function of(words: Words, party: Party) {
  return {
    lock: new LockProtocol(words, LOCK, party, PLACES),
    condition: new ConditionProtocol(words, CONDITION, party, PLACES),
  };
}

function acquire(lock: LockProtocol): void {
  const place = lock.takeOrJoin(0);
  assert(place !== 0, "no place");
  if (place === TAKEN) return;
  lock.park(place, Infinity, () => {});
  lock.lines.over(place, 1);
}

/** Wait until there is one, and take it. */
function consumer(until = Infinity): Program {
  return (words, party, log) => {
    const { lock, condition } = of(words, party);
    acquire(lock);
    while (words.load(0) === 0) {
      const place = condition.join(0);
      lock.release();
      const notified = condition.lines.park(place, until, () => {});
      acquire(lock);
      if (!notified) {
        lock.release();
        return log("gave up");
      }
      condition.lines.over(place, 1);
    }
    words.store(0, words.load(0) - 1);
    log("got one");
    lock.release();
  };
}

/** Make `count`, notifying one each. */
function producer(count: number): Program {
  return (words, party, log) => {
    const { lock, condition } = of(words, party);
    for (let i = 0; i < count; i++) {
      acquire(lock);
      words.store(0, words.load(0) + 1);
      log("made one");
      condition.notify();
      lock.release();
    }
  };
}

function cases(name: string, parties: Program[], rest: Partial<Case>): void {
  testCase({
    name: `condition, ${name}`,
    layouts: [LOCK_LAYOUT, LAYOUT],
    places: PLACES,
    parties,
    recover: (isDead, words, party) => {
      const { lock, condition } = of(words, party);
      lock.recover(isDead);
      condition.recover(isDead);
    },
    check: (logs, memory) => {
      const made = logs.flat().filter((line) => line === "made one").length;
      const got = logs.flat().filter((line) => line === "got one").length;
      assertEquals(memory[0], made - got);
      assertEquals(memory[LOCK], 0);
    },
    ...rest,
  });
}

cases("1 consumer, 1 producer, up to 3 interruptions", [consumer(), producer(1)], {
  interruptions: 3,
});
cases("2 consumers, 1 producer of 2, up to 1 interruption", [
  consumer(),
  consumer(),
  producer(2),
], { interruptions: 1 });
cases("1 consumer with a time limit, 1 producer, up to 2 interruptions", [
  consumer(1),
  producer(1),
], { timeouts: [0], interruptions: 2 });
// The one that was notified may die of it: the other one has to hear of it then.
cases("2 consumers, of which one dies, 1 producer of 2", [
  consumer(),
  consumer(),
  producer(2),
], {
  deaths: true,
  mortal: [0],
  interruptions: 0,
  check: (logs, memory, dead) => {
    assertEquals(logs[1], ["got one"]);
    assertEquals(memory[LOCK]! & 0x7fffffff, 0);
    // It may have taken one without living to tell.
    const untold = dead === 0 && logs[0]!.length === 0 && memory[0] === 0 ? 1 : 0;
    assertEquals(memory[0]! + logs[0]!.length + untold, 1);
  },
});
