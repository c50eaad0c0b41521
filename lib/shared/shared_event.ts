import type { WaitSubject } from "../core/wait_subject.ts";
import { inspect } from "../base/inspect.ts";
import { type CancelOutcome, noWait } from "../core/waiter.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import { EventProtocol } from "./protocol/event_protocol.ts";
import { WordWait, WordWaits } from "./word_wait.ts";

const KIND = "SharedEvent";

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
export class SharedEvent extends Shareable {
  readonly #block: SharedBlock;
  readonly #protocol: EventProtocol;
  readonly #waits: WordWaits<true>;

  static #Wait = class extends WordWait<true> {
    readonly #event: SharedEvent;

    constructor(event: SharedEvent, since: number) {
      super(since);
      this.#event = event;
      event.#waits.add(this);
    }

    override describe(): WaitSubject {
      return { kind: "SharedEvent" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#event.#waits.remove(this);
      return "left";
    }

    protected override onResume(): true {
      return true;
    }
  };

  /**
   * Make an event whose flag is not set.
   *
   * @param options `allowBlockingMain`: also let `waitSync` block the main thread.
   * @throws {TypeError} If `options` is not an object.
   */
  constructor(options?: SharedOptions) {
    super();
    checkSharedOptions("create a shared event", options);
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(EventProtocol.SIZE, options);
    this.#block = block;
    this.#protocol = new EventProtocol(block.words, 0);
    this.#waits = new WordWaits(block, 0);
    // Nothing of an event is held; but whoever set it may have died before waking the others.
    block.attach(() => block.words.notify(0, Infinity));
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

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedEvent [${this.isSet() ? "set" : "unset"}]`;
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
    return (state & 1) === 1 ? noWait<true>(true) : new SharedEvent.#Wait(this, state).begin();
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
    const until = beginBlocking(this.#block, "wait for a shared event", "wait", timeoutMs);
    return this.#protocol.park(until, this.#block.checkLiveness);
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: this.#block.handle() };
  }
}

registerSharedType(KIND, (handle: SharedHandle) => {
  return new SharedEvent(SharedBlock.open(handle, EventProtocol.SIZE));
});
