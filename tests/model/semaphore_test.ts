import { assert, assertEquals } from "@std/assert";
import { TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import { SemaphoreProtocol } from "../../lib/shared/protocol/semaphore_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase } from "./layout.ts";
import type { Program } from "./simulation.ts";

const SEMAPHORE = 1;
const LAYOUT = { queues: SEMAPHORE + SemaphoreProtocol.QUEUES, count: 1, watched: false };

function semaphoreOf(words: Words, thread: ThreadIdentity, slots: number): SemaphoreProtocol {
  return new SemaphoreProtocol(words, SEMAPHORE, thread, slots);
}

/** Acquire, be inside for a step, release. */
function user(slots: number, until: number): Program {
  return (words, thread, log) => {
    const semaphore = semaphoreOf(words, thread, slots);
    const slot = semaphore.takeOrJoin(0);
    assert(slot !== 0, "no slot");
    if (slot !== TAKEN) {
      if (!semaphore.park(slot, until, () => {})) return log("gave up");
      semaphore.queues.finishedOne(slot);
    }
    log(semaphore.abandoned() ? "in after a death" : "in");
    words.load(0);
    log("out");
    assert(semaphore.release(100) >= 0);
  };
}

function cases(name: string, count: number, permits: number, rest: Partial<Case>): void {
  testCase({
    name: `semaphore, ${name}`,
    layouts: [LAYOUT],
    slots: count,
    setUp: (words, thread) => semaphoreOf(words, thread, count).initialize(permits),
    threads: Array.from({ length: count }, () => user(count, Infinity)),
    recover: (isDead, words, thread) => semaphoreOf(words, thread, count).recover(isDead),
    invariant: (logs, dead) => {
      const inside = logs.filter((log, i) => i !== dead && log.at(-1)?.startsWith("in"));
      assert(inside.length <= permits, "too many are inside");
    },
    // Whatever the dead held is given back, and no more.
    check: (logs, memory, dead) => {
      assertEquals(memory[SEMAPHORE], permits, "permits");
      const told = logs.flat().filter((queue) => queue === "in after a death").length;
      if (dead === undefined) return assertEquals(told + memory[SEMAPHORE + 1]!, 0, "told");
      // One that died where it held one: somebody has been told, or will be.
      const died = logs[dead]!.at(-1)?.startsWith("in") ? 1 : 0;
      assert(told + memory[SEMAPHORE + 1]! >= died, "nobody is told of the death");
    },
    ...rest,
  });
}

cases("2 threads for 1 permit, up to 3 interruptions", 2, 1, { interruptions: 3 });
cases("3 threads for 2 permits, up to 2 interruptions", 3, 2, { interruptions: 2 });
cases("2 threads for 1 permit, one dies, up to 1 interruption", 2, 1, {
  deaths: true,
  interruptions: 1,
});
cases("2 threads for 1 permit, one with a time limit", 2, 1, {
  timeouts: [1],
  interruptions: 2,
  threads: [user(2, Infinity), user(2, 1)],
});

testCase({
  name: "semaphore, one thread takes what another gives back, which dies or not",
  layouts: [LAYOUT],
  slots: 2,
  deaths: true,
  mortal: [1],
  interruptions: 1,
  threads: [
    (words, thread, log) => {
      const semaphore = semaphoreOf(words, thread, 2);
      const slot = semaphore.takeOrJoin(0);
      if (slot !== TAKEN) {
        semaphore.park(slot, Infinity, () => {});
        semaphore.queues.finishedOne(slot);
      }
      log("taken");
    },
    (words, thread, log) => {
      log("about to give");
      semaphoreOf(words, thread, 2).release(100);
      log("given");
    },
  ],
  recover: (isDead, words, thread) => {
    const semaphore = semaphoreOf(words, thread, 2);
    semaphore.recover(isDead);
    // Nobody knows whether it was given: the host gives another one, so that nobody waits in vain.
    semaphore.release(100);
  },
  check: (logs, memory, dead) => {
    assertEquals(logs[0], ["taken"]);
    if (dead === undefined) assertEquals(memory[SEMAPHORE], 0);
    else assert([0, 1].includes(memory[SEMAPHORE]!));
  },
});
