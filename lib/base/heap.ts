/** A binary heap that gives the lowest item first and, among equals, the one put in first. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];
  readonly #order: number[] = [];
  #count = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** How many items it holds. */
  get size(): number {
    return this.#items.length;
  }

  /** The lowest item, left where it is. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Add an item. What `compare` throws comes out before anything has changed. */
  push(item: T): void {
    const path: number[] = [];
    let at = this.#items.length;
    // Find the place first, so that a comparison that throws leaves the heap as it was.
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.#compare(item, this.#items[up]!) >= 0) break;
      path.push(up);
      at = up;
    }
    let hole = this.#items.length;
    for (const up of path) {
      this.#items[hole] = this.#items[up]!;
      this.#order[hole] = this.#order[up]!;
      hole = up;
    }
    this.#items[hole] = item;
    this.#order[hole] = this.#count++;
  }

  /** Take the lowest item. What `compare` throws comes out before anything has changed. */
  pop(): T | undefined {
    const size = this.#items.length - 1;
    if (size < 0) return undefined;
    const top = this.#items[0];
    const moved = this.#items[size]!;
    const rank = this.#order[size]!;
    const path: number[] = [];
    for (let at = 0;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && this.#before(down + 1, down)) down++;
      const order = this.#compare(this.#items[down]!, moved) || this.#order[down]! - rank;
      if (order >= 0) break;
      path.push(down);
      at = down;
    }
    let hole = 0;
    for (const down of path) {
      this.#items[hole] = this.#items[down]!;
      this.#order[hole] = this.#order[down]!;
      hole = down;
    }
    this.#items[hole] = moved;
    this.#order[hole] = rank;
    this.#items.pop();
    this.#order.pop();
    if (size === 0) this.#count = 0;
    return top;
  }

  /** In no particular order. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }

  #before(a: number, b: number): boolean {
    const order = this.#compare(this.#items[a]!, this.#items[b]!);
    return (order || this.#order[a]! - this.#order[b]!) < 0;
  }
}
