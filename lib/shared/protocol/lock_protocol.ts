import { WaitQueues } from "./wait_queues.ts";
import { ID_BITS, type LivenessCheck, type ThreadIdentity, type Words } from "./words.ts";

/** Somebody stands in the queue: whoever holds the lock has to hand it over. */
const AWAITED = 2 ** 30;
/** Its last holder died. With it, an id is that of the next one, which has not been told yet. */
const ABANDONED = -(2 ** 31);

const QUEUE = 0;

/** What an attempt to take a lock or permit that may have to wait ended with: a slot, or … */
export type Slot = number;

/** … that it is held now, … */
export const TAKEN = -1;
/** … or that there is no slot to wait in: come again. */
export const CROWDED = 0;

/** {@linkcode LockProtocol.release}: it was not held, or not by whom it should be. */
export const NOT_HELD = -1;

/**
 * A fair lock. Its word is 0 when it is free, or says who holds it; it is never free while somebody
 * stands in the queue, so that taking a free one and releasing one nobody waits for is one operation.
 *
 * A thread that was declared dead and goes on changes nothing: what it does outside of `locked` is
 * a compare-and-set under its own id, which fails once the lock was taken from it.
 */
export class LockProtocol {
  /** Where its queue begins. */
  static readonly QUEUES: number = 3;
  /** How many words it takes. */
  static readonly SIZE: number = LockProtocol.QUEUES + WaitQueues.size(1);

  readonly queues: WaitQueues;
  readonly #words: Words;
  readonly #thread: ThreadIdentity;
  readonly #id: number;
  readonly #word: number;
  readonly #turn: number;
  readonly #turns: number;

  constructor(words: Words, at: number, thread: ThreadIdentity, slots?: number) {
    this.#words = words;
    this.#thread = thread;
    this.#id = thread.id;
    this.#word = at;
    this.#turn = at + 1;
    this.#turns = at + 2;
    this.queues = new WaitQueues(words, at + LockProtocol.QUEUES, thread, 1, slots);
  }

  /** Which hold this is: each has a number of its own. */
  turn(): number {
    return this.#words.load(this.#turn);
  }

  /** Let the hold that this thread has go for an earlier one, which it interrupted. */
  resumeTurn(turn: number): void {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#turn);
      // In this order: whoever gets it after us makes it a turn of its own.
      if (!this.mine()) return;
      if (words.compareExchange(this.#turn, seen, turn) === seen) return;
    }
  }

  /** Whether it is held. */
  locked(): boolean {
    return (this.#words.load(this.#word) & ID_BITS) !== 0;
  }

  /** Whether this thread holds it. */
  mine(): boolean {
    return (this.#words.load(this.#word) & ID_BITS) === this.#id;
  }

  /** Take it if it is free. */
  tryTake(): boolean {
    const thread = this.#thread;
    for (;;) {
      if (this.#take()) {
        if (!thread.isDead(this.#id)) return true;
        // Those who look for what the dead hold may have been here before. One that stops at this
        // point is found by who comes next, or by the liveness check of who waits.
        this.#giveBack();
        break;
      }
      const holder = this.#words.load(this.#word) & ID_BITS;
      if (holder === 0 || !thread.isDead(holder)) return false;
      if (this.#takeFrom(holder) === undefined) break;
    }
    thread.checkAlive();
    return false;
  }

  /** Take it if it is free, else stand in the queue; `mine` as for {@linkcode WaitQueues.enqueue}. */
  takeOrJoin(mine: number): Slot {
    for (;;) {
      let dead = 0;
      const slot = this.queues.locked(() => {
        for (;;) {
          if (this.#take()) return TAKEN;
          // From here on the holder cannot release it without coming inside.
          const holder = this.#pin() & ID_BITS;
          if (holder === 0) continue;
          if (!this.#thread.isDead(holder)) return this.queues.enqueue(QUEUE, mine);
          dead = holder;
          return CROWDED;
        }
      });
      if (slot === undefined) {
        this.#thread.checkAlive();
        return CROWDED;
      }
      if (dead === 0) return slot;
      this.#takeFrom(dead);
    }
  }

  /**
   * Release it, and hand it to the first in the queue.
   *
   * @param turn Only if it is still held as at that turn, by this thread.
   * @returns The slot that was woken, 0 if nobody waited, or `NOT_HELD`.
   */
  release(turn?: number): number {
    const words = this.#words;
    const id = this.#id;
    if (turn !== undefined && words.load(this.#turn) !== turn) return NOT_HELD;
    const seen = words.compareExchange(this.#word, id, 0);
    if (seen === id) return 0;
    if ((seen & ID_BITS) === 0) return NOT_HELD;
    return this.#handOver(false, (holder) => {
      return turn === undefined || (holder === id && words.load(this.#turn) === turn);
    }) ?? NOT_HELD;
  }

  /** Whether the last holder died. Its next holder asks once; if it does not, the one after it. */
  abandoned(): boolean {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#word);
      // The notice is for who holds it now, which is not one whom it was taken from.
      if (seen >= 0 || (seen & ID_BITS) !== this.#id) return false;
      if (words.compareExchange(this.#word, seen, seen & ~ABANDONED) === seen) return true;
    }
  }

  /** Leave the notice of a death, which `abandoned` gave, to the next holder. */
  leaveNotice(): void {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#word);
      if (seen < 0 || (seen & ID_BITS) !== this.#id) return;
      if (words.compareExchange(this.#word, seen, seen | ABANDONED) === seen) return;
    }
  }

  /** Sleep in a slot; `false` if `until` came first. */
  park(slot: Slot, until: number, checkLiveness: LivenessCheck): boolean {
    return this.queues.park(slot, until, checkLiveness);
  }

  /** Take the dead out of the queue, and the lock from them. */
  recover(isDead: (id: number) => boolean): void {
    this.queues.recover(isDead, 0);
    for (;;) {
      const holder = this.#words.load(this.#word) & ID_BITS;
      if (holder === 0 || !isDead(holder)) return;
      if (this.#takeFrom(holder) === undefined) return;
    }
  }

  #take(): boolean {
    const words = this.#words;
    const id = this.#id;
    const before = words.load(this.#turn);
    let seen = words.compareExchange(this.#word, 0, id);
    if (seen === ABANDONED) {
      seen = words.compareExchange(this.#word, ABANDONED, id | ABANDONED) === ABANDONED ? 0 : seen;
    }
    if (seen !== 0) return false;
    const turn = (words.add(this.#turns, 1) + 1) | 0;
    // Somebody has held it in between, or has it now from one that was given up for dead.
    if (words.compareExchange(this.#turn, before, turn) !== before) this.resumeTurn(turn);
    return true;
  }

  /** Give back what was never used. */
  #giveBack(): void {
    const words = this.#words;
    const id = this.#id;
    if (words.compareExchange(this.#word, id, 0) !== id) {
      words.compareExchange(this.#word, id | ABANDONED, ABANDONED);
    }
  }

  /** Take it from a thread that is dead. `undefined` if this one is, too. */
  #takeFrom(dead: number): number | undefined {
    return this.#handOver(true, (holder) => holder === dead);
  }

  #handOver(abandoned: boolean, mayRelease: (holder: number) => boolean): number | undefined {
    const words = this.#words;
    const { queues } = this;
    const slot = queues.locked(() => {
      const seen = this.#pin();
      const holder = seen & ID_BITS;
      if (holder === 0 || !mayRelease(holder)) return NOT_HELD;
      // Who gives it back without having asked leaves the notice to the next.
      const flag = abandoned ? ABANDONED : seen & ABANDONED;
      const slot = queues.first(QUEUE);
      if (slot === 0) {
        queues.set(this.#word, flag);
        return slot;
      }
      // Even if it was the last in the queue. Were its release to go by without coming inside, then
      // what is left to do here, should this thread die now, would be done when the lock has moved
      // on.
      queues.set(this.#word, queues.owner(slot) | AWAITED | flag);
      const turn = (words.load(this.#turns) + 1) | 0;
      queues.set(this.#turns, turn);
      queues.set(this.#turn, turn);
      return queues.wakeOne(QUEUE);
    });
    if (slot !== undefined && slot > 0) queues.notify(slot);
    return slot;
  }

  /** Keep the holder from releasing it behind our back. Gives the word. */
  #pin(): number {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#word);
      if ((seen & ID_BITS) === 0 || (seen & AWAITED) !== 0) return seen;
      const pinned = seen | AWAITED;
      if (words.compareExchange(this.#word, seen, pinned) === seen) return pinned;
    }
  }
}
