/** How many slots a queue has when the first one comes. */
const SMALLEST = 8;

/** Down to how many slots it is kept as it is. */
const KEPT = 1024;

const noSlots: undefined[] = [];

/**
 * Things in order of arrival, any of which can leave in O(1).
 *
 * They stand in a ring, and who leaves from the middle leaves a gap. Not a linked list: to the
 * garbage collector a long chain of young objects costs half as much again as all that hangs on it.
 */
export abstract class SlotQueue<E extends object> {
  // The first and the last slot that are in use are never gaps.
  #ring: (E | undefined)[] = noSlots;
  #head = 0;
  #tail = 0;
  #size = 0;

  /** How many stand in it. */
  get size(): number {
    return this.#size;
  }

  /** The oldest. */
  get first(): E | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head & (this.#ring.length - 1)];
  }

  /** Add at the end. */
  append(entry: E): void {
    if (this.#tail - this.#head === this.#ring.length) this.#makeRoom();
    this.setSlot(entry, this.#tail);
    this.#ring[this.#tail++ & (this.#ring.length - 1)] = entry;
    this.#size++;
  }

  /** Take the oldest. */
  shift(): E | undefined {
    if (this.#size === 0) return undefined;
    const at = this.#head & (this.#ring.length - 1);
    const entry = this.#ring[at];
    this.#ring[at] = undefined;
    this.#left();
    return entry;
  }

  /** Take the entry out; `false` if it does not stand in this queue. */
  remove(entry: E): boolean {
    const at = this.slotOf(entry) & (this.#ring.length - 1);
    if (this.#size === 0 || this.#ring[at] !== entry) return false;
    this.#ring[at] = undefined;
    this.#left();
    return true;
  }

  /** From the oldest to the newest; the queue must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<E> {
    for (let slot = this.#head; slot < this.#tail; slot++) {
      const entry = this.#ring[slot & (this.#ring.length - 1)];
      if (entry !== undefined) yield entry;
    }
  }

  /** Where it was put last. */
  protected abstract slotOf(entry: E): number;
  /** It is put there. */
  protected abstract setSlot(entry: E, slot: number): void;

  #left(): void {
    const mask = this.#ring.length - 1;
    if (--this.#size === 0) {
      this.#head = this.#tail = 0;
      return;
    }
    while (this.#ring[this.#head & mask] === undefined) this.#head++;
    while (this.#ring[(this.#tail - 1) & mask] === undefined) this.#tail--;
    if (mask >= KEPT && this.#size <= mask >> 3) this.#moveTo((mask + 1) >> 1);
  }

  // Where half of the slots are gaps it is enough to close up. Else all keep their slots: to touch
  // each entry, when a queue of 1,000 grows, takes as long as a third of its way through the queue.
  #makeRoom(): void {
    const { length } = this.#ring;
    if (length === 0) this.#ring = new Array(SMALLEST);
    else if (this.#size <= length >> 1) this.#moveTo(length);
    else this.#widen();
  }

  #widen(): void {
    const from = this.#ring;
    const ring: (E | undefined)[] = new Array(from.length * 2);
    for (let slot = this.#head; slot < this.#tail; slot++) {
      ring[slot & (ring.length - 1)] = from[slot & (from.length - 1)];
    }
    this.#ring = ring;
  }

  #moveTo(length: number): void {
    const from = this.#ring;
    const ring: (E | undefined)[] = new Array(length);
    let at = 0;
    for (let slot = this.#head; slot < this.#tail; slot++) {
      const entry = from[slot & (from.length - 1)];
      if (entry === undefined) continue;
      this.setSlot(entry, at);
      ring[at++] = entry;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#tail = at;
  }
}

/** What can stand in a {@linkcode WaitQueue}, and in one at a time. */
export interface Slotted {
  /** For the queue: its slot there. */
  slot: number;
}

/** Those who wait for something, in order of arrival. */
export class WaitQueue<E extends Slotted> extends SlotQueue<E> {
  protected override slotOf(entry: E): number {
    return entry.slot;
  }

  protected override setSlot(entry: E, slot: number): void {
    entry.slot = slot;
  }
}
