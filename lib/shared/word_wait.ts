import { WaitQueue } from "../base/slot_queue.ts";
import { Waiter } from "../core/waiter.ts";
import type { Home } from "./shared_block.ts";
import { Watch } from "./word_watcher.ts";

/** An asynchronous wait until a word is no longer `since`. */
export abstract class WordWait<T> extends Waiter<T, void> {
  readonly since: number;

  constructor(since: number) {
    super();
    this.since = since;
  }
}

/** The asynchronous waits of this thread for changes of one word of a shared object. */
export class WordWaits<T> {
  readonly #home: Home;
  readonly #at: number;
  readonly #waits: WaitQueue<WordWait<T>> = new WaitQueue();
  #watch: Watch | undefined = undefined;

  constructor(home: Home, at: number) {
    this.#home = home;
    this.#at = at;
    home.onCross(() => this.#begin());
  }

  /** Wait along. */
  add(wait: WordWait<T>): void {
    this.#waits.append(wait);
    if (this.#watch === undefined && this.#home.crossed) this.#begin();
  }

  /** Take a wait out. */
  remove(wait: WordWait<T>): void {
    this.#waits.remove(wait);
    this.#end();
  }

  /** Wake those for whom the word has changed. For a change by this thread: it hears no bell. */
  look(): void {
    const value = this.#home.words.load(this.#at);
    // Those who came since the last change, if any, stand behind the others.
    for (let first = this.#waits.first; first !== undefined; first = this.#waits.first) {
      if (first.since === value) break;
      this.#waits.remove(first);
      first.wake();
    }
    this.#end();
  }

  #begin(): void {
    const last = this.#waits.first;
    if (last === undefined) return;
    this.#watch = new Watch(
      this.#home.words,
      this.#at,
      () => this.look(),
      this.#home.recover,
    );
    this.#watch.start(last.since);
  }

  #end(): void {
    if (this.#waits.size > 0) return;
    this.#watch?.stop();
    this.#watch = undefined;
  }
}
