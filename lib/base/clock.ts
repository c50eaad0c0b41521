/**
 * The one place that reads clocks and starts timers.
 *
 * The globals are looked up at each call, so that a fake clock installed later is honoured.
 */

/** The longest delay that a native timer takes; longer ones are chained. */
const LONGEST = 2 ** 31 - 1;

/** A timer that can be called off. */
export interface Timer {
  /** Call it off; nothing happens if it has fired. */
  stop(): void;
}

/** Now, in milliseconds on the scale of `performance.now()`. */
export function now(): number {
  return performance.now();
}

class NativeTimer implements Timer {
  #id: ReturnType<typeof setTimeout>;
  #left: number;
  readonly #fire: () => void;

  constructor(ms: number, fire: () => void) {
    this.#left = ms;
    this.#fire = fire;
    this.#id = this.#start();
  }

  stop(): void {
    clearTimeout(this.#id);
  }

  #start(): ReturnType<typeof setTimeout> {
    if (this.#left <= LONGEST) return setTimeout(this.#fire, this.#left);
    return setTimeout(() => {
      this.#left -= LONGEST;
      this.#id = this.#start();
    }, LONGEST);
  }
}

/**
 * Call `fire` once, `ms` milliseconds from now. `Infinity` never fires, and holds the program as
 * any timer does.
 */
export function startTimer(ms: number, fire: () => void): Timer {
  return new NativeTimer(Math.max(0, ms), fire);
}

type Immediate = (fn: () => void) => unknown;

// Taken at load: a turn of the event loop is not a matter of time, so fake time must not stop it.
const immediate: Immediate = (globalThis as { setImmediate?: Immediate }).setImmediate ??
  ((fn) => setTimeout(fn, 0));

/** Call `fn` in a later turn of the event loop, after I/O and timers that are due had theirs. */
export function nextTurn(fn: () => void): void {
  immediate(fn);
}
