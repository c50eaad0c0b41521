import { Holders } from "./holders.ts";
import { type Slot, TAKEN } from "./lock_protocol.ts";
import { WaitQueues } from "./wait_queues.ts";
import type { LivenessCheck, ThreadIdentity, Words } from "./words.ts";

const QUEUE = 0;

/** {@linkcode SemaphoreProtocol.release}: there are as many permits as there may be. */
export const TOO_MANY = -1;
/** {@linkcode SemaphoreProtocol.release}: this thread was given up for dead. */
export const REFUSED = -2;

/** A fair counter of permits. None is left over while somebody stands in the queue. */
export class SemaphoreProtocol {
  /** Where its queue begins. */
  static readonly QUEUES: number = 2 + Holders.SIZE;
  /** How many words it takes. */
  static readonly SIZE: number = SemaphoreProtocol.QUEUES + WaitQueues.size(1);

  readonly queues: WaitQueues;
  readonly #words: Words;
  readonly #thread: ThreadIdentity;
  readonly #value: number;
  /** How many permits came back from the dead of which nobody has been told. */
  readonly #pendingNotices: number;
  readonly #holders: Holders;

  constructor(words: Words, at: number, thread: ThreadIdentity, slots?: number) {
    this.#words = words;
    this.#thread = thread;
    this.#value = at;
    this.#pendingNotices = at + 1;
    this.queues = new WaitQueues(words, at + SemaphoreProtocol.QUEUES, thread, 1, slots);
    this.#holders = new Holders(words, at + 2, this.queues);
  }

  /** Make it a semaphore of `value` permits, before anybody else knows it. */
  initialize(value: number): void {
    this.#words.store(this.#value, value);
  }

  /** How many permits are left. */
  value(): number {
    return this.#words.load(this.#value);
  }

  /** Take a permit if one is left. */
  tryTake(): boolean {
    if (this.value() === 0) return false;
    return this.queues.locked(() => this.#take()) ?? this.#refused(false);
  }

  /**
   * Take a permit if one is left, else stand in the queue; `mine` as for
   * {@linkcode WaitQueues.enqueue}.
   */
  takeOrJoin(mine: number): Slot {
    const { queues } = this;
    const slot = queues.locked(() => this.#take() ? TAKEN : queues.enqueue(QUEUE, mine));
    return slot ?? this.#refused(0);
  }

  /**
   * Give back a permit, or add one.
   *
   * @param most The highest value that there may be.
   * @returns The slot that was woken, 0 if nobody waited, or `TOO_MANY` or `REFUSED`.
   */
  release(most: number): number {
    return this.#release(this.#thread.id, most);
  }

  /** Whether a permit came back from the dead. Who takes one asks once. */
  abandoned(): boolean {
    if (this.#words.load(this.#pendingNotices) === 0) return false;
    // Not by a plain count: one whose permit went on to another would take the notice of that one.
    return this.queues.locked(() => {
      const pending = this.queues.get(this.#pendingNotices);
      if (pending > 0) this.queues.set(this.#pendingNotices, pending - 1);
      return pending > 0;
    }) ?? false;
  }

  /** Sleep in a slot; `false` if `until` came first. */
  park(slot: Slot, until: number, checkLiveness: LivenessCheck): boolean {
    return this.queues.park(slot, until, checkLiveness);
  }

  /** Take the dead out of the queue, and give back what they held. */
  recover(isDead: (id: number) => boolean): void {
    this.queues.recover(isDead, 0);
    for (;;) {
      const dead = this.#holders.findDead(isDead);
      if (dead === 0 || this.#release(dead, Infinity, true) === REFUSED) return;
    }
  }

  /** This thread was given up for dead. */
  #refused<T>(result: T): T {
    this.#thread.checkAlive();
    return result;
  }

  #take(): boolean {
    const value = this.#words.load(this.#value);
    if (value === 0) return false;
    this.queues.set(this.#value, value - 1);
    this.#holders.add(this.#thread.id);
    return true;
  }

  #release(holder: number, most: number, dead = false): number {
    const { queues } = this;
    const slot = queues.locked(() => {
      const value = this.#words.load(this.#value);
      if (value >= most) return TOO_MANY;
      if (dead) {
        if (!this.#holders.has(holder)) return 0;
        queues.set(this.#pendingNotices, queues.get(this.#pendingNotices) + 1);
      }
      this.#holders.remove(holder);
      const slot = queues.first(QUEUE);
      if (slot === 0) {
        queues.set(this.#value, value + 1);
        return 0;
      }
      this.#holders.add(queues.owner(slot));
      return queues.wakeOne(QUEUE);
    }) ?? REFUSED;
    if (slot > 0) queues.notify(slot);
    return slot;
  }
}
