import { allocateShared } from "../base/shared_memory.ts";
import {
  board,
  deaths,
  isDead,
  joinBoard,
  type Recoverable,
  register,
  self,
} from "./thread_registry.ts";
import { SharedWords } from "./shared_words.ts";

/** What a shared object travels as: its memory, where it is in there, the dead, its options. */
export type Passage = [
  buffer: SharedArrayBuffer,
  offset: number,
  board: SharedArrayBuffer,
  allowBlockingMain: boolean,
];

/**
 * Options of every shared object.
 *
 * @example
 * ```ts
 * import { SharedEvent, type SharedOptions } from "@strand/strand";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * // For a program that is one long computation: it has nothing else to do while it waits.
 * const patient: SharedOptions = { allowBlockingMain: true };
 *
 * const done = new SharedEvent(patient);
 * done.set(); // by a worker, usually
 * assertEquals(done.waitSync(), true);
 * assertThrows(() => new SharedEvent().waitSync(), Error, "would block the main thread");
 * ```
 */
export interface SharedOptions {
  /**
   * Whether the verbs that block (`…Sync`) may be called on the main thread, too, where they freeze
   * the whole program. Default `false`.
   */
  allowBlockingMain?: boolean;
}

/** Where a shared object lives, as seen from this thread. */
export class Home {
  readonly words: SharedWords;
  readonly allowBlockingMain: boolean;
  readonly #buffer: SharedArrayBuffer;
  readonly #offset: number;
  #object: Recoverable | undefined = undefined;
  #crossed = false;
  #onCross: (() => void)[] = [];
  #deaths = 0;

  private constructor(buffer: SharedArrayBuffer, offset: number, size: number, allow: boolean) {
    this.words = new SharedWords(buffer, offset, size);
    this.#buffer = buffer;
    this.#offset = offset;
    this.allowBlockingMain = allow;
  }

  /** Build one of `size` words, in `buffer` if there is one already. */
  static build(
    size: number,
    options: SharedOptions | undefined,
    buffer: SharedArrayBuffer = allocateShared(4 * size),
  ): Home {
    return new Home(buffer, 0, size, options?.allowBlockingMain ?? false);
  }

  /** Find the one that arrived. */
  static arrive([buffer, offset, board, allow]: Passage, size: number): Home {
    joinBoard(board);
    const home = new Home(buffer, offset, size, allow);
    home.#crossed = true;
    return home;
  }

  /** Say who lives here. */
  inhabit(object: Recoverable): void {
    this.#object = object;
    if (this.#crossed) register(object);
  }

  /** Whether other threads know it. As long as none does, nothing but this thread can wake anybody. */
  get crossed(): boolean {
    return this.#crossed;
  }

  /** Have `fn` called before other threads get to know it. */
  onCross(fn: () => void): void {
    if (!this.#crossed) this.#onCross.push(fn);
  }

  /** Pack it for another thread. */
  passage(): Passage {
    if (!this.#crossed) {
      this.#crossed = true;
      register(this.#object!);
      for (const fn of this.#onCross.splice(0)) fn();
    }
    return [this.#buffer, this.#offset, board(), this.allowBlockingMain];
  }

  /** If others have died since this was last asked, take from them what they hold here. */
  readonly recover = (): void => {
    const count = deaths();
    if (count === this.#deaths || isDead(self.id)) return;
    this.#deaths = count;
    this.#object!.recover(isDead);
  };

  /** The same, for a thread that sleeps; it wakes with an error if it was given up for dead itself. */
  readonly impatience = (): void => {
    self.checkAlive();
    this.recover();
  };
}
