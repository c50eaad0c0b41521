import { assert, assertEquals } from "@std/assert";
import { TAKEN } from "../../lib/shared/protocol/lock_protocol.ts";
import { SemaphoreProtocol } from "../../lib/shared/protocol/semaphore_protocol.ts";
import type { Party, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase } from "./layout.ts";
import type { Program } from "./simulation.ts";

const SEMAPHORE = 1;
const LAYOUT = { lines: SEMAPHORE + SemaphoreProtocol.LINES, count: 1, watched: false };

function semaphoreOf(words: Words, party: Party, places: number): SemaphoreProtocol {
  return new SemaphoreProtocol(words, SEMAPHORE, party, places);
}

/** Acquire, be inside for a step, release. */
function user(places: number, until: number): Program {
  return (words, party, log) => {
    const semaphore = semaphoreOf(words, party, places);
    const place = semaphore.takeOrJoin(0);
    assert(place !== 0, "no place");
    if (place !== TAKEN) {
      if (!semaphore.park(place, until, () => {})) return log("gave up");
      semaphore.lines.over(place, 1);
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
    places: count,
    setUp: (words, party) => semaphoreOf(words, party, count).initialize(permits),
    parties: Array.from({ length: count }, () => user(count, Infinity)),
    recover: (isDead, words, party) => semaphoreOf(words, party, count).recover(isDead),
    invariant: (logs, dead) => {
      const inside = logs.filter((log, i) => i !== dead && log.at(-1)?.startsWith("in"));
      assert(inside.length <= permits, "too many are inside");
    },
    // Whatever the dead held is given back, and no more.
    check: (logs, memory, dead) => {
      assertEquals(memory[SEMAPHORE], permits, "permits");
      const told = logs.flat().filter((line) => line === "in after a death").length;
      if (dead === undefined) return assertEquals(told + memory[SEMAPHORE + 1]!, 0, "told");
      // One that died where it held one: somebody has been told, or will be.
      const died = logs[dead]!.at(-1)?.startsWith("in") ? 1 : 0;
      assert(told + memory[SEMAPHORE + 1]! >= died, "nobody is told of the death");
    },
    ...rest,
  });
}

cases("2 parties for 1 permit, up to 3 interruptions", 2, 1, { interruptions: 3 });
cases("3 parties for 2 permits, up to 2 interruptions", 3, 2, { interruptions: 2 });
cases("2 parties for 1 permit, one dies, up to 1 interruption", 2, 1, {
  deaths: true,
  interruptions: 1,
});
cases("2 parties for 1 permit, one with a time limit", 2, 1, {
  timeouts: [1],
  interruptions: 2,
  parties: [user(2, Infinity), user(2, 1)],
});

testCase({
  name: "semaphore, one thread takes what another gives back, which dies or not",
  layouts: [LAYOUT],
  places: 2,
  deaths: true,
  mortal: [1],
  interruptions: 1,
  parties: [
    (words, party, log) => {
      const semaphore = semaphoreOf(words, party, 2);
      const place = semaphore.takeOrJoin(0);
      if (place !== TAKEN) {
        semaphore.park(place, Infinity, () => {});
        semaphore.lines.over(place, 1);
      }
      log("taken");
    },
    (words, party, log) => {
      log("about to give");
      semaphoreOf(words, party, 2).release(100);
      log("given");
    },
  ],
  recover: (isDead, words, party) => {
    const semaphore = semaphoreOf(words, party, 2);
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
