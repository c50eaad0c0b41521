import { AdaptiveSpin } from "./adaptive_spin.ts";
import { Journal } from "./journal.ts";
import { type LivenessCheck, SLICE, type ThreadIdentity, type Words } from "./words.ts";

// A slot: who stands there (0: free), how many waits it stands for, how many waits were woken there
// so far, how many of those are over, which queue it is in, and who comes next.
const OWNER = 0;
const COUNT = 1;
const WOKEN = 2;
const OVER = 3;
const QUEUE = 4;
const NEXT = 5;
const SLOT_SIZE = 6;

/** How many slots there are for all queues of an object. */
export const SLOTS = 64;

// A queue: its first and its last slot, 0 if it is empty.
const LAST = 1;
const QUEUE_SIZE = 2;

/**
 * Queues in which threads wait, first come, first served, sleeping and asynchronous ones mixed.
 *
 * There are 64 slots. A slot is taken by one sleeping thread, or by any number of asynchronous waits
 * of one thread that came one after the other. While more than half of the slots are taken, a thread
 * that has a slot already adds its asynchronous waits to that one, so that order between threads is
 * no longer exact; who finds no slot at all has to come again.
 *
 * `WOKEN` and `OVER` are never set back, not even when a slot changes hands: one that was given up
 * for dead, and writes down late what it has finished there, then finds another number than the one
 * it expects (tests/model/dead_thread_test.ts).
 *
 * What says so has to be called within `locked`.
 */
export class WaitQueues {
  readonly #words: Words;
  readonly #thread: ThreadIdentity;
  readonly #journal: Journal;
  readonly #queues: number;
  readonly #slots: number;
  readonly #count: number;
  readonly #spin: AdaptiveSpin;
  #hint = 0;
  /** What `park` had seen at the slot where it slept last, before it was woken. */
  #parkedAt = 0;

  /** How many words `queues` queues take. */
  static size(queues: number): number {
    return Journal.SIZE + queues * QUEUE_SIZE + SLOTS * SLOT_SIZE;
  }

  constructor(
    words: Words,
    at: number,
    thread: ThreadIdentity,
    queues: number,
    slots: number = SLOTS,
  ) {
    this.#words = words;
    this.#thread = thread;
    this.#journal = new Journal(words, at, thread);
    this.#count = slots;
    this.#spin = new AdaptiveSpin(words);
    this.#queues = at + Journal.SIZE;
    this.#slots = this.#queues + queues * QUEUE_SIZE;
  }

  /** {@linkcode Journal.locked}: alone with the queues, and with what `set` is to change. */
  locked<T>(body: () => T): T | undefined {
    return this.#journal.locked(body);
  }

  /** Have a word changed together with the queues. Within `locked`. */
  set(at: number, value: number): void {
    this.#journal.set(at, value);
  }

  /** A word as it will be. Within `locked`. */
  get(at: number): number {
    return this.#journal.get(at);
  }

  /** The first slot in a queue, or 0. */
  first(queue: number): number {
    return this.#journal.get(this.#queues + queue * QUEUE_SIZE);
  }

  /** Whose slot it is. */
  owner(slot: number): number {
    return this.#words.load(slot + OWNER);
  }

  /** The word of a slot to sleep on: how many waits were woken there. */
  wordOf(slot: number): number {
    return slot + WOKEN;
  }

  /** How many waits had been woken at a slot when this thread took it, and were over. */
  base(slot: number): number {
    return this.#words.load(slot + OVER);
  }

  /**
   * Stand in a queue, at the end or at the front. Within `locked`.
   *
   * @param mine The last slot in the queue that is shared by asynchronous waits of this thread, or 0.
   * @returns The slot, perhaps `mine`; 0 if there is none.
   */
  enqueue(queue: number, mine = 0, front = false): number {
    const journal = this.#journal;
    const head = this.#queues + queue * QUEUE_SIZE;
    const first = journal.get(head);
    const last = journal.get(head + LAST);
    if (mine !== 0 && journal.get(mine + COUNT) === 0) mine = 0;
    if (mine !== 0 && (front ? first : last) === mine) return this.#share(mine);
    const slot = this.#free(mine !== 0);
    if (slot === 0) return mine === 0 ? 0 : this.#share(mine);
    // Nobody looks at a free slot: only taking it and linking it have to happen together.
    const words = this.#words;
    words.put(slot + COUNT, 1);
    words.put(slot + OVER, words.load(slot + WOKEN));
    words.put(slot + QUEUE, queue);
    words.put(slot + NEXT, front ? first : 0);
    journal.set(slot + OWNER, this.#thread.id);
    if (front || first === 0) journal.set(head, slot);
    else journal.set(last + NEXT, slot);
    if (!front || first === 0) journal.set(head + LAST, slot);
    return slot;
  }

  /**
   * Wake the first wait in a queue. Gives its slot, of which the owner has to be notified then, or 0.
   *
   * It has to be the last change that is noted down: who is woken may go on at once. Within `locked`.
   */
  wakeOne(queue: number): number {
    const slot = this.first(queue);
    if (slot === 0) return 0;
    this.#shrink(slot, 1, 0);
    this.set(slot + WOKEN, (this.get(slot + WOKEN) + 1) | 0);
    return slot;
  }

  /** Take a wait of this thread out. `false` if all waits of the slot were woken. */
  withdraw(slot: number): boolean {
    // What was taken from one given up for dead, others have passed on.
    return this.locked(() => this.#withdraw(slot)) ?? true;
  }

  /** Free the slot of a single wait of this thread. `false` if it was woken meanwhile. */
  giveUp(slot: number): boolean {
    return this.locked(() => {
      const left = this.#withdraw(slot);
      if (left === undefined) return true;
      if (!left) this.set(slot + OVER, this.get(slot + WOKEN));
      this.set(slot + OWNER, 0);
      return left;
    }) ?? true;
  }

  /** Wake who sleeps on a slot at which a wait was woken. */
  notify(slot: number): void {
    this.#words.notify(slot + WOKEN, Infinity);
  }

  /** How many waits were woken at a slot; `undefined` if it is not this thread's any more. */
  woken(slot: number): number | undefined {
    // In this order: still ours when the number has been read, it was ours all the time.
    const woken = this.#words.load(slot + WOKEN);
    return this.owner(slot) === this.#thread.id ? woken : undefined;
  }

  /**
   * Note that waits of a slot of this thread, which were woken, have ended.
   *
   * @param before How many were over before.
   * @param over How many are over now.
   * @returns Whether the slot is free now, or no longer this thread's.
   */
  finished(slot: number, before: number, over: number): boolean {
    const words = this.#words;
    // The slot may have gone to another one, were this thread given up for dead.
    if (words.compareExchange(slot + OVER, before, over) !== before) return true;
    if (words.load(slot + COUNT) !== 0 || words.load(slot + WOKEN) !== over) return false;
    words.compareExchange(slot + OWNER, this.#thread.id, 0);
    return true;
  }

  /** The same for the one wait that `park` has ended. */
  finishedOne(slot: number): void {
    this.finished(slot, this.#parkedAt, (this.#parkedAt + 1) | 0);
  }

  /**
   * Sleep in a slot until woken. Who is woken says so by `finishedOne`, when it has what it came for.
   *
   * @param until When to give up, on the clock of the words.
   * @returns `false` if it gave up; the slot is free then.
   */
  park(slot: number, until: number, checkLiveness: LivenessCheck): boolean {
    const words = this.#words;
    const base = this.base(slot);
    this.#spin.look(slot + WOKEN, base);
    for (;;) {
      const woken = this.woken(slot);
      if (woken === undefined) return this.#gone();
      if (woken !== base) break;
      const left = until === Infinity ? Infinity : until - words.now();
      if (left <= 0) {
        const left = this.#leave(slot);
        if (left === undefined) return this.#gone();
        if (left) return false;
        break;
      }
      if (words.wait(slot + WOKEN, base, Math.min(left, SLICE)) === "timed-out") checkLiveness();
    }
    this.#parkedAt = base;
    return true;
  }

  /** Sleep a little, where there was no slot to stand in; `false` if `until` has come. */
  nap(queue: number, until: number): boolean {
    const words = this.#words;
    const left = until - words.now();
    if (left <= 0) return false;
    const head = this.#queues + queue * QUEUE_SIZE;
    words.wait(head, words.load(head), Math.min(left, 2));
    return true;
  }

  /**
   * Take the dead out of all queues, and wake who was woken by one who died before notifying it.
   *
   * @param passesOn In which queues the wake-up of a dead thread that had not finished with it goes
   *   to the next: one bit for each.
   */
  recover(isDead: (id: number) => boolean, passesOn: number): void {
    this.#journal.evict(isDead);
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#slots + i * SLOT_SIZE;
      const owner = this.owner(slot);
      if (owner !== 0 && isDead(owner)) this.#remove(slot, owner, passesOn);
    }
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#slots + i * SLOT_SIZE;
      if (this.owner(slot) !== 0) this.notify(slot);
    }
  }

  /** This thread was given up for dead, and its slot was taken from it. */
  #gone(): false {
    this.#thread.checkAlive();
    return false;
  }

  #share(slot: number): number {
    this.set(slot + COUNT, this.get(slot + COUNT) + 1);
    return slot;
  }

  /** Take out a single wait, and free its slot if it was not woken. */
  #leave(slot: number): boolean | undefined {
    return this.locked(() => {
      const left = this.#withdraw(slot);
      if (left === true) this.set(slot + OWNER, 0);
      return left;
    });
  }

  /** `undefined` if the slot is not this thread's. */
  #withdraw(slot: number): boolean | undefined {
    if (this.owner(slot) !== this.#thread.id) return undefined;
    if (this.get(slot + COUNT) === 0) return false;
    this.#shrink(slot, 1, this.#before(slot));
    return true;
  }

  #remove(slot: number, owner: number, passesOn: number): void {
    for (let more: boolean | undefined = true; more;) {
      more = this.locked(() => {
        if (this.get(slot + OWNER) !== owner) return false;
        const count = this.get(slot + COUNT);
        const over = this.get(slot + OVER);
        if (count > 0) {
          this.#shrink(slot, count, this.#before(slot));
        } else if (over !== this.get(slot + WOKEN)) {
          // Whatever its owner might still write there expects the number as it was.
          this.set(slot + OVER, (over + 1) | 0);
          const queue = this.get(slot + QUEUE);
          if ((passesOn >> queue & 1) === 1) this.wakeOne(queue);
        } else {
          this.set(slot + OWNER, 0);
          return false;
        }
        return true;
      });
    }
    // Its owner may sleep there, if it lives.
    this.notify(slot);
  }

  /** The slot before, or 0. */
  #before(slot: number): number {
    const head = this.#queues + this.get(slot + QUEUE) * QUEUE_SIZE;
    let before = 0;
    for (let at = this.get(head); at !== slot; at = this.get(at + NEXT)) before = at;
    return before;
  }

  #shrink(slot: number, by: number, before: number): void {
    const count = this.get(slot + COUNT) - by;
    this.set(slot + COUNT, count);
    if (count > 0) return;
    const head = this.#queues + this.get(slot + QUEUE) * QUEUE_SIZE;
    const next = this.get(slot + NEXT);
    this.set(before === 0 ? head : before + NEXT, next);
    if (next === 0) this.set(head + LAST, before);
  }

  #free(scarce: boolean): number {
    let found = 0;
    let free = 0;
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#slots + (this.#hint + i) % this.#count * SLOT_SIZE;
      if (this.owner(slot) !== 0) continue;
      if (found === 0) found = slot;
      if (!scarce || ++free > this.#count / 2) break;
    }
    if (found === 0 || (scarce && free <= this.#count / 2)) return 0;
    this.#hint = (found - this.#slots) / SLOT_SIZE;
    return found;
  }
}
