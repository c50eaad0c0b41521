import { RobustMutex } from "./robust_mutex.ts";
import { WaitQueues } from "./wait_queues.ts";
import type { LivenessCheck, ThreadIdentity, Words } from "./words.ts";

// What producers change, what consumers change, and what hardly ever changes, apart from each
// other: threads that write to one cache line slow each other down.
const PUT_MUTEX = 0;
const PUTS = 1; // How many items were put, and below the end of the last one:
const TAILS = 2; // two words, of which PUTS says which one counts.
const GET_MUTEX = 16;
const GETS = 17;
const HEADS = 18;
const SIZE = 32; // Of the ring, in its slots of 8 bytes; a power of two.
const CLOSED = 33;
const STARVING = 34; // The thread of a producer for which newcomers are held back, or 0.
const DONE = 48;
const QUEUES = 64;

/** How often to look whether there is something, or room for it, before standing in a queue. */
const LOOKS = 100;

/** The queue of those who wait for an item. */
export const GETTERS = 0;
/** The queue of those who wait for room. */
export const PUTTERS = 1;
/** The queue of those who wait until all items are done. */
export const JOINERS = 2;

/** What goes through the ring: writes itself into it, or reads itself from it. */
export interface RingItem {
  /** How many slots of the ring it takes. */
  readonly slots: number;
  /** Write it at ring slot `at`, modulo `size`. */
  write(at: number, size: number): void;
  /** Read what stands at ring slot `at`, modulo `size`; gives how many slots it takes. */
  read(at: number, size: number): number;
  /** Make the ring larger, of `size` slots. */
  grow(size: number): void;
}

/** How an attempt to put or to get ended. */
export type QueueOutcome = "done" | "blocked" | "closed";

/**
 * A ring of items between threads.
 *
 * Producers keep each other out by one mutex, consumers by another. An item is put, or got, by one
 * write of the count that the other side looks at, after everything else. Those who find no item, or
 * no room, stand in a queue, look once more, and sleep. Whoever puts wakes one who waits for an item;
 * whoever gets wakes one who waits for room. Who was woken may find that a newcomer was quicker, and
 * then stands at the front again; a producer to whom this happens keeps newcomers back.
 */
export class QueueProtocol {
  /** How many words it takes, the ring not counted. */
  static readonly SIZE: number = QUEUES + WaitQueues.size(3);

  readonly queues: WaitQueues;
  /** Told of each slot that was woken: this thread does not hear of what it does itself. */
  onWake: (slot: number) => void = () => {};
  readonly #words: Words;
  readonly #at: number;
  readonly #thread: ThreadIdentity;
  readonly #putMutex: RobustMutex;
  readonly #getMutex: RobustMutex;
  readonly #maxsize: number;
  /** The count of puts when this thread last put, and what it knew then of the other side. */
  #lastPuts = 0;
  #gets = 0;
  #head = 0;

  constructor(words: Words, at: number, thread: ThreadIdentity, maxsize: number, slots?: number) {
    this.#words = words;
    this.#at = at;
    this.#thread = thread;
    this.#maxsize = maxsize;
    this.#putMutex = new RobustMutex(words, at + PUT_MUTEX, thread);
    this.#getMutex = new RobustMutex(words, at + GET_MUTEX, thread);
    this.queues = new WaitQueues(words, at + QUEUES, thread, 3, slots);
  }

  /** Say how large the ring is, before anybody else knows it. */
  initialize(size: number): void {
    this.#words.store(this.#at + SIZE, size);
  }

  /** How large the ring is. */
  size(): number {
    return this.#words.load(this.#at + SIZE);
  }

  /** How many items there are. */
  count(): number {
    // Of what was got before, no more can have been put later.
    const gets = this.#words.load(this.#at + GETS);
    return (this.#words.load(this.#at + PUTS) - gets) | 0;
  }

  /** Whether no item is there. */
  empty(): boolean {
    return this.count() === 0;
  }

  /** How many items were put and not marked as done. */
  unfinished(): number {
    const done = this.#words.load(this.#at + DONE);
    return (this.#words.load(this.#at + PUTS) - done) | 0;
  }

  /** Whether it was closed. */
  closed(): boolean {
    return this.#words.load(this.#at + CLOSED) !== 0;
  }

  /**
   * Put an item if there is room.
   *
   * @param woken Whether this producer was woken. If it finds no room all the same, newcomers have
   *   to stand in the queue.
   * @param slot Where it stands, if it does.
   */
  tryPut(item: RingItem, woken: boolean, slot = 0): QueueOutcome {
    if (!woken && this.#heldBack(slot)) return this.closed() ? "closed" : "blocked";
    const mutex = this.#putMutex;
    if (!mutex.enter()) return this.#refused();
    let outcome: QueueOutcome;
    try {
      outcome = this.#put(item);
    } finally {
      mutex.exit();
    }
    if (outcome === "done" && this.queues.first(GETTERS) !== 0) this.wakeOne(GETTERS);
    if (woken) {
      this.#starve(outcome === "blocked");
      // The room that one item left may do for several.
      if (outcome === "done" && this.#hasRoom()) this.wakeOne(PUTTERS);
    }
    return outcome;
  }

  /** Get an item if there is one. */
  tryGet(item: RingItem): QueueOutcome {
    const words = this.#words;
    const at = this.#at;
    const mutex = this.#getMutex;
    for (;;) {
      const seen = words.load(at + GETS);
      if (words.load(at + PUTS) === seen) {
        // Nothing is put once it is closed: then it is empty for good.
        const closed = words.load(at + CLOSED) !== 0;
        if (words.load(at + PUTS) === seen) return closed ? "closed" : "blocked";
      }
      if (!mutex.enter()) return this.#refused();
      const gets = words.load(at + GETS);
      const found = gets === seen;
      try {
        if (found) {
          const head = words.load(at + HEADS + (gets & 1));
          const slots = item.read(head, words.load(at + SIZE));
          const next = (gets + 1) | 0;
          words.store(at + HEADS + (next & 1), (head + slots) | 0);
          words.store(at + GETS, next);
        }
      } finally {
        mutex.exit();
      }
      // Another one may have been quicker.
      if (found) break;
    }
    if (this.queues.first(PUTTERS) !== 0) this.wakeOne(PUTTERS);
    return "done";
  }

  /** Stand in a queue; `mine` and `front` as for {@linkcode WaitQueues.enqueue}. */
  join(queue: number, mine = 0, front = false): number {
    const slot = this.queues.locked(() => this.queues.enqueue(queue, mine, front));
    if (slot === undefined) this.#thread.checkAlive();
    return slot ?? 0;
  }

  /** Wake the first in a queue. Gives its slot, or 0. */
  wakeOne(queue: number): number {
    const { queues } = this;
    const slot = queues.locked(() => queues.wakeOne(queue)) ?? 0;
    if (slot !== 0) {
      queues.notify(slot);
      this.onWake(slot);
    }
    return slot;
  }

  /** Wake everybody in a queue. */
  wakeAll(queue: number): void {
    while (this.wakeOne(queue) !== 0);
  }

  /** One who was woken for room gives up: nobody need be held back for it. */
  yieldRoom(): void {
    this.#starve(false);
    this.wakeOne(PUTTERS);
  }

  /** Mark an item as done; `false` if all were. */
  taskDone(): boolean {
    this.#thread.checkAlive();
    const words = this.#words;
    const at = this.#at + DONE;
    for (;;) {
      const done = words.load(at);
      if (words.load(this.#at + PUTS) === done) return false;
      if (words.compareExchange(at, done, (done + 1) | 0) === done) break;
    }
    if (this.unfinished() === 0) this.wakeAll(JOINERS);
    return true;
  }

  /** Take no more items; wake everybody. */
  close(): void {
    if (!this.#putMutex.enter()) return void this.#refused();
    this.#words.store(this.#at + CLOSED, 1);
    this.#putMutex.exit();
    this.wakeAll(GETTERS);
    this.wakeAll(PUTTERS);
  }

  /** Put an item, sleeping until there is room; "blocked" if `until` came first. */
  put(item: RingItem, until: number, checkLiveness: LivenessCheck): QueueOutcome {
    const attempt = (woken: boolean, slot: number) => this.tryPut(item, woken, slot);
    return this.#wait(
      PUTTERS,
      attempt,
      () => this.#hasRoom() || this.closed(),
      until,
      checkLiveness,
    );
  }

  /** Get an item, sleeping until there is one; "blocked" if `until` came first. */
  get(item: RingItem, until: number, checkLiveness: LivenessCheck): QueueOutcome {
    const attempt = () => this.tryGet(item);
    const ready = () => !this.empty() || this.closed();
    return this.#wait(GETTERS, attempt, ready, until, checkLiveness);
  }

  /** Clean up after the dead. */
  recover(isDead: (id: number) => boolean): void {
    this.#putMutex.evict(isDead);
    this.#getMutex.evict(isDead);
    this.queues.recover(isDead, 1 << GETTERS | 1 << PUTTERS);
    const starving = this.#words.load(this.#at + STARVING);
    if (isDead(starving)) this.#words.compareExchange(this.#at + STARVING, starving, 0);
    // They may have died between putting, or getting, and waking.
    if (!this.empty() || this.closed()) this.wakeAll(GETTERS);
    this.wakeAll(PUTTERS);
    if (this.unfinished() === 0) this.wakeAll(JOINERS);
  }

  /** This thread was given up for dead. */
  #refused(): QueueOutcome {
    this.#thread.checkAlive();
    return "closed";
  }

  #heldBack(slot: number): boolean {
    const starving = this.#words.load(this.#at + STARVING);
    // One that is dead may have written itself down after those who look for the dead were here.
    if (starving === 0 || this.#thread.isDead(starving)) return false;
    const first = this.queues.first(PUTTERS);
    return first !== 0 && first !== slot;
  }

  /** Have newcomers held back for a producer of this thread, or no longer. */
  #starve(starving: boolean): void {
    const words = this.#words;
    const at = this.#at + STARVING;
    const { id } = this.#thread;
    if (!starving) words.compareExchange(at, id, 0);
    else words.compareExchange(at, words.load(at), id);
  }

  #put(item: RingItem): QueueOutcome {
    const words = this.#words;
    const at = this.#at;
    const { slots } = item;
    if (words.load(at + CLOSED) !== 0) return "closed";
    const puts = words.load(at + PUTS);
    const tail = words.load(at + TAILS + (puts & 1));
    let size = words.load(at + SIZE);
    // What was got when this thread last looked will do, if only this one has put since.
    if (puts !== this.#lastPuts || !this.#fits(puts, tail, size, slots)) {
      this.#look();
      if (puts === this.#gets && slots > size) size = this.#grow(item, size);
      if (!this.#fits(puts, tail, size, slots)) return "blocked";
    }
    item.write(tail, size);
    const next = (puts + 1) | 0;
    words.store(at + TAILS + (next & 1), (tail + slots) | 0);
    words.store(at + PUTS, next);
    this.#lastPuts = next;
    return "done";
  }

  #fits(puts: number, tail: number, size: number, slots: number): boolean {
    if (this.#maxsize > 0 && ((puts - this.#gets) | 0) >= this.#maxsize) return false;
    return slots <= size - ((tail - this.#head) | 0);
  }

  /** See how much was got. */
  #look(): void {
    const words = this.#words;
    const at = this.#at;
    do {
      this.#gets = words.load(at + GETS);
      this.#head = words.load(at + HEADS + (this.#gets & 1));
      // What was read may belong to a later get that is not complete.
    } while (words.load(at + GETS) !== this.#gets);
  }

  // Only while it is empty: no item has to move.
  #grow(item: RingItem, size: number): number {
    if (!this.#getMutex.enter()) return size;
    try {
      let larger = size;
      while (larger < item.slots) larger *= 2;
      item.grow(larger);
      this.#words.store(this.#at + SIZE, larger);
      return larger;
    } finally {
      this.#getMutex.exit();
    }
  }

  /** Whether something may go in: an item of one slot at least. */
  #hasRoom(): boolean {
    const words = this.#words;
    const at = this.#at;
    if (this.#maxsize > 0 && this.count() >= this.#maxsize) return false;
    const tail = words.load(at + TAILS + (words.load(at + PUTS) & 1));
    const head = words.load(at + HEADS + (words.load(at + GETS) & 1));
    return ((tail - head) | 0) < words.load(at + SIZE);
  }

  #wait(
    queue: number,
    attempt: (woken: boolean, slot: number) => QueueOutcome,
    ready: () => boolean,
    until: number,
    checkLiveness: LivenessCheck,
  ): QueueOutcome {
    const { queues } = this;
    let slot = 0;
    for (;;) {
      const again = slot !== 0;
      const outcome = attempt(again, slot);
      if (again) queues.finishedOne(slot);
      if (outcome !== "blocked") return outcome;
      for (let i = Math.min(this.#words.spinLimit, LOOKS); i > 0 && !ready(); i--);
      slot = this.join(queue, 0, again);
      if (slot === 0) {
        if (!queues.nap(queue, until)) return attempt(false, 0);
        continue;
      }
      // Whoever made it ready may have looked at the queue before we stood there.
      const last = attempt(again, slot);
      if (last !== "blocked") {
        // Woken on top of that: let another one look.
        if (!queues.giveUp(slot)) this.wakeOne(queue);
        return last;
      }
      if (!queues.park(slot, until, checkLiveness)) {
        if (queue === PUTTERS && again) this.yieldRoom();
        return attempt(false, 0);
      }
    }
  }
}
