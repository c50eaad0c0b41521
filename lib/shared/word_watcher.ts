import { type Polled, startPolling, stopPolling, wokenByItself } from "./poller.ts";
import type { SharedWords } from "./shared_words.ts";

/** Calls `changed` when a word is no longer what it was. */
export class WordWatcher implements Polled {
  readonly #words: SharedWords;
  readonly #at: number;
  readonly #changed: () => void;
  readonly #checkLiveness: () => void;
  #seen = 0;
  #on = false;
  #asleep = false;

  constructor(words: SharedWords, at: number, changed: () => void, checkLiveness: () => void) {
    this.#words = words;
    this.#at = at;
    this.#changed = changed;
    this.#checkLiveness = checkLiveness;
  }

  /** Begin to watch; `seen` is what the word was when it was last looked at. */
  start(seen: number): void {
    this.#seen = seen;
    this.#on = true;
    startPolling(this);
    // Not at once: whoever begins to wait is not ready to be woken before that.
    queueMicrotask(this.#sleep);
  }

  /** Stop to watch. Nothing is left behind. */
  stop(): void {
    if (!this.#on) return;
    this.#on = false;
    stopPolling(this);
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

  checkLiveness(): void {
    this.#checkLiveness();
  }

  readonly #sleep = () => {
    while (this.#on && !this.#asleep && this.#words.canWaitAsync) {
      const sleep = this.#words.waitAsync(this.#at, this.#seen);
      if (sleep.async) {
        this.#asleep = true;
        void sleep.value.then(this.#awake);
      } else this.look();
    }
  };

  readonly #awake = () => {
    this.#asleep = false;
    if (this.look()) wokenByItself();
    this.#sleep();
  };
}
