import type { Words } from "./words.ts";

/** After so many looks in vain, one after the other, to look is no use … */
const IN_VAIN = 3;
/** … and is tried again only one time in so many. */
const SELDOM = 32;

/**
 * Looks at a word for about a fifth of the time that a sleep and its end take, before one goes to
 * sleep on it: where two threads on two processors take turns quickly, none of them has to sleep.
 *
 * Where it does not help, since they share a processor or the turns are long, it is given up.
 */
export class AdaptiveSpin {
  readonly #words: Words;
  #vain = 0;

  constructor(words: Words) {
    this.#words = words;
  }

  /** Look until the word is no longer `expected`, for a while. */
  look(at: number, expected: number): void {
    const words = this.#words;
    if (this.#vain >= IN_VAIN && this.#vain++ % SELDOM !== 0) return;
    for (let left = words.spinLimit; left > 0; left--) {
      if (words.load(at) !== expected) {
        this.#vain = 0;
        return;
      }
      words.pause();
    }
    if (this.#vain < IN_VAIN) this.#vain++;
  }
}
