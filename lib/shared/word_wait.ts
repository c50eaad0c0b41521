import { WaitQueue } from "../base/slot_queue.ts";
import { Waiter } from "../core/waiter.ts";
import type { SharedBlock } from "./shared_block.ts";
import { WordWatcher } from "./word_watcher.ts";

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
  readonly #block: SharedBlock;
  readonly #at: number;
  readonly #waits: WaitQueue<WordWait<T>> = new WaitQueue();
  #watcher: WordWatcher | undefined = undefined;

  constructor(block: SharedBlock, at: number) {
    this.#block = block;
    this.#at = at;
    block.onFirstShare(() => this.#begin());
  }

  /** Wait along. */
  add(wait: WordWait<T>): void {
    this.#waits.append(wait);
    if (this.#watcher === undefined && this.#block.isShared) this.#begin();
  }

  /** Take a wait out. */
  remove(wait: WordWait<T>): void {
    this.#waits.remove(wait);
    this.#end();
  }

  /** Wake those for whom the word has changed. For a change by this thread: it does not hear of it. */
  look(): void {
    const value = this.#block.words.load(this.#at);
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
    this.#watcher = new WordWatcher(
      this.#block.words,
      this.#at,
      () => this.look(),
      this.#block.recoverIfNeeded,
    );
    this.#watcher.start(last.since);
  }

  #end(): void {
    if (this.#waits.size > 0) return;
    this.#watcher?.stop();
    this.#watcher = undefined;
  }
}
