import { assert, assertEquals } from "@std/assert";
import { QueueProtocol } from "../../lib/shared/protocol/queue_protocol.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";
import { type Case, testCase, wordsOf } from "./layout.ts";
import type { Program } from "./simulation.ts";
import { WordItem } from "./word_item.ts";

const SLOTS = 3;
const LAYOUT = { queues: 64, count: 3, watched: true };
const RING = LAYOUT.queues + wordsOf(3, SLOTS);
const ROOM = 2;

function of(words: Words, thread: ThreadIdentity, maxsize = 0): QueueProtocol {
  return new QueueProtocol(words, 0, thread, maxsize, SLOTS);
}

function producer(items: number[], maxsize: number, until = Infinity): Program {
  return (words, thread, log) => {
    const queue = of(words, thread, maxsize);
    for (const item of items) {
      const outcome = queue.put(new WordItem(words, RING, item), until, () => {});
      log(outcome === "done" ? `put ${item}` : outcome);
      if (outcome !== "done") return;
    }
  };
}

function consumer(count: number, until = Infinity): Program {
  return (words, thread, log) => {
    const queue = of(words, thread);
    for (let i = 0; i < count; i++) {
      const item = new WordItem(words, RING);
      const outcome = queue.get(item, until, () => {});
      log(outcome === "done" ? `got ${item.value}` : outcome);
      if (outcome !== "done") return;
    }
  };
}

const closer: Program = (words, thread) => of(words, thread).close();

/** What was got by all, with what is left in the ring behind it. */
function gotAndLeft(logs: string[][], memory: readonly number[]): number[] {
  const got = logs.flat().filter((queue) => queue.startsWith("got")).map((queue) =>
    +queue.slice(4)
  );
  const [puts, gets] = [memory[1]!, memory[17]!];
  const head = memory[18 + (gets & 1)]!;
  const left = Array.from({ length: puts - gets }, (_, i) => {
    return memory[RING + ((head + i) & (ROOM - 1))]!;
  });
  return [...got, ...left];
}

function cases(name: string, threads: Program[], rest: Partial<Case>): void {
  testCase({
    name: `queue, ${name}`,
    layouts: [LAYOUT],
    slots: SLOTS,
    behind: ROOM,
    setUp: (words, thread) => of(words, thread).initialize(ROOM),
    threads,
    recover: (isDead, words, thread) => {
      const queue = of(words, thread);
      queue.recover(isDead);
      // Who waits for what the dead would have done need not wait for ever.
      queue.close();
    },
    check: (logs, memory) => {
      assertEquals(gotAndLeft(logs, memory).sort(), [1, 2]);
      assert(!logs.flat().includes("closed") && !logs.flat().includes("blocked"));
    },
    ...rest,
  });
}

cases("1 producer and 1 consumer of 2 with room for 1, up to 3 interruptions", [
  producer([1, 2], 1),
  consumer(2),
], {
  interruptions: 3,
  check: (logs) => assertEquals(logs, [["put 1", "put 2"], ["got 1", "got 2"]]),
});
cases("2 producers and 1 consumer with room for 1, up to 1 interruption", [
  producer([1], 1),
  producer([2], 1),
  consumer(2),
], { interruptions: 1 });
cases("1 producer and 2 consumers, up to 1 interruption", [
  producer([1, 2], 0),
  consumer(1),
  consumer(1),
], { interruptions: 1 });
cases("2 consumers with no item, and one that closes, up to 1 interruption", [
  consumer(1),
  consumer(1),
  closer,
], {
  interruptions: 1,
  check: (logs) => assertEquals(logs, [["closed"], ["closed"], []]),
});
cases("1 producer and 1 that closes, with 1 consumer of what comes, up to 1 interruption", [
  producer([1, 2], 1),
  consumer(3),
  closer,
], {
  interruptions: 1,
  check: (logs, memory) => {
    const put = logs[0]!.filter((queue) => queue.startsWith("put")).map((queue) => +queue.slice(4));
    assertEquals(gotAndLeft(logs, memory), put);
    assertEquals(logs[1]!.at(-1), "closed");
  },
});
cases("a consumer with a time limit, up to 2 interruptions", [producer([1], 0), consumer(1, 1)], {
  timeouts: [1],
  interruptions: 2,
  check: (logs, memory) => assertEquals(gotAndLeft(logs, memory), [1]),
});
cases("2 producers, one with a time limit, with room for 1, up to 1 interruption", [
  producer([1], 1, 1),
  producer([2], 1),
  consumer(1),
], {
  timeouts: [0],
  interruptions: 1,
  check: (logs, memory) => {
    assertEquals(logs[1], ["put 2"]);
    const put = logs[0]![0] === "put 1" ? [1, 2] : [2];
    assertEquals(gotAndLeft(logs, memory).sort(), put);
  },
});
cases("a producer dies, its consumer hears of all that was put", [
  (words, thread, log) => {
    producer([1], 1)(words, thread, log);
    closer(words, thread, log);
  },
  consumer(2),
], {
  deaths: true,
  mortal: [0],
  interruptions: 1,
  check: (logs, memory) => {
    assertEquals(logs[1]!.at(-1), "closed");
    const got = gotAndLeft(logs, memory);
    assert(got.length >= logs[0]!.length);
    assertEquals(got, [1].slice(0, got.length));
  },
});
cases("one of 2 consumers dies, the other one gets what it has not taken", [
  producer([1, 2], 1),
  consumer(1),
  consumer(1),
], {
  deaths: true,
  mortal: [1],
  interruptions: 0,
  recover: (isDead, words, thread) => of(words, thread).recover(isDead),
  check: (logs, memory) => {
    assertEquals(logs[0], ["put 1", "put 2"]);
    assertEquals(logs[2]!.length, 1);
    const seen = gotAndLeft(logs, memory);
    // It may have taken one without living to tell.
    assert(seen.length === 2 || seen.length === 1);
    assertEquals(new Set(seen).size, seen.length);
  },
});
