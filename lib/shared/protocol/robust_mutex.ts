import { ID_BITS, type Party, type Words } from "./words.ts";

/** Set in the word of a guard that somebody sleeps on. */
const AWAITED = 2 ** 30;

/** How often to look whether the other one has left, which is soon, before sleeping. */
const LOOKS = 128;

/** Nobody stays inside for so long (ms): whoever seems to, has died there. */
const TOO_LONG = 1_000;

/**
 * Keeps the threads apart for a few instructions: a mutex that survives the death of its holder.
 *
 * One word: 0, or the id of the thread inside, with `AWAITED` if others sleep on it.
 */
export class Guard {
  /** How many words it takes. */
  static readonly SIZE: number = 1;

  protected readonly words: Words;
  protected readonly party: Party;
  readonly #at: number;

  constructor(words: Words, at: number, party: Party) {
    this.words = words;
    this.party = party;
    this.#at = at;
  }

  /** Go in. */
  enter(): void {
    if (this.words.compareExchange(this.#at, 0, this.party.id) !== 0) this.#contend();
  }

  /** Go out. */
  exit(): void {
    const { words, party: { id } } = this;
    const seen = words.compareExchange(this.#at, id, 0);
    // Anything else means that this thread was given up for dead and another one took its place.
    if (seen === (id | AWAITED) && words.compareExchange(this.#at, seen, 0) === seen) {
      words.notify(this.#at, Infinity);
    }
  }

  /** If one of the dead is inside, clean up after it. */
  evict(isDead: (id: number) => boolean): void {
    for (;;) {
      const seen = this.words.load(this.#at);
      if (seen === 0 || !isDead(seen & ID_BITS)) break;
      // It fails if another one goes to sleep on it at this moment.
      if (this.#takeOver(seen)) return this.exit();
    }
    // The dead may have died on the way out, before waking those who sleep.
    this.words.notify(this.#at, Infinity);
  }

  /** Bring what the guard protects into a good state again, after somebody has died inside. */
  protected repair(): void {}

  #takeOver(seen: number): boolean {
    if (this.words.compareExchange(this.#at, seen, this.party.id | AWAITED) !== seen) return false;
    this.repair();
    return true;
  }

  #contend(): void {
    const { words, party } = this;
    const at = this.#at;
    party.checkAlive();
    for (let i = Math.min(words.patience, LOOKS); i > 0; i--) {
      if (words.load(at) === 0 && words.compareExchange(at, 0, party.id) === 0) return;
      words.pause();
    }
    for (;;) {
      const seen = words.load(at);
      if (seen === 0) {
        // Others may sleep on it still.
        if (words.compareExchange(at, 0, party.id | AWAITED) === 0) return;
        continue;
      }
      if (party.isDead(seen & ID_BITS)) {
        if (this.#takeOver(seen)) return;
        continue;
      }
      const awaited = seen | AWAITED;
      if (seen !== awaited && words.compareExchange(at, seen, awaited) !== seen) continue;
      // Leaving wakes everybody: one who was not woken for so long has seen nobody leave.
      const woken = words.wait(at, awaited, TOO_LONG);
      if (woken === "timed-out" && this.#takeOver(awaited)) return;
    }
  }
}
