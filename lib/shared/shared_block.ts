import { allocateShared, isSharedMemory } from "../base/shared_memory.ts";
import { now } from "../base/clock.ts";
import { checkOptions, show } from "../base/validate.ts";
import { SharedWords } from "./shared_words.ts";
import {
  deathLog,
  deaths,
  isDead,
  joinDeathLog,
  type Recoverable,
  register,
  self,
} from "./thread_registry.ts";

/** After how many milliseconds to look again for what the dead hold. */
const AGAIN = 1_000;

/** What a shared object travels as: its memory, where it is in there, the dead, its options. */
export type SharedHandle = [
  buffer: SharedArrayBuffer,
  offset: number,
  deathLog: SharedArrayBuffer,
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

/** Refuse options of a shared object that has no more of them than these. */
export function checkSharedOptions(what: string, options: unknown): void {
  if (!(options instanceof SharedBlock)) checkOptions(what, options, ["allowBlockingMain"]);
}

/**
 * A block of shared memory in which an object lives, as this thread sees it.
 *
 * It stands in for the options of an object that is made on a block that is there already.
 */
export class SharedBlock implements Recoverable {
  readonly words: SharedWords;
  readonly buffer: SharedArrayBuffer;
  readonly allowBlockingMain: boolean;
  readonly #offset: number;
  #isShared = false;
  #recover: (isDead: (id: number) => boolean) => void = () => {};
  #onFirstShare: (() => void)[] = [];
  #deaths = 0;
  #recoveredAt = -Infinity;

  private constructor(buffer: SharedArrayBuffer, offset: number, size: number, allow: boolean) {
    this.words = new SharedWords(buffer, offset, size);
    this.buffer = buffer;
    this.#offset = offset;
    this.allowBlockingMain = allow;
  }

  /** Make one of `size` words, at the start of `buffer` if there is one already. */
  static create(
    size: number,
    options: SharedOptions | undefined,
    buffer: SharedArrayBuffer = allocateShared(4 * size),
  ): SharedBlock {
    return new SharedBlock(buffer, 0, size, options?.allowBlockingMain ?? false);
  }

  /** Open the one that another thread has sent. */
  static open([buffer, offset, log, allow]: SharedHandle, size: number): SharedBlock {
    if (!isSharedMemory(buffer)) {
      throw new TypeError(`Cannot open a shared object: its memory is ${show(buffer)}`);
    }
    joinDeathLog(log);
    const block = new SharedBlock(buffer, offset, size, allow);
    block.#isShared = true;
    return block;
  }

  /** Say how what lives here is freed from the dead. */
  attach(recover: (isDead: (id: number) => boolean) => void): void {
    this.#recover = recover;
    if (this.#isShared) register(this);
  }

  /** Whether other threads know it. As long as none does, nothing but this thread can wake anybody. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** Have `fn` called before other threads get to know it. */
  onFirstShare(fn: () => void): void {
    if (!this.#isShared) this.#onFirstShare.push(fn);
  }

  /** What another thread opens it by. */
  handle(): SharedHandle {
    if (!this.#isShared) {
      this.#isShared = true;
      register(this);
      for (const fn of this.#onFirstShare.splice(0)) fn();
    }
    return [this.buffer, this.#offset, deathLog(), this.allowBlockingMain];
  }

  recover(isDead: (id: number) => boolean): void {
    this.#recover(isDead);
  }

  /**
   * The same if others have died since this was last asked, and now and then in any case: a thread
   * that was declared dead may have taken something after that, and stopped only then
   * (tests/model/dead_thread_test.ts).
   */
  readonly recoverIfNeeded = (): void => {
    const count = deaths();
    if (count === 0 || isDead(self.id)) return;
    const time = now();
    if (count === this.#deaths && time - this.#recoveredAt < AGAIN) return;
    this.#deaths = count;
    this.#recoveredAt = time;
    this.recover(isDead);
  };

  /** The same, for a thread that sleeps; it wakes with an error if it was given up for dead itself. */
  readonly checkLiveness = (): void => {
    self.checkAlive();
    this.recoverIfNeeded();
  };
}
