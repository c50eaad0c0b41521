/** What can stand in a {@linkcode LinkedList}: the links live in the entry itself. */
export abstract class LinkedEntry {
  /** The list it stands in, if any. */
  list: LinkedList<LinkedEntry> | undefined = undefined;
  /** Towards the back. */
  next: LinkedEntry | undefined = undefined;
  /** Towards the front. */
  previous: LinkedEntry | undefined = undefined;
}

/** A list in order of arrival from which any entry can be taken in O(1). */
export class LinkedList<E extends LinkedEntry> {
  #first: E | undefined = undefined;
  #last: E | undefined = undefined;
  #size = 0;

  /** How many entries it holds. */
  get size(): number {
    return this.#size;
  }

  /** The oldest entry. */
  get first(): E | undefined {
    return this.#first;
  }

  /** Add at the back. */
  append(entry: E): void {
    entry.list = this as unknown as LinkedList<LinkedEntry>;
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#size++;
  }

  /** Add at the front. */
  prepend(entry: E): void {
    entry.list = this as unknown as LinkedList<LinkedEntry>;
    entry.next = this.#first;
    if (this.#first === undefined) this.#last = entry;
    else this.#first.previous = entry;
    this.#first = entry;
    this.#size++;
  }

  /** Add behind `anchor`, which stands in this list; at the front if there is none. */
  insertAfter(anchor: E | undefined, entry: E): void {
    const next = anchor?.next as E | undefined;
    if (anchor === undefined) return this.prepend(entry);
    if (next === undefined) return this.append(entry);
    entry.list = this as unknown as LinkedList<LinkedEntry>;
    entry.previous = anchor;
    entry.next = next;
    anchor.next = next.previous = entry;
    this.#size++;
  }

  /** Take the entry out; `false` if it does not stand in this list. */
  remove(entry: E): boolean {
    if (entry.list !== this as unknown as LinkedList<LinkedEntry>) return false;
    if (entry.previous === undefined) this.#first = entry.next as E | undefined;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous as E | undefined;
    else entry.next.previous = entry.previous;
    entry.list = entry.next = entry.previous = undefined;
    this.#size--;
    return true;
  }

  /** Take the oldest entry. */
  shift(): E | undefined {
    const entry = this.#first;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** From the oldest to the newest; the list must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<E> {
    for (let entry = this.#first; entry !== undefined; entry = entry.next as E | undefined) {
      yield entry;
    }
  }
}
