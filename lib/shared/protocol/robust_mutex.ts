import { ID_BITS, type ThreadIdentity, type Words } from "./words.ts";

/** Set in the word of a mutex that somebody sleeps on. */
const AWAITED = 2 ** 30;

/** How often to look whether the other one has left, which is soon, before sleeping. */
const LOOKS = 128;

/** Nobody stays inside for so long (ms): whoever seems to, has died there. */
const TOO_LONG = 1_000;

/**
 * For how long (ms) one that was declared dead inside may take to leave.
 *
 * A thread that is being terminated, or was given up while it runs, goes on for some steps. What it
 * writes inside must not meet what the next one writes: it is taken to have stopped only when it has
 * had time enough for the few instructions that there are.
 */
export const GRACE = 50;

/**
 * Keeps the threads apart for a few instructions: a mutex that survives the death of its holder, as
 * POSIX's robust mutexes do.
 *
 * One word: 0, or the id of the thread inside, with `AWAITED` if others sleep on it.
 */
export class RobustMutex {
  /** How many words it takes. */
  static readonly SIZE: number = 1;

  readonly #words: Words;
  readonly #thread: ThreadIdentity;
  readonly #id: number;
  readonly #at: number;
  readonly #repair: (() => void) | undefined;

  /**
   * @param repair Brings what the mutex protects into a good state again, after somebody has died
   *   inside.
   */
  constructor(words: Words, at: number, thread: ThreadIdentity, repair?: () => void) {
    this.#words = words;
    this.#thread = thread;
    this.#id = thread.id;
    this.#at = at;
    this.#repair = repair;
  }

  /**
   * Go in.
   *
   * @returns `false`, and it stays outside, if this thread was given up for dead. One that is told
   *   `true` and is declared dead only then has until it leaves: who takes its things from it comes
   *   in here first.
   */
  enter(): boolean {
    const id = this.#id;
    if (this.#words.compareExchange(this.#at, 0, id) !== 0 && !this.#contend()) return false;
    if (!this.#thread.isDead(id)) return true;
    this.exit();
    return false;
  }

  /** Go out. */
  exit(): void {
    const words = this.#words;
    const id = this.#id;
    const seen = words.compareExchange(this.#at, id, 0);
    // Anything else means that this thread was given up for dead and another one took its place.
    if (seen === (id | AWAITED) && words.compareExchange(this.#at, seen, 0) === seen) {
      words.notify(this.#at, Infinity);
    }
  }

  /** If one of the dead is inside, let it leave or clean up after it. */
  evict(isDead: (id: number) => boolean): void {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#at);
      if (seen === 0 || !isDead(seen & ID_BITS)) break;
      if (this.#outwait(seen, GRACE)) return this.exit();
    }
    // The dead may have died on the way out, before waking those who sleep.
    words.notify(this.#at, Infinity);
  }

  /** Sleep until whoever was `seen` inside has left. `true` if it has not, and its place was taken. */
  #outwait(seen: number, ms: number): boolean {
    const words = this.#words;
    const awaited = seen | AWAITED;
    if (seen !== awaited && words.compareExchange(this.#at, seen, awaited) !== seen) return false;
    // Leaving wakes everybody: one who was not woken for so long has seen nobody leave.
    if (words.wait(this.#at, awaited, ms) !== "timed-out") return false;
    const mine = this.#id | AWAITED;
    if (words.compareExchange(this.#at, awaited, mine) !== awaited) return false;
    this.#repair?.();
    return true;
  }

  #contend(): boolean {
    const words = this.#words;
    const thread = this.#thread;
    const at = this.#at;
    for (let i = Math.min(words.spinLimit, LOOKS); i > 0; i--) {
      if (words.load(at) === 0 && words.compareExchange(at, 0, this.#id) === 0) return true;
      words.pause();
    }
    for (;;) {
      const seen = words.load(at);
      if (seen === 0) {
        // Others may sleep on it still.
        if (words.compareExchange(at, 0, this.#id | AWAITED) === 0) return true;
        continue;
      }
      if (thread.isDead(this.#id)) return false;
      if (this.#outwait(seen, thread.isDead(seen & ID_BITS) ? GRACE : TOO_LONG)) return true;
    }
  }
}
