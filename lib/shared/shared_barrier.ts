import type { WaitSubject } from "../core/wait_subject.ts";
import { inspect } from "../base/inspect.ts";
import { BrokenBarrierError } from "../errors.ts";
import { checkInteger } from "../base/validate.ts";
import { type CancelOutcome, noWait } from "../core/waiter.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import { self } from "./thread_registry.ts";
import {
  type BarrierArrival,
  BarrierProtocol,
  type RoundEnd,
} from "./protocol/barrier_protocol.ts";
import { WordWait, WordWaits } from "./word_wait.ts";

const KIND = "SharedBarrier";

/**
 * A place where a fixed number of threads and tasks wait for each other, again and again.
 *
 * - Whoever is cancelled while waiting is no longer counted.
 * - If a worker of a pool, or a `Thread`, dies while waiting, the barrier is broken.
 *
 * Passed to a worker, it arrives as the same barrier.
 *
 * CPython: `multiprocessing.Barrier`.
 *
 * @example
 * ```ts
 * import { gather, SharedBarrier } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new SharedBarrier(2);
 * assertEquals(await gather(() => barrier.wait(), () => barrier.wait()), [0, 1]);
 * ```
 */
export class SharedBarrier extends Shareable {
  readonly #block: SharedBlock;
  readonly #protocol: BarrierProtocol;
  readonly #parties: number;
  readonly #waits: WordWaits<number>;

  static #Round = class extends WordWait<number> {
    readonly #barrier: SharedBarrier;
    readonly #index: number;

    constructor(barrier: SharedBarrier, { round, index }: BarrierArrival) {
      super(round);
      this.#barrier = barrier;
      this.#index = index;
      barrier.#waits.add(this);
    }

    override describe(): WaitSubject {
      return { kind: "SharedBarrier" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#barrier.#waits.remove(this);
      this.#barrier.#protocol.leave(this.since);
      return "left";
    }

    protected override onResume(): number {
      return this.#barrier.#pass(this.#index, this.#barrier.#protocol.end(this.since));
    }
  };

  /**
   * Make a barrier.
   *
   * @param parties How many have to arrive.
   * @param options `allowBlockingMain`: also let `waitSync` block the main thread.
   * @throws {TypeError} If `parties` is not a number, or `options` not an object.
   * @throws {RangeError} If `parties` is not a positive integer.
   */
  constructor(parties: number, options?: SharedOptions) {
    super();
    checkInteger("create a shared barrier", "parties", parties, 1);
    checkSharedOptions("create a shared barrier", options);
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(BarrierProtocol.SIZE, options);
    this.#block = block;
    this.#parties = parties;
    this.#protocol = new BarrierProtocol(block.words, 0, self);
    this.#waits = new WordWaits(block, 0);
    block.attach((isDead) => {
      this.#protocol.recover(isDead);
      this.#waits.look();
    });
  }

  /**
   * Wait until all have arrived. It does not block the thread.
   *
   * For the last one there is no wait, and no cancellation point either.
   *
   * @returns A number from 0 to `parties - 1`, another one for each: the order of arrival.
   * @throws {BrokenBarrierError} (as a rejection) If the barrier is broken, or is aborted or reset
   *   while waiting.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  wait(): Promise<number> {
    try {
      const arrival = this.#arrive();
      if (arrival.last) return noWait(arrival.index);
      return new SharedBarrier.#Round(this, arrival).begin();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Block the thread until all have arrived. For workers: a blocked thread runs no tasks and cannot
   * be cancelled.
   *
   * CPython: `Barrier.wait(timeout)`.
   *
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default. When the time is
   *   over, the barrier breaks.
   * @returns A number from 0 to `parties - 1`, another one for each: the order of arrival.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the barrier was constructed
   *   with `allowBlockingMain`.
   * @throws {BrokenBarrierError} If the barrier is broken, or is aborted or reset while waiting, or
   *   the time was over first.
   */
  waitSync(timeoutMs?: number): number {
    const until = beginBlocking(this.#block, "wait at a shared barrier", "wait", timeoutMs);
    const protocol = this.#protocol;
    const { index, round, last } = this.#arrive();
    if (last) return index;
    const end = protocol.park(round, until, this.#block.checkLiveness);
    if (end !== undefined) return this.#pass(index, end);
    // All may have arrived in the last moment.
    if (!protocol.leave(round)) return this.#pass(index, protocol.end(round));
    this.abortSync();
    throw new BrokenBarrierError("The barrier is broken: the time was over");
  }

  /**
   * Make the barrier as new. Whoever waits at it hears `BrokenBarrierError`.
   *
   * @returns At once.
   */
  reset(): Promise<void> {
    return attempt(() => this.resetSync());
  }

  /** Make the barrier as new, as `reset`. It does not block, and may be called on any thread. */
  resetSync(): void {
    this.#protocol.reset();
    this.#waits.look();
  }

  /**
   * Break the barrier: whoever waits at it, or comes to it from now on, hears
   * `BrokenBarrierError`. `reset` mends it.
   *
   * @returns At once.
   */
  abort(): Promise<void> {
    return attempt(() => this.abortSync());
  }

  /** Break the barrier, as `abort`. It does not block, and may be called on any thread. */
  abortSync(): void {
    this.#protocol.abort();
    this.#waits.look();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedBarrier [${this.broken ? "broken" : `${this.nWaiting}/${this.parties} waiting`}]`;
  }

  /** How many have to arrive. */
  get parties(): number {
    return this.#parties;
  }

  /** How many are waiting for the others to arrive. CPython: `n_waiting`. */
  get nWaiting(): number {
    return this.#protocol.count();
  }

  /** Whether it was aborted, and not reset since. */
  get broken(): boolean {
    return this.#protocol.broken();
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: [this.#block.handle(), this.#parties] };
  }

  #arrive(): BarrierArrival {
    const arrival = this.#protocol.arrive(this.#parties);
    if (arrival === undefined) throw new BrokenBarrierError("The barrier is broken");
    if (arrival.last) this.#waits.look();
    return arrival;
  }

  #pass(index: number, end: RoundEnd | undefined): number {
    if (end === "passed") return index;
    throw new BrokenBarrierError("The barrier was aborted or reset, or a worker died at it");
  }
}

function attempt(fn: () => void): Promise<void> {
  try {
    return noWait(fn());
  } catch (error) {
    return Promise.reject(error);
  }
}

registerSharedType(KIND, ([handle, parties]: [SharedHandle, number]) => {
  return new SharedBarrier(parties, SharedBlock.open(handle, BarrierProtocol.SIZE));
});
