import { checkOptions } from "../base/validate.ts";
import type { CancelOutcome } from "../core/waiter.ts";
import { type Parcel, parcel, registerSharedType, type Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./blocking.ts";
import { Home, type Passage, type SharedOptions } from "./shared_block.ts";
import { EventProtocol } from "./protocol/event_protocol.ts";
import { WordWait, WordWaits } from "./word_wait.ts";

const KIND = "SharedEvent";

class EventWait extends WordWait<true> {
  readonly #waits: WordWaits<true>;

  constructor(since: number, waits: WordWaits<true>) {
    super(since);
    this.#waits = waits;
    waits.add(this);
  }

  protected override onWithdraw(): CancelOutcome {
    this.#waits.remove(this);
    return "left";
  }

  protected override onResume(): true {
    return true;
  }
}

let arriving: Home | undefined;

/**
 * A flag between threads that can be waited for.
 *
 * - `set` wakes everybody who waits, in all threads; they go on even if it is cleared at once.
 *
 * Passed to a worker, it arrives as the same event.
 *
 * CPython: `multiprocessing.Event`.
 *
 * @example
 * ```ts
 * import { createTask, SharedEvent } from "@strand/strand";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const event = new SharedEvent();
 * const task = createTask(() => event.wait());
 * event.set();
 * assertEquals(await task, true);
 * assert(event.isSet());
 * ```
 */
export class SharedEvent implements Shareable {
  readonly #home: Home;
  readonly #protocol: EventProtocol;
  readonly #waits: WordWaits<true>;

  /**
   * Make an event whose flag is not set.
   *
   * @param options `allowBlockingMain`: also let `waitSync` block the main thread.
   * @throws {TypeError} If `options` is not an object.
   */
  constructor(options?: SharedOptions) {
    checkOptions("create a shared event", options);
    const home = arriving ?? Home.build(EventProtocol.SIZE, options);
    arriving = undefined;
    this.#home = home;
    this.#protocol = new EventProtocol(home.words, 0);
    this.#waits = new WordWaits(home, 0);
    home.inhabit(this);
  }

  /** Set the flag and wake everybody who waits for it. */
  set(): void {
    this.#protocol.set();
    this.#waits.look();
  }

  /** Take the flag back: `wait` waits again. */
  clear(): void {
    this.#protocol.clear();
  }

  /** Whether the flag is set. */
  isSet(): boolean {
    return (this.#protocol.state() & 1) === 1;
  }

  /**
   * Wait until the flag is set. It does not block the thread.
   *
   * When it is set already, there is no wait, and no cancellation point either.
   *
   * @returns `true`, always.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  wait(): Promise<true> {
    const state = this.#protocol.state();
    return (state & 1) === 1 ? Promise.resolve(true) : new EventWait(state, this.#waits).begin();
  }

  /**
   * Block the thread until the flag is set. For workers: a blocked thread runs no tasks and cannot
   * be cancelled.
   *
   * CPython: `Event.wait(timeout)`.
   *
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @returns Whether the flag was set; `false` if the time was over first.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the event was constructed with
   *   `allowBlockingMain`.
   */
  waitSync(timeoutMs?: number): boolean {
    const until = beginBlocking(this.#home, "wait for a shared event", "wait", timeoutMs);
    return this.#protocol.park(until, this.#home.impatience);
  }

  /**
   * Nothing of an event is held.
   * @ignore
   */
  recover(): void {
    // Whoever set it may have died before waking the others.
    this.#home.words.notify(0, Infinity);
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: this.#home.passage() };
  }
}

registerSharedType(KIND, (passage: Passage) => {
  arriving = Home.arrive(passage, EventProtocol.SIZE);
  return new SharedEvent();
});
