import { Guard } from "../../lib/shared/protocol/robust_mutex.ts";
import { Journal } from "../../lib/shared/protocol/journal.ts";
import { Lines, PLACES } from "../../lib/shared/protocol/wait_queues.ts";
import { explore, idOf, type Scenario } from "./simulation.ts";
import type { Party, Words } from "../../lib/shared/protocol/words.ts";

const LINE_SIZE = 2;
const PLACE_SIZE = 6;
const LINE = 4;

/** Where the parts of a protocol with lines stand. */
export interface Layout {
  /** Where the lines begin. */
  lines: number;
  /** How many lines there are. */
  count: number;
  /** Whether somebody looks from outside whether a line is empty. */
  watched: boolean;
}

/** The words that lines take which have so many places. */
export function wordsOf(count: number, places: number): number {
  return Lines.size(count) - (PLACES - places) * PLACE_SIZE;
}

/** Whether nobody looks at a word from outside the guard of the lines. */
function isQuiet({ lines, count, watched }: Layout, places: number, word: number): boolean {
  const journal = lines + Guard.SIZE;
  const heads = lines + Journal.SIZE;
  const first = heads + count * LINE_SIZE;
  if (word < journal || word >= first + places * PLACE_SIZE) return false;
  if (word < heads) return true;
  if (word < first) return !watched;
  return (word - first) % PLACE_SIZE >= LINE;
}

/** What stands in a journal, which does not matter once it has been carried out. */
function journalOf({ lines }: Layout): { flag: number; from: number; to: number } {
  const flag = lines + Guard.SIZE;
  return { flag, from: flag + 1, to: lines + Journal.SIZE };
}

/** What differs from one exploration to the next. */
export interface Case extends Omit<Scenario, "size" | "quiet" | "scratch" | "recover"> {
  name: string;
  /** Where the lines are; the last ones are the last in the memory. */
  layouts: Layout[];
  /** How many places each of them has. */
  places: number;
  /** How many words there are behind the lines. */
  behind?: number;
  recover?: (isDead: (id: number) => boolean, words: Words, party: Party) => void;
}

/** Define a test that explores a case, and says how much there was. */
export function testCase(one: Case): void {
  const { name, layouts, places, behind = 0, recover } = one;
  const last = layouts.at(-1)!;
  Deno.test(`Model: ${name}`, () => {
    const { schedules, depth, states } = explore({
      ...one,
      size: last.lines + wordsOf(last.count, places) + behind,
      quiet: (word) => layouts.some((layout) => isQuiet(layout, places, word)),
      scratch: layouts.map(journalOf),
      recover: (dead, words, party) => recover?.((id) => id === idOf(dead), words, party),
    });
    console.log(`  ${schedules} schedules, up to ${depth} steps, ${states} states`);
  });
}
