import { assert, assertEquals } from "@std/assert";
import { ConditionProtocol } from "../../lib/shared/protocol/condition_protocol.ts";
import { LockProtocol, TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase, wordsOf } from "./layout.ts";
import type { Program } from "./simulation.ts";

const SLOTS = 3;

// Word 0 counts what is waited for.
const LOCK = 1;
const CONDITION = LOCK + LockProtocol.QUEUES + wordsOf(1, SLOTS);
const LOCK_LAYOUT = { queues: LOCK + LockProtocol.QUEUES, count: 1, watched: false };
const LAYOUT = { queues: CONDITION, count: 1, watched: true };

function of(words: Words, thread: ThreadIdentity) {
  return {
    lock: new LockProtocol(words, LOCK, thread, SLOTS),
    condition: new ConditionProtocol(words, CONDITION, thread, SLOTS),
  };
}

function acquire(lock: LockProtocol): void {
  const slot = lock.takeOrJoin(0);
  assert(slot !== 0, "no slot");
  if (slot === TAKEN) return;
  lock.park(slot, Infinity, () => {});
  lock.queues.finishedOne(slot);
}

/** Wait until there is one, and take it. */
function consumer(until = Infinity): Program {
  return (words, thread, log) => {
    const { lock, condition } = of(words, thread);
    acquire(lock);
    while (words.load(0) === 0) {
      const slot = condition.join(0);
      lock.release();
      const notified = condition.queues.park(slot, until, () => {});
      acquire(lock);
      if (!notified) {
        lock.release();
        return log("gave up");
      }
      condition.queues.finishedOne(slot);
    }
    words.store(0, words.load(0) - 1);
    log("got one");
    lock.release();
  };
}

/** Make `count`, notifying one each. */
function producer(count: number): Program {
  return (words, thread, log) => {
    const { lock, condition } = of(words, thread);
    for (let i = 0; i < count; i++) {
      acquire(lock);
      words.store(0, words.load(0) + 1);
      log("made one");
      condition.notify();
      lock.release();
    }
  };
}

function cases(name: string, threads: Program[], rest: Partial<Case>): void {
  testCase({
    name: `condition, ${name}`,
    layouts: [LOCK_LAYOUT, LAYOUT],
    slots: SLOTS,
    threads,
    recover: (isDead, words, thread) => {
      const { lock, condition } = of(words, thread);
      lock.recover(isDead);
      condition.recover(isDead);
    },
    check: (logs, memory) => {
      const made = logs.flat().filter((queue) => queue === "made one").length;
      const got = logs.flat().filter((queue) => queue === "got one").length;
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
    const pendingNotices = dead === 0 && logs[0]!.length === 0 && memory[0] === 0 ? 1 : 0;
    assertEquals(memory[0]! + logs[0]!.length + pendingNotices, 1);
  },
});
