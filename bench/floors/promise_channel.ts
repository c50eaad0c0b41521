/**
 * A bounded channel out of promises and nothing else: no cancellation, no shutdown, no counts. What
 * a queue costs at least.
 */
export class PromiseChannel<T> {
  readonly #ring: (T | undefined)[];
  readonly #capacity: number;
  #head = 0;
  #size = 0;
  readonly #takers: ((item: T) => void)[] = [];
  readonly #putters: { item: T; resolve: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ring = new Array(capacity);
  }

  put(item: T): Promise<void> {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(item);
      return done;
    }
    if (this.#size < this.#capacity) {
      this.#push(item);
      return done;
    }
    return new Promise((resolve) => this.#putters.push({ item, resolve }));
  }

  get(): Promise<T> {
    if (this.#size === 0) return new Promise((resolve) => this.#takers.push(resolve));
    const item = this.#ring[this.#head] as T;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size--;
    const putter = this.#putters.shift();
    if (putter !== undefined) {
      this.#push(putter.item);
      putter.resolve();
    }
    return Promise.resolve(item);
  }

  #push(item: T): void {
    this.#ring[(this.#head + this.#size++) % this.#capacity] = item;
  }
}

const done = Promise.resolve();
