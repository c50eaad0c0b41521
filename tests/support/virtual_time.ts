/**
 * Time that goes on from one thing that is due to the next, at once: thousands of seconds take one.
 *
 * @module
 */
import { setImmediate } from "node:timers";

interface Due {
  at: number;
  order: number;
  run: () => void;
}

/** Stands in for `setTimeout` and `performance.now` until it is disposed of. */
export class VirtualTime implements Disposable {
  /** Now, in milliseconds. */
  now = 1_000;
  readonly #due = new Map<number, Due>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  #count = 0;

  /** `readingMs`: how long it takes to read the clock. Whoever looks at it again and again gets on. */
  constructor(readingMs = 0) {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0) => this.after(ms, run),
      clearTimeout: (id?: number) => void this.#due.delete(id ?? -1),
    });
    Object.defineProperty(performance, "now", {
      value: () => this.now += readingMs,
      configurable: true,
    });
  }

  /** Have something run in so many milliseconds. Gives a number to call it off by. */
  after(ms: number, run: () => void): number {
    const order = this.#count++;
    this.#due.set(order, { at: this.now + Math.max(ms, 0), order, run });
    return order;
  }

  /** Call something off. */
  stop(number: number): void {
    this.#due.delete(number);
  }

  /** Go on to what is due next, and let it run; `false` if nothing is. */
  step(until = Infinity): boolean {
    let next: Due | undefined;
    for (const due of this.#due.values()) if (next === undefined || due.at < next.at) next = due;
    if (next === undefined || next.at > until) return false;
    this.#due.delete(next.order);
    this.now = Math.max(this.now, next.at);
    next.run();
    return true;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
    Reflect.deleteProperty(performance, "now");
  }
}

/** Let microtasks run, as many rounds of them as anything here needs. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 40; i++) await undefined;
}

/** Let everything happen that needs no time: microtasks, and two turns of the event loop. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
