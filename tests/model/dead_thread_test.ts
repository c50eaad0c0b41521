/**
 * A thread is declared dead at every step and goes on for any number of steps. It may not take the
 * notice of a death from the next holder, nor touch what that one holds, nor keep anything for good.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BarrierProtocol } from "../../lib/shared/protocol/barrier_protocol.ts";
import { ConditionProtocol } from "../../lib/shared/protocol/condition_protocol.ts";
import { CROWDED, LockProtocol, TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import { QueueProtocol } from "../../lib/shared/protocol/queue_protocol.ts";
import { SemaphoreProtocol } from "../../lib/shared/protocol/semaphore_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { type Layout, testCase, wordsOf } from "./layout.ts";
import { idOf, type Program, runAlone } from "./simulation.ts";
import { WordItem } from "./word_item.ts";

const SLOTS = 3;
const DEAD = 0;
const ID_BITS = 2 ** 30 - 1;

/** What threads do when they have slept for long. */
type Liveness = (words: Words, thread: ThreadIdentity) => () => void;

// Word 0 says who is inside.
const LOCK = 1;
const LOCK_LAYOUT = { queues: LOCK + LockProtocol.QUEUES, count: 1, watched: false };

const lockOf = (words: Words, thread: ThreadIdentity) => {
  return new LockProtocol(words, LOCK, thread, SLOTS);
};

const recoverLock: Liveness = (words, thread) => () => {
  lockOf(words, thread).recover((id) => thread.isDead(id));
};

/** Hold it; `false` if this thread is refused. */
function acquire(lock: LockProtocol, checkLiveness: () => void): boolean {
  if (lock.tryTake()) return true;
  const slot = lock.takeOrJoin(0);
  if (slot === CROWDED) return false;
  if (slot === TAKEN) return true;
  if (!lock.park(slot, Infinity, checkLiveness)) return false;
  lock.queues.finishedOne(slot);
  return true;
}

function holder(interrupted: boolean): Program {
  return (words, thread, log) => {
    const lock = lockOf(words, thread);
    const checkLiveness = recoverLock(words, thread);
    if (!acquire(lock, checkLiveness)) return log("refused");
    const turn = lock.turn();
    log(lock.abandoned() ? "in after a death" : "in");
    if (interrupted) {
      // As a wait at a condition does.
      lock.release(turn);
      if (!acquire(lock, checkLiveness)) return log("refused");
      lock.resumeTurn(turn);
    }
    log(lock.release(turn) >= 0 ? "out" : "lost");
  };
}

/** Nothing is held for good, and whoever comes next gets it. */
function checkFree(memory: readonly number[]): void {
  const next: Program = (words, thread) => {
    assert(lockOf(words, { ...thread, isDead: (id) => id === idOf(DEAD) }).tryTake(), "locked");
  };
  runAlone(next, Int32Array.from(memory));
}

for (const interrupted of [false, true]) {
  const how = interrupted ? " having given it up for a while" : "";
  testCase({
    name: `lock, one of 2 is given up for dead and goes on${how}`,
    layouts: [LOCK_LAYOUT],
    slots: SLOTS,
    lingers: true,
    mortal: [DEAD],
    interruptions: 1,
    threads: [holder(interrupted), holder(false)],
    recover: (isDead, words, thread) => lockOf(words, thread).recover(isDead),
    check: (logs, memory) => {
      assert(!logs[DEAD]!.includes("in after a death"), "the notice is stolen");
      assertEquals(logs[1]!.at(-1), "out");
      checkFree(memory);
    },
  });
}

testCase({
  name: "lock, one of 3 is given up for dead and goes on",
  layouts: [LOCK_LAYOUT],
  slots: SLOTS,
  lingers: true,
  mortal: [DEAD],
  interruptions: 0,
  threads: [holder(false), holder(false), holder(false)],
  recover: (isDead, words, thread) => lockOf(words, thread).recover(isDead),
  check: (logs, memory) => {
    assert(!logs[DEAD]!.includes("in after a death"), "the notice is stolen");
    assertEquals([logs[1]!.at(-1), logs[2]!.at(-1)], ["out", "out"]);
    checkFree(memory);
  },
});

const SEMAPHORE = 1;

const semaphoreOf = (words: Words, thread: ThreadIdentity) => {
  return new SemaphoreProtocol(words, SEMAPHORE, thread, SLOTS);
};

const permitHolder: Program = (words, thread, log) => {
  const semaphore = semaphoreOf(words, thread);
  const slot = semaphore.takeOrJoin(0);
  if (slot === CROWDED) return log("refused");
  if (slot !== TAKEN) {
    if (!semaphore.park(slot, Infinity, () => {})) return log("refused");
    semaphore.queues.finishedOne(slot);
  }
  log(semaphore.abandoned() ? "in after a death" : "in");
  log(semaphore.release(100) >= 0 ? "out" : "lost");
};

testCase({
  name: "semaphore, one of 2 is given up for dead and goes on",
  layouts: [{ queues: SEMAPHORE + SemaphoreProtocol.QUEUES, count: 1, watched: false }],
  slots: SLOTS,
  lingers: true,
  mortal: [DEAD],
  interruptions: 1,
  setUp: (words, thread) => semaphoreOf(words, thread).initialize(1),
  threads: [permitHolder, permitHolder],
  recover: (isDead, words, thread) => semaphoreOf(words, thread).recover(isDead),
  check: (logs, memory) => {
    assert(!logs[DEAD]!.includes("in after a death"), "the notice is stolen");
    assertEquals(logs[1]!.at(-1), "out");
    assertEquals(memory[SEMAPHORE], 1, "permits");
  },
});

// As in queue_test.ts.
const QUEUE_LAYOUT: Layout = { queues: 64, count: 3, watched: true };
const RING = QUEUE_LAYOUT.queues + wordsOf(3, SLOTS);

const queueOf = (words: Words, thread: ThreadIdentity) => {
  return new QueueProtocol(words, 0, thread, 1, SLOTS);
};

const getOne: Program = (words, thread, log) => {
  const item = new WordItem(words, RING);
  const outcome = queueOf(words, thread).get(item, Infinity, () => {});
  log(outcome === "done" ? `got ${item.value}` : outcome);
};

const putTwo: Program = (words, thread, log) => {
  const queue = queueOf(words, thread);
  for (const value of [1, 2]) {
    log(queue.put(new WordItem(words, RING, value), Infinity, () => {}));
  }
};

testCase({
  name: "queue, one of 2 consumers is given up for dead and goes on",
  layouts: [QUEUE_LAYOUT],
  slots: SLOTS,
  behind: 2,
  lingers: true,
  mortal: [DEAD],
  interruptions: 0,
  setUp: (words, thread) => queueOf(words, thread).initialize(2),
  threads: [getOne, getOne, putTwo],
  recover: (isDead, words, thread) => queueOf(words, thread).recover(isDead),
  check: (logs, memory) => {
    assertEquals([logs[1]!.length, logs[2]], [1, ["done", "done"]]);
    const got = logs.flat().filter((line) => line.startsWith("got"));
    assertEquals(new Set(got).size, got.length, "an item came out twice");
    const left = memory[1]! - memory[17]!;
    // The dead one may have taken an item without living to tell.
    const silent = logs[DEAD]![0]?.startsWith("got") ? 0 : 1;
    assert(got.length + left <= 2 && got.length + left >= 2 - silent, "an item is lost");
  },
});

const ENTRIES = 3;
const JOURNAL = 4 + 3 * ENTRIES;

const barrierOf = (words: Words, thread: ThreadIdentity) => {
  return new BarrierProtocol(words, 0, thread, ENTRIES);
};

const visitor: Program = (words, thread, log) => {
  const barrier = barrierOf(words, thread);
  const arrival = barrier.arrive(2);
  if (arrival === undefined) return log("broken");
  const end = arrival.last ? "passed" : barrier.park(arrival.round, Infinity, () => {});
  log(end === "passed" ? `${arrival.index}` : "broken");
};

testCase({
  name: "barrier, one of 2 is given up for dead and goes on",
  layouts: [],
  size: JOURNAL + BarrierProtocol.SIZE - (4 + 3 * 64),
  slots: SLOTS,
  lingers: true,
  mortal: [DEAD],
  interruptions: 1,
  threads: [visitor, visitor],
  recover: (isDead, words, thread) => {
    const barrier = barrierOf(words, thread);
    barrier.recover(isDead);
    // One that is refused will not come.
    barrier.abort();
  },
  check: (logs) => {
    assertEquals(logs[1]!.length, 1);
    // If one has passed, the other one has come.
    if (logs[1]![0] !== "broken") assert(["0", "1", "broken", undefined].includes(logs[DEAD]![0]));
    assert(
      logs[DEAD]![0] === undefined || logs[DEAD]![0] !== logs[1]![0] ||
        logs[1]![0] === "broken",
    );
  },
});

const CONDITION = LOCK + LockProtocol.QUEUES + wordsOf(1, SLOTS);

const conditionOf = (words: Words, thread: ThreadIdentity) => {
  return new ConditionProtocol(words, CONDITION, thread, SLOTS);
};

/** Wait until word 0 says that there is one. */
const listener: Program = (words, thread, log) => {
  const lock = lockOf(words, thread);
  const condition = conditionOf(words, thread);
  const checkLiveness = recoverLock(words, thread);
  if (!acquire(lock, checkLiveness)) return log("refused");
  const turn = lock.turn();
  while (words.load(0) === 0) {
    const slot = condition.join(0);
    if (slot === 0) return log("refused");
    lock.release();
    if (!condition.queues.park(slot, Infinity, checkLiveness)) return log("refused");
    if (!acquire(lock, checkLiveness)) return log("refused");
    lock.resumeTurn(turn);
    condition.queues.finishedOne(slot);
  }
  log(lock.release(turn) >= 0 ? "heard" : "lost");
};

const notifier: Program = (words, thread, log) => {
  const lock = lockOf(words, thread);
  const condition = conditionOf(words, thread);
  if (!acquire(lock, recoverLock(words, thread))) return log("refused");
  words.store(0, 1);
  condition.notify();
  condition.notify();
  log(lock.release() >= 0 ? "told" : "lost");
};

testCase({
  name: "condition, one of 2 who wait is given up for dead and goes on",
  layouts: [LOCK_LAYOUT, { queues: CONDITION, count: 1, watched: true }],
  slots: SLOTS,
  lingers: true,
  mortal: [DEAD],
  interruptions: 0,
  threads: [listener, listener, notifier],
  recover: (isDead, words, thread) => {
    lockOf(words, thread).recover(isDead);
    conditionOf(words, thread).recover(isDead);
  },
  check: (logs, memory) => {
    assertEquals([logs[1], logs[2]], [["heard"], ["told"]]);
    assert((memory[LOCK]! & ID_BITS) === 0 || (memory[LOCK]! & ID_BITS) === idOf(DEAD), "locked");
    checkFree(memory);
  },
});
