import { Guard } from "../../lib/shared/protocol/guard.ts";
import { Journal } from "../../lib/shared/protocol/journal.ts";
import { Lines } from "../../lib/shared/protocol/line.ts";
import { type Exploration, explore, idOf, type Scenario } from "./simulation.ts";
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

/** Which words nobody looks at from outside the guard of the lines. */
export function quietWords({ lines, count, watched }: Layout): (word: number) => boolean {
  const journal = lines + Guard.SIZE;
  const heads = lines + Journal.SIZE;
  const places = heads + count * LINE_SIZE;
  return (word) => {
    if (word < journal) return false;
    if (word < heads) return true;
    if (word < places) return !watched;
    return (word - places) % PLACE_SIZE >= LINE;
  };
}

/** Wipe out what a journal says that has been carried out. */
export function tidyJournal({ lines }: Layout): (memory: Int32Array) => void {
  return (memory) => {
    if (memory[lines + Guard.SIZE] !== 0) return;
    memory.fill(0, lines + Guard.SIZE, lines + Journal.SIZE);
  };
}

/** What differs from one exploration to the next. */
export interface Case extends Omit<Scenario, "size" | "quiet" | "tidy" | "recover"> {
  name: string;
  layout: Layout;
  /** How many places the lines have. */
  places: number;
  recover: (isDead: (id: number) => boolean, words: Words, party: Party) => void;
}

/** Define a test that explores a case, and says how much there was. */
export function testCase(one: Case): void {
  const { name, layout, places, recover } = one;
  Deno.test(`Model: ${name}`, () => {
    const found: Exploration = explore({
      ...one,
      size: layout.lines + Lines.size(layout.count) - (64 - places) * PLACE_SIZE,
      quiet: quietWords(layout),
      tidy: tidyJournal(layout),
      recover: (dead, words, party) => recover((id) => id === idOf(dead), words, party),
    });
    const { schedules, depth, states } = found;
    console.log(`  ${schedules} schedules, up to ${depth} steps, ${states} states`);
  });
}
