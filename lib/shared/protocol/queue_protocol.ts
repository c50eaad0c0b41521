import { Guard } from "./robust_mutex.ts";
import { type Impatience, Lines } from "./wait_queues.ts";
import type { Party, Words } from "./words.ts";

// What producers change, what consumers change, and what hardly ever changes, apart from each
// other: threads that write to one cache line slow each other down.
const PUT_GUARD = 0;
const PUTS = 1; // How many items were put, and below the end of the last one:
const TAILS = 2; // two words, of which PUTS says which one counts.
const GET_GUARD = 16;
const GETS = 17;
const HEADS = 18;
const SIZE = 32; // Of the ring, in units; a power of two.
const CLOSED = 33;
const HUNGRY = 34;
const DONE = 48;
const LINES = 64;

/** How often to look whether there is something, or room for it, before standing in line. */
const LOOKS = 100;

/** The line of those who wait for an item. */
export const GETTERS = 0;
/** The line of those who wait for room. */
export const PUTTERS = 1;
/** The line of those who wait until all items are done. */
export const JOINERS = 2;

/** What is carried: writes itself into the ring, or reads itself from it. */
export interface Cargo {
  /** How much room it takes. */
  readonly units: number;
  /** Write it at unit `at`, modulo `size`. */
  write(at: number, size: number): void;
  /** Read what stands at unit `at`, modulo `size`; gives its units. */
  read(at: number, size: number): number;
  /** Make the ring larger, of `size` units. */
  grow(size: number): void;
}

/** How an attempt to put or to get ended. */
export type Outcome = "done" | "blocked" | "closed";

/**
 * A ring of items between threads.
 *
 * Producers keep each other out by one guard, consumers by another. An item is put, or got, by one
 * write of the count that the other side looks at, after everything else. Those who find no item, or
 * no room, stand in line, look once more, and sleep. Whoever puts calls one who waits for an item;
 * whoever gets calls one who waits for room. Who was called may find that a newcomer was quicker, and
 * then stands at the front again; a producer to whom this happens keeps newcomers back.
 */
export class QueueProtocol {
  /** How many words it takes, the ring not counted. */
  static readonly SIZE: number = LINES + Lines.size(3);

  readonly lines: Lines;
  readonly #words: Words;
  readonly #at: number;
  readonly #party: Party;
  readonly #putGuard: Guard;
  readonly #getGuard: Guard;
  readonly #maxsize: number;
  /** The count of puts when this thread last put, and what it knew then of the other side. */
  #lastPuts = 0;
  #gets = 0;
  #head = 0;

  constructor(words: Words, at: number, party: Party, maxsize: number, places?: number) {
    this.#words = words;
    this.#at = at;
    this.#party = party;
    this.#maxsize = maxsize;
    this.#putGuard = new Guard(words, at + PUT_GUARD, party);
    this.#getGuard = new Guard(words, at + GET_GUARD, party);
    this.lines = new Lines(words, at + LINES, party, 3, places);
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
   * @param called Whether this producer was called. If it finds no room all the same, newcomers have
   *   to stand in line.
   * @param place Where it stands, if it does.
   */
  tryPut(cargo: Cargo, called: boolean, place = 0): Outcome {
    if (!called && this.#heldBack(place)) return this.closed() ? "closed" : "blocked";
    const guard = this.#putGuard;
    guard.enter();
    let outcome: Outcome;
    try {
      outcome = this.#put(cargo);
    } finally {
      guard.exit();
    }
    if (outcome === "done" && this.lines.first(GETTERS) !== 0) this.callOne(GETTERS);
    if (called) {
      this.#words.store(this.#at + HUNGRY, outcome === "blocked" ? 1 : 0);
      // The room that one item left may do for several.
      if (outcome === "done" && this.#hasRoom()) this.callOne(PUTTERS);
    }
    return outcome;
  }

  /** Get an item if there is one. */
  tryGet(cargo: Cargo): Outcome {
    const words = this.#words;
    const at = this.#at;
    const guard = this.#getGuard;
    for (;;) {
      const seen = words.load(at + GETS);
      if (words.load(at + PUTS) === seen) {
        // Nothing is put once it is closed: then it is empty for good.
        const closed = words.load(at + CLOSED) !== 0;
        if (words.load(at + PUTS) === seen) return closed ? "closed" : "blocked";
      }
      guard.enter();
      const gets = words.load(at + GETS);
      const found = gets === seen;
      if (found) {
        const head = words.load(at + HEADS + (gets & 1));
        const units = cargo.read(head, words.load(at + SIZE));
        const next = (gets + 1) | 0;
        words.store(at + HEADS + (next & 1), (head + units) | 0);
        words.store(at + GETS, next);
      }
      guard.exit();
      // Another one may have been quicker.
      if (found) break;
    }
    if (this.lines.first(PUTTERS) !== 0) this.callOne(PUTTERS);
    return "done";
  }

  /** Stand in line; `mine` and `front` as for {@linkcode Lines.join}. */
  join(line: number, mine = 0, front = false): number {
    const { lines } = this;
    this.#party.checkAlive();
    lines.enter();
    const place = lines.join(line, 1, mine, front);
    lines.commit();
    lines.exit();
    return place;
  }

  /** Leave a place. `false` if it was called before. */
  leave(place: number): boolean {
    const { lines } = this;
    lines.enter();
    const left = lines.withdraw(place);
    lines.commit();
    lines.exit();
    return left;
  }

  /** Call the first in line. Gives its place, or 0. */
  callOne(line: number): number {
    const { lines } = this;
    lines.enter();
    const place = lines.call(line);
    lines.commit();
    lines.exit();
    if (place !== 0) {
      lines.ring(place);
      this.onCall(place);
    }
    return place;
  }

  /** Call everybody in line. */
  callAll(line: number): void {
    while (this.callOne(line) !== 0);
  }

  /** Told of each place that was called: this thread hears no bell that it rings itself. */
  onCall: (place: number) => void = () => {};

  /** One who was called for room gives up: nobody need be held back for it. */
  yieldRoom(): void {
    this.#words.store(this.#at + HUNGRY, 0);
    this.callOne(PUTTERS);
  }

  /** Mark an item as done; `false` if all were. */
  taskDone(): boolean {
    const words = this.#words;
    const at = this.#at + DONE;
    for (;;) {
      const done = words.load(at);
      if (words.load(this.#at + PUTS) === done) return false;
      if (words.compareExchange(at, done, (done + 1) | 0) === done) break;
    }
    if (this.unfinished() === 0) this.callAll(JOINERS);
    return true;
  }

  /** Take no more items; wake everybody. */
  close(): void {
    this.#putGuard.enter();
    this.#words.store(this.#at + CLOSED, 1);
    this.#putGuard.exit();
    this.callAll(GETTERS);
    this.callAll(PUTTERS);
  }

  /** Put an item, sleeping until there is room; "blocked" if `until` came first. */
  put(cargo: Cargo, until: number, impatience: Impatience): Outcome {
    const attempt = (called: boolean, place: number) => this.tryPut(cargo, called, place);
    return this.#wait(PUTTERS, attempt, () => this.#hasRoom() || this.closed(), until, impatience);
  }

  /** Get an item, sleeping until there is one; "blocked" if `until` came first. */
  get(cargo: Cargo, until: number, impatience: Impatience): Outcome {
    const attempt = () => this.tryGet(cargo);
    const ready = () => !this.empty() || this.closed();
    return this.#wait(GETTERS, attempt, ready, until, impatience);
  }

  /** Clean up after the dead. */
  recover(isDead: (id: number) => boolean): void {
    this.#putGuard.evict(isDead);
    this.#getGuard.evict(isDead);
    this.lines.recover(isDead, 1 << GETTERS | 1 << PUTTERS);
    // They may have died between putting, or getting, and calling.
    this.#words.store(this.#at + HUNGRY, 0);
    if (!this.empty() || this.closed()) this.callAll(GETTERS);
    this.callAll(PUTTERS);
    if (this.unfinished() === 0) this.callAll(JOINERS);
  }

  #heldBack(place: number): boolean {
    if (this.#words.load(this.#at + HUNGRY) === 0) return false;
    const first = this.lines.first(PUTTERS);
    return first !== 0 && first !== place;
  }

  #put(cargo: Cargo): Outcome {
    const words = this.#words;
    const at = this.#at;
    const { units } = cargo;
    if (words.load(at + CLOSED) !== 0) return "closed";
    const puts = words.load(at + PUTS);
    const tail = words.load(at + TAILS + (puts & 1));
    let size = words.load(at + SIZE);
    // What was got when this thread last looked will do, if only this one has put since.
    if (puts !== this.#lastPuts || !this.#fits(puts, tail, size, units)) {
      this.#look();
      if (puts === this.#gets && units > size) size = this.#grow(cargo, size);
      if (!this.#fits(puts, tail, size, units)) return "blocked";
    }
    cargo.write(tail, size);
    const next = (puts + 1) | 0;
    words.store(at + TAILS + (next & 1), (tail + units) | 0);
    words.store(at + PUTS, next);
    this.#lastPuts = next;
    return "done";
  }

  #fits(puts: number, tail: number, size: number, units: number): boolean {
    if (this.#maxsize > 0 && ((puts - this.#gets) | 0) >= this.#maxsize) return false;
    return units <= size - ((tail - this.#head) | 0);
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
  #grow(cargo: Cargo, size: number): number {
    while (size < cargo.units) size *= 2;
    this.#getGuard.enter();
    try {
      cargo.grow(size);
      this.#words.store(this.#at + SIZE, size);
    } finally {
      this.#getGuard.exit();
    }
    return size;
  }

  /** Whether something may go in: an item of one unit at least. */
  #hasRoom(): boolean {
    const words = this.#words;
    const at = this.#at;
    if (this.#maxsize > 0 && this.count() >= this.#maxsize) return false;
    const tail = words.load(at + TAILS + (words.load(at + PUTS) & 1));
    const head = words.load(at + HEADS + (words.load(at + GETS) & 1));
    return ((tail - head) | 0) < words.load(at + SIZE);
  }

  #wait(
    line: number,
    attempt: (called: boolean, place: number) => Outcome,
    ready: () => boolean,
    until: number,
    impatience: Impatience,
  ): Outcome {
    const { lines } = this;
    let place = 0;
    for (;;) {
      const outcome = attempt(place !== 0, place);
      if (place !== 0) lines.over(place, 1);
      if (outcome !== "blocked") return outcome;
      for (let i = Math.min(this.#words.patience, LOOKS); i > 0 && !ready(); i--);
      const again = place !== 0;
      place = this.join(line, 0, again);
      if (place === 0) {
        if (!lines.doze(line, until)) return attempt(false, 0);
        continue;
      }
      // Whoever made it ready may have looked at the line before we stood there.
      const last = attempt(again, place);
      if (last !== "blocked") {
        // Called on top of that: let another one look.
        if (!this.leave(place)) this.callOne(line);
        lines.over(place, lines.called(place));
        return last;
      }
      if (!lines.park(place, until, impatience)) {
        if (line === PUTTERS && again) this.yieldRoom();
        return attempt(false, 0);
      }
    }
  }
}
