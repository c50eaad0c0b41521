import { type LivenessCheck, SLICE, type Words } from "./words.ts";

/**
 * A flag to wait for. Its word holds the flag in the lowest bit and above it the number of times
 * that it was set, so that one who waits sees that it was set even if it is cleared at once.
 */
export class EventProtocol {
  /** How many words it takes. */
  static readonly SIZE: number = 1;

  readonly #words: Words;
  readonly #at: number;

  constructor(words: Words, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** The word to sleep on; odd if the flag is set. */
  state(): number {
    return this.#words.load(this.#at);
  }

  /** Set the flag and wake everybody. */
  set(): void {
    for (;;) {
      const state = this.state();
      if ((state & 1) === 1) return;
      if (this.#words.compareExchange(this.#at, state, (state + 3) | 0) === state) break;
    }
    this.#words.notify(this.#at, Infinity);
  }

  /** Take the flag back. */
  clear(): void {
    for (;;) {
      const state = this.state();
      if ((state & 1) === 0) return;
      if (this.#words.compareExchange(this.#at, state, state - 1) === state) return;
    }
  }

  /** Sleep until the flag is set; `false` if `until` came first. */
  park(until: number, checkLiveness: LivenessCheck): boolean {
    const state = this.state();
    if ((state & 1) === 1) return true;
    for (;;) {
      const left = until === Infinity ? Infinity : until - this.#words.now();
      if (left <= 0) return this.state() !== state;
      const woken = this.#words.wait(this.#at, state, Math.min(left, SLICE));
      if (this.state() !== state) return true;
      if (woken === "timed-out") checkLiveness();
    }
  }
}
