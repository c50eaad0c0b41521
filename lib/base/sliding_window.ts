import { startTimer, type Timer } from "./clock.ts";
import { Deque } from "./deque.ts";
import { timerNow } from "./timer_now.ts";

/** So many milliseconds a timer of the runtime may be early. */
const EARLY = 2;

interface Use {
  at: number;
  amount: number;
}

/**
 * A count of what was used in the last `perMs` milliseconds, which is never more than `max`.
 *
 * ```text
 * reserve -> use     counts from now on for perMs, and from the reservation until now
 *       '--> giveBack
 * ```
 *
 * What is reserved is used a little later, by code that has its turn then. Counted from the
 * reservation only, two uses could come closer to each other than their reservations.
 */
export class SlidingWindow {
  readonly max: number;
  readonly perMs: number;
  readonly #uses = new Deque<Use>();
  #newest: Use | undefined;
  #used = 0;
  #reserved = 0;
  /** How far timers are ahead of the clock. */
  #skew = 0;
  #timer: Timer | undefined;

  constructor(max: number, perMs: number) {
    this.max = max;
    this.perMs = perMs;
  }

  /** How much can be reserved now. */
  get available(): number {
    this.#expire();
    return this.max - this.#used - this.#reserved;
  }

  /** Reserve an amount; `false` if there is not so much. */
  reserve(amount: number): boolean {
    if (amount > this.available) return false;
    this.#reserved += amount;
    return true;
  }

  /** Use what was reserved. */
  use(amount: number): void {
    this.#reserved -= amount;
    this.#used += amount;
    const at = this.#now();
    if (this.#newest?.at === at) {
      this.#newest.amount += amount;
      return;
    }
    this.#newest = { at, amount };
    this.#uses.push(this.#newest);
  }

  /** Do not use what was reserved. */
  giveBack(amount: number): void {
    this.#reserved -= amount;
  }

  /**
   * Call `onTime` when so much can be reserved, if only time is in the way; once, and instead of what
   * was to be called before.
   */
  whenFits(amount: number, onTime: () => void): void {
    this.stop();
    let missing = amount - this.available;
    for (const { at, amount } of this.#uses) {
      missing -= amount;
      if (missing <= 0) return this.#startTimer(at + this.perMs, onTime);
    }
  }

  /** Call nothing any more. */
  stop(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #startTimer(due: number, onTime: () => void): void {
    this.#timer = startTimer(Math.max(0, due - this.#now()), () => {
      const early = due - this.#now();
      if (early > 0 && early <= EARLY) return this.#startTimer(due, onTime);
      // One that is earlier goes by another clock: a test fakes timers alone, or has stopped `Date`.
      if (early > 0) this.#skew += early;
      this.#timer = undefined;
      onTime();
    });
  }

  #expire(): void {
    if (this.#used === 0) return;
    const at = this.#now();
    for (let first = this.#uses.peek(); first !== undefined; first = this.#uses.peek()) {
      if (first.at + this.perMs > at) return;
      this.#used -= first.amount;
      this.#uses.shift();
    }
    this.#newest = undefined;
  }

  #now(): number {
    const at = timerNow() + this.#skew;
    const newest = this.#newest;
    if (newest !== undefined && at < newest.at) {
      // Time was faked, or is not any more: what was used is as old as before.
      const back = newest.at - at;
      for (const use of this.#uses) use.at -= back;
    }
    return at;
  }
}
