import type { Journal } from "./journal.ts";
import type { Words } from "./words.ts";

const ENTRIES = 32;

/**
 * How many of something each thread holds, so that it can be given back when one dies.
 *
 * 32 threads have an entry at a time; what further ones hold is not noted.
 */
export class Holders {
  /** How many words it takes. */
  static readonly SIZE: number = 2 * ENTRIES;

  readonly #words: Words;
  readonly #at: number;
  readonly #journal: Journal;

  constructor(words: Words, at: number, journal: Journal) {
    this.#words = words;
    this.#at = at;
    this.#journal = journal;
  }

  /** Note that `owner` holds one more. */
  add(owner: number): void {
    const journal = this.#journal;
    let free = 0;
    for (let at = this.#at; at < this.#at + Holders.SIZE; at += 2) {
      const seen = journal.get(at);
      if (seen === owner) {
        journal.set(at + 1, journal.get(at + 1) + 1);
        return;
      }
      if (seen === 0 && free === 0) free = at;
    }
    if (free === 0) return;
    journal.set(free, owner);
    journal.set(free + 1, 1);
  }

  /**
   * Note that one less is held: by `owner`, or else by somebody, since what one thread took another
   * may give back.
   */
  remove(owner: number): void {
    const journal = this.#journal;
    let found = 0;
    for (let at = this.#at; at < this.#at + Holders.SIZE; at += 2) {
      const seen = journal.get(at);
      if (seen === owner) {
        found = at;
        break;
      }
      if (seen !== 0 && found === 0) found = at;
    }
    if (found === 0) return;
    const count = journal.get(found + 1) - 1;
    journal.set(found + 1, count);
    if (count === 0) journal.set(found, 0);
  }

  /** Whether `owner` has an entry. */
  has(owner: number): boolean {
    for (let at = this.#at; at < this.#at + Holders.SIZE; at += 2) {
      if (this.#journal.get(at) === owner) return true;
    }
    return false;
  }

  /** One of the holders that are dead, or 0. */
  findDead(isDead: (id: number) => boolean): number {
    for (let at = this.#at; at < this.#at + Holders.SIZE; at += 2) {
      const owner = this.#words.load(at);
      if (owner !== 0 && isDead(owner)) return owner;
    }
    return 0;
  }
}
