import { RobustMutex } from "./robust_mutex.ts";
import type { ThreadIdentity, Words } from "./words.ts";

/** How many words may change in one go. */
const CAPACITY = 16;

// What was noted down by whoever is inside: a thread is inside of one journal at a time.
const targets: number[] = new Array(CAPACITY).fill(0);
const values: number[] = new Array(CAPACITY).fill(0);

/**
 * A mutex under which several words change all together or not at all.
 *
 * Changes are noted down, then written into a journal in the shared memory, then carried out.
 * Whoever finds a dead thread inside reads its journal and, if it is complete, carries it out again.
 */
export class Journal {
  /** How many words it takes. */
  static readonly SIZE: number = RobustMutex.SIZE + 1 + 2 * CAPACITY;

  readonly #words: Words;
  readonly #mutex: RobustMutex;
  readonly #length: number;
  readonly #entries: number;
  #count = 0;

  constructor(words: Words, at: number, thread: ThreadIdentity) {
    this.#words = words;
    this.#mutex = new RobustMutex(words, at, thread, () => this.#replay());
    this.#length = at + RobustMutex.SIZE;
    this.#entries = this.#length + 1;
  }

  /**
   * Go in, do `body`, carry out what it has noted down, and go out.
   *
   * @returns What `body` gives; `undefined`, and nothing was done, if this thread was given up for
   *   dead.
   */
  locked<T>(body: () => T): T | undefined {
    if (!this.#mutex.enter()) return undefined;
    this.#count = 0;
    const result = body();
    this.#commit();
    this.#mutex.exit();
    return result;
  }

  /** The word at `at`, as it will be. */
  get(at: number): number {
    for (let i = this.#count; i-- > 0;) {
      if (targets[i] === at) return values[i]!;
    }
    return this.#words.load(at);
  }

  /** Note down a change. */
  set(at: number, value: number): void {
    targets[this.#count] = at;
    values[this.#count++] = value;
  }

  /** If one of the dead is inside, let it leave or clean up after it. */
  evict(isDead: (id: number) => boolean): void {
    this.#mutex.evict(isDead);
    // Another one may have taken its place, and be about to carry out what it had noted down
    // (model: "semaphore, one of 2 is given up for dead and goes on").
    if (this.#mutex.enter()) this.#mutex.exit();
  }

  #commit(): void {
    const words = this.#words;
    const count = this.#count;
    this.#count = 0;
    if (count > 1) {
      for (let i = 0; i < count; i++) {
        words.put(this.#entries + 2 * i, targets[i]!);
        words.put(this.#entries + 2 * i + 1, values[i]!);
      }
      words.store(this.#length, count);
    }
    for (let i = 0; i < count; i++) words.store(targets[i]!, values[i]!);
    if (count > 1) words.store(this.#length, 0);
  }

  #replay(): void {
    const words = this.#words;
    const count = words.load(this.#length);
    for (let i = 0; i < count; i++) {
      words.store(words.load(this.#entries + 2 * i), words.load(this.#entries + 2 * i + 1));
    }
    words.store(this.#length, 0);
  }
}
