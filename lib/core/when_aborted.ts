/** A wish to hear of an abort, which can be taken back. */
export interface Subscription {
  /** Take it back. */
  end(): void;
}

type AbortCallback = () => void;

/** One listener per signal, however many wait for it: adding one costs time for each that is there. */
class Hub {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<AbortCallback>();
  readonly #listener = () => this.#fire();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#listener);
    hubs.set(signal, this);
  }

  add(callback: AbortCallback): Subscription {
    // A set of its own entries: the same function may come twice.
    const entry = () => callback();
    this.#callbacks.add(entry);
    return { end: () => this.#remove(entry) };
  }

  #remove(entry: AbortCallback): void {
    if (this.#callbacks.delete(entry) && this.#callbacks.size === 0) this.#close();
  }

  #fire(): void {
    this.#close();
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  }

  #close(): void {
    this.#signal.removeEventListener("abort", this.#listener);
    hubs.delete(this.#signal);
  }
}

const hubs = new WeakMap<AbortSignal, Hub>();

/** Call back once when the signal is aborted; at once if it is aborted already. */
export function whenAborted(signal: AbortSignal, callback: AbortCallback): Subscription {
  if (!signal.aborted) return (hubs.get(signal) ?? new Hub(signal)).add(callback);
  callback();
  return { end() {} };
}
