import { assert, assertEquals } from "@std/assert";
import { BarrierProtocol } from "../../lib/shared/protocol/barrier_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { explore, idOf, type Program, type Scenario } from "./simulation.ts";

const ENTRIES = 3;
// The journal is the last part; its mutex is looked at by everybody.
const JOURNAL = 4 + 3 * ENTRIES;

function of(words: Words, thread: ThreadIdentity): BarrierProtocol {
  return new BarrierProtocol(words, 0, thread, ENTRIES);
}

/** Come to a barrier of `threads`, so many times. */
function visitor(threads: number, rounds: number): Program {
  return (words, thread, log) => {
    const barrier = of(words, thread);
    for (let i = 0; i < rounds; i++) {
      const arrival = barrier.arrive(threads);
      if (arrival === undefined) return log("broken");
      const { index, round, last } = arrival;
      const end = last ? "passed" : barrier.park(round, Infinity, () => {});
      log(end === "passed" ? `${index}` : "broken");
      if (end !== "passed") return;
    }
  };
}

function cases(name: string, threads: Program[], rest: Partial<Scenario>): void {
  Deno.test(`Model: barrier, ${name}`, () => {
    const { schedules, depth, states } = explore({
      size: JOURNAL + BarrierProtocol.SIZE - (4 + 3 * 64),
      threads,
      quiet: (at) => at > JOURNAL || (at >= 4 && at < JOURNAL),
      scratch: [{ flag: JOURNAL + 1, from: JOURNAL + 2, to: JOURNAL + 2 + 32 }],
      recover: (dead, words, thread) => of(words, thread).recover((id) => id === idOf(dead)),
      check: () => {},
      ...rest,
    });
    console.log(`  ${schedules} schedules, up to ${depth} steps, ${states} states`);
  });
}

cases("2 threads, 2 rounds, up to 4 interruptions", [visitor(2, 2), visitor(2, 2)], {
  interruptions: 4,
  check: ([one, two]) => {
    for (const i of [0, 1]) assertEquals([one![i], two![i]].sort(), ["0", "1"]);
  },
});
cases("3 threads, up to 2 interruptions", [visitor(3, 1), visitor(3, 1), visitor(3, 1)], {
  interruptions: 2,
  check: (logs) => assertEquals(logs.flat().sort(), ["0", "1", "2"]),
});
cases("2 threads and one that aborts, up to 2 interruptions", [
  visitor(2, 1),
  visitor(2, 1),
  (words, thread) => of(words, thread).abort(),
], {
  interruptions: 2,
  check: ([one, two]) => {
    assert(one!.length === 1 && two!.length === 1);
    // Both pass, or neither does.
    assertEquals(one![0] === "broken", two![0] === "broken");
  },
});
cases("one of 2 threads dies, up to 1 interruption", [visitor(2, 2), visitor(2, 2)], {
  deaths: true,
  mortal: [0],
  interruptions: 1,
  recover: (dead, words, thread) => {
    const barrier = of(words, thread);
    barrier.recover((id) => id === idOf(dead));
    // One that has died elsewhere than at the barrier will not come either.
    barrier.abort();
  },
  check: ([one, two], _, dead) => {
    if (dead === undefined) return assertEquals(one!.length + two!.length, 4);
    assert(two!.length >= 1 && two!.length <= 2);
    assert(two!.at(-1) === "broken" || two!.length === 2);
  },
});
