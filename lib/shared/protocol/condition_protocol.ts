import { Lines } from "./wait_queues.ts";
import type { Party, Words } from "./words.ts";

const LINE = 0;

/** The line of those who wait at a condition to be notified. */
export class ConditionProtocol {
  /** How many words it takes. */
  static readonly SIZE: number = Lines.size(1);

  readonly lines: Lines;

  constructor(words: Words, at: number, party: Party, places?: number) {
    this.lines = new Lines(words, at, party, 1, places);
  }

  /** Stand in line; `mine` as for {@linkcode Lines.join}. */
  join(mine: number): number {
    const { lines } = this;
    lines.enter();
    const place = lines.join(LINE, 1, mine);
    lines.commit();
    lines.exit();
    return place;
  }

  /** Notify the first in line. Gives its place, or 0. */
  notify(): number {
    const { lines } = this;
    if (lines.first(LINE) === 0) return 0;
    lines.enter();
    const place = lines.call(LINE);
    lines.commit();
    lines.exit();
    if (place !== 0) lines.ring(place);
    return place;
  }

  /** Take the dead out of the line. Who was notified and died before going on passes that on. */
  recover(isDead: (id: number) => boolean): void {
    this.lines.recover(isDead, 1 << LINE);
  }
}
