import type { WaitQueues } from "./wait_queues.ts";
import type { Words } from "./words.ts";

const ENTRIES = 32;

/**
 * How many permits each thread holds, so that they can be given back when one dies.
 *
 * 32 threads have an entry at a time; what further ones hold is not noted. An entry is a thread and
 * a count, and may be given to another thread when the count is 0. All but `findDead` has to be
 * called within `locked` of the queues.
 */
export class Holders {
  /** How many words it takes. */
  static readonly SIZE: number = 2 * ENTRIES;

  readonly #words: Words;
  readonly #at: number;
  readonly #end: number;
  readonly #queues: WaitQueues;
  /** Where the entries of threads were found last. */
  readonly #known = new Map<number, number>();

  constructor(words: Words, at: number, queues: WaitQueues) {
    this.#words = words;
    this.#at = at;
    this.#end = at + Holders.SIZE;
    this.#queues = queues;
  }

  /** Note that `owner` holds one more. */
  add(owner: number): void {
    const queues = this.#queues;
    const at = this.#find(owner);
    if (at !== 0) return queues.set(at + 1, queues.get(at + 1) + 1);
    for (let free = this.#at; free < this.#end; free += 2) {
      if (queues.get(free + 1) !== 0) continue;
      queues.set(free, owner);
      return queues.set(free + 1, 1);
    }
  }

  /**
   * Note that one less is held: by `owner`, or else by somebody, since what one thread took another
   * may give back.
   */
  remove(owner: number): void {
    const queues = this.#queues;
    let at = this.#find(owner);
    if (at === 0 || queues.get(at + 1) === 0) {
      at = this.#at;
      while (at < this.#end && queues.get(at + 1) === 0) at += 2;
      if (at === this.#end) return;
    }
    queues.set(at + 1, queues.get(at + 1) - 1);
  }

  /** Whether `owner` holds any. */
  has(owner: number): boolean {
    const at = this.#find(owner);
    return at !== 0 && this.#queues.get(at + 1) !== 0;
  }

  /** One of the holders that are dead, or 0. */
  findDead(isDead: (id: number) => boolean): number {
    for (let at = this.#at; at < this.#end; at += 2) {
      if (this.#words.load(at + 1) === 0) continue;
      const owner = this.#words.load(at);
      if (owner !== 0 && isDead(owner)) return owner;
    }
    return 0;
  }

  #find(owner: number): number {
    const known = this.#known.get(owner);
    if (known !== undefined && this.#queues.get(known) === owner) return known;
    for (let at = this.#at; at < this.#end; at += 2) {
      if (this.#queues.get(at) !== owner) continue;
      // Threads come and go.
      if (this.#known.size > ENTRIES) this.#known.clear();
      this.#known.set(owner, at);
      return at;
    }
    return 0;
  }
}
