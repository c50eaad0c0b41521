import { heard, holdFor, letGo, type Pulsed } from "./poller.ts";
import type { SharedWords } from "./shared_words.ts";

/** Calls `changed` when a word is no longer what it was. */
export class Watch implements Pulsed {
  readonly #words: SharedWords;
  readonly #at: number;
  readonly #changed: () => void;
  readonly #impatience: () => void;
  #seen = 0;
  #on = false;
  #asleep = false;

  constructor(words: SharedWords, at: number, changed: () => void, impatience: () => void) {
    this.#words = words;
    this.#at = at;
    this.#changed = changed;
    this.#impatience = impatience;
  }

  /** Begin to watch; `seen` is what the word was when it was last looked at. */
  start(seen: number): void {
    this.#seen = seen;
    this.#on = true;
    holdFor(this);
    // Not at once: whoever begins to wait is not ready to be woken before that.
    queueMicrotask(this.#sleep);
  }

  /** Stop to watch. Nothing is left behind. */
  stop(): void {
    if (!this.#on) return;
    this.#on = false;
    letGo(this);
    // A sleep cannot be called off, but ended. Others who sleep on the word look and sleep again.
    if (this.#asleep) this.#words.notify(this.#at, Infinity);
  }

  look(): boolean {
    const value = this.#words.load(this.#at);
    if (!this.#on || value === this.#seen) return false;
    this.#seen = value;
    this.#changed();
    return true;
  }

  impatience(): void {
    this.#impatience();
  }

  readonly #sleep = () => {
    while (this.#on && !this.#asleep) {
      const sleep = this.#words.waitAsync(this.#at, this.#seen);
      if (sleep.async) {
        this.#asleep = true;
        void sleep.value.then(this.#awake);
      } else this.look();
    }
  };

  readonly #awake = () => {
    this.#asleep = false;
    if (this.look()) heard();
    this.#sleep();
  };
}
