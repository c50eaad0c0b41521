import { Guard } from "./robust_mutex.ts";
import type { Party, Words } from "./words.ts";

/** How many words may change in one go. */
const CAPACITY = 16;

// What was noted down by whoever is inside: a thread is inside of one journal at a time.
const places: number[] = new Array(CAPACITY).fill(0);
const values: number[] = new Array(CAPACITY).fill(0);

/**
 * A guard under which several words change all together or not at all.
 *
 * Changes are noted down, then written into a journal in the shared memory, then carried out.
 * Whoever finds a dead thread inside reads its journal and, if it is complete, carries it out again.
 */
export class Journal extends Guard {
  /** How many words it takes. */
  static override readonly SIZE: number = Guard.SIZE + 1 + 2 * CAPACITY;

  readonly #length: number;
  readonly #entries: number;
  #count = 0;

  constructor(words: Words, at: number, party: Party) {
    super(words, at, party);
    this.#length = at + Guard.SIZE;
    this.#entries = this.#length + 1;
  }

  override enter(): void {
    super.enter();
    this.#count = 0;
  }

  /** The word at `at`, as it will be. */
  get(at: number): number {
    for (let i = this.#count; i-- > 0;) {
      if (places[i] === at) return values[i]!;
    }
    return this.words.load(at);
  }

  /** Note down a change. */
  set(at: number, value: number): void {
    places[this.#count] = at;
    values[this.#count++] = value;
  }

  /** Carry out all changes. */
  commit(): void {
    const { words } = this;
    const count = this.#count;
    this.#count = 0;
    if (count > 1) {
      for (let i = 0; i < count; i++) {
        words.put(this.#entries + 2 * i, places[i]!);
        words.put(this.#entries + 2 * i + 1, values[i]!);
      }
      words.store(this.#length, count);
    }
    for (let i = 0; i < count; i++) words.store(places[i]!, values[i]!);
    if (count > 1) words.store(this.#length, 0);
  }

  protected override repair(): void {
    const { words } = this;
    const count = words.load(this.#length);
    for (let i = 0; i < count; i++) {
      words.store(words.load(this.#entries + 2 * i), words.load(this.#entries + 2 * i + 1));
    }
    words.store(this.#length, 0);
  }
}
