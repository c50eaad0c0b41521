import { RobustMutex } from "../../lib/shared/protocol/robust_mutex.ts";
import { Journal } from "../../lib/shared/protocol/journal.ts";
import { SLOTS, WaitQueues } from "../../lib/shared/protocol/wait_queues.ts";
import { explore, idOf, type Scenario } from "./simulation.ts";
import type { ThreadIdentity, Words } from "../../lib/shared/protocol/words.ts";

const QUEUE_SIZE = 2;
const SLOT_SIZE = 6;
const QUEUE = 4;

/** Where the parts of a protocol with queues group. */
export interface Layout {
  /** Where the queues begin. */
  queues: number;
  /** How many queues there are. */
  count: number;
  /** Whether somebody looks from outside whether a queue is empty. */
  watched: boolean;
}

/** The words that queues take which have so many slots. */
export function wordsOf(count: number, slots: number): number {
  return WaitQueues.size(count) - (SLOTS - slots) * SLOT_SIZE;
}

/** Whether nobody looks at a word from outside the mutex of the queues. */
function isQuiet({ queues, count, watched }: Layout, slots: number, word: number): boolean {
  const journal = queues + RobustMutex.SIZE;
  const heads = queues + Journal.SIZE;
  const first = heads + count * QUEUE_SIZE;
  if (word < journal || word >= first + slots * SLOT_SIZE) return false;
  if (word < heads) return true;
  if (word < first) return !watched;
  return (word - first) % SLOT_SIZE >= QUEUE;
}

/** What groups in a journal, which does not matter once it has been carried out. */
function journalOf({ queues }: Layout): { flag: number; from: number; to: number } {
  const flag = queues + RobustMutex.SIZE;
  return { flag, from: flag + 1, to: queues + Journal.SIZE };
}

/** What differs from one exploration to the next. */
export interface Case extends Omit<Scenario, "size" | "quiet" | "scratch" | "recover"> {
  name: string;
  /** Where the queues are; the last ones are the last in the memory. */
  layouts: Layout[];
  /** How many slots each of them has. */
  slots: number;
  /** How many words there are behind the queues. */
  behind?: number;
  /** How many words there are in all, where there are no queues. */
  size?: number;
  recover?: (isDead: (id: number) => boolean, words: Words, thread: ThreadIdentity) => void;
}

/** Define a test that explores a case, and says how much there was. */
export function testCase(one: Case): void {
  const { name, layouts, slots, behind = 0, recover } = one;
  const last = layouts.at(-1);
  Deno.test(`Model: ${name}`, () => {
    const { schedules, depth, states } = explore({
      ...one,
      size: one.size ?? last!.queues + wordsOf(last!.count, slots) + behind,
      quiet: (word) => layouts.some((layout) => isQuiet(layout, slots, word)),
      scratch: layouts.map(journalOf),
      recover: (dead, words, thread) => recover?.((id) => id === idOf(dead), words, thread),
    });
    console.log(`  ${schedules} schedules, up to ${depth} steps, ${states} states`);
  });
}
