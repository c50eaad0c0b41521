import { inspect, showCounts } from "../base/inspect.ts";
import { SlidingWindow } from "../base/sliding_window.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkInteger, checkPeriod } from "../base/validate.ts";
import { runTimer } from "../core/scheduler.ts";
import { type CancelOutcome, noWait, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/** A wait for some of the rate. */
interface RateWait {
  readonly amount: number;
}

/**
 * A limit to how often something is done: at most `max` times in any `perMs` milliseconds.
 *
 * - Whatever span of `perMs` milliseconds is looked at, no more than `max` was let through in it.
 *   What is taken is free again `perMs` milliseconds later, and not in one go at the end of a period.
 *   At first, and after a rest, `max` go through at once.
 * - First come, first served: one who wants little does not overtake one who wants much.
 * - Whoever is cancelled while waiting takes nothing, and the others move up.
 *
 * Fake timers move it as they move `sleep`.
 *
 * CPython: not there; `aiolimiter.AsyncLimiter` is the usual library, a leaky bucket.
 *
 * @example
 * ```ts
 * import { gather, RateLimiter } from "@strand/strand";
 * import { assert } from "@std/assert";
 *
 * const limiter = new RateLimiter(2, 20); // two in any 20 milliseconds
 * const times: number[] = [];
 * const request = async () => {
 *   await limiter.acquire();
 *   times.push(performance.now());
 * };
 * await gather([request, request, request]);
 * assert(times[2]! - times[0]! >= 20);
 * ```
 */
export class RateLimiter {
  readonly #window: SlidingWindow;
  readonly #waiters: WaitQueue<Waiter<void> & RateWait> = new WaitQueue();
  /** How many were woken and have not had their turn. */
  #woken = 0;

  static #Acquire = class extends Waiter<void> implements RateWait {
    readonly #limiter: RateLimiter;
    readonly amount: number;

    constructor(limiter: RateLimiter, amount: number) {
      super();
      this.#limiter = limiter;
      this.amount = amount;
      limiter.#waiters.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "RateLimiter" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#limiter.#waiters.remove(this);
      return "left";
    }

    protected override onWithdrawn(): void {
      // The one who left may have wanted much, and the next little.
      this.#limiter.#passOn();
    }

    protected override onLost(): void {
      this.#limiter.#woken--;
      this.#limiter.#window.giveBack(this.amount);
      this.#limiter.#passOn();
    }

    protected override onResume(): void {
      // Counted from this turn on, as what is limited is done from now on, and not when it was woken.
      this.#limiter.#woken--;
      this.#limiter.#window.use(this.amount);
      this.#limiter.#passOn();
    }
  };

  /**
   * Make a limiter.
   *
   * @param max How much may be taken in any `perMs` milliseconds.
   * @param perMs How long it takes until what was taken is free again, in milliseconds.
   * @throws {TypeError} If an argument is not a number.
   * @throws {RangeError} If `max` is not a positive integer, or `perMs` not positive and finite.
   */
  constructor(max: number, perMs: number) {
    const what = "create a rate limiter";
    checkInteger(what, "max", max, 1);
    checkPeriod(what, "perMs", perMs);
    this.#window = new SlidingWindow(max, perMs);
  }

  /**
   * Take some of the rate; wait until there is as much, and until all who came before have theirs.
   *
   * When there is enough, there is no wait, and no cancellation point either.
   *
   * @param amount How much to take; 1 by default.
   * @throws {TypeError} (as a rejection) If `amount` is not a number.
   * @throws {RangeError} (as a rejection) If `amount` is not a positive integer, or above `max`.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits; nothing is
   *   taken then.
   */
  acquire(amount: number = 1): Promise<void> {
    try {
      if (this.#take("acquire from a rate limiter", amount)) {
        return noWait(undefined);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    const wait = new RateLimiter.#Acquire(this, amount);
    if (this.#waiters.size === 1) this.#passOn();
    return wait.begin();
  }

  /**
   * Take some of the rate if that needs no waiting; does not overtake those who wait.
   *
   * @param amount How much to take; 1 by default.
   * @returns Whether it was taken.
   * @throws {TypeError} If `amount` is not a number.
   * @throws {RangeError} If `amount` is not a positive integer, or above `max`.
   */
  tryAcquire(amount: number = 1): boolean {
    return this.#take("acquire from a rate limiter", amount);
  }

  /** How much is free now; those who wait for more than that may have the first claim to it. */
  get available(): number {
    return this.#window.available;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const { max, perMs, available } = this.#window;
    const rate = `${max - available}/${max} in ${perMs} ms`;
    return `RateLimiter [${[rate, ...showCounts({ waiting: this.#waiters.size })].join(", ")}]`;
  }

  #take(what: string, amount: number): boolean {
    checkInteger(what, "amount", amount, 1);
    const { max } = this.#window;
    if (amount > max) {
      throw new RangeError(`Cannot ${what}: amount must be at most ${max}, received ${amount}`);
    }
    if (this.#woken + this.#waiters.size > 0 || !this.#window.reserve(amount)) return false;
    this.#window.use(amount);
    return true;
  }

  /** Wake those for whom there is enough, and see to it that the next one is woken in time. */
  #passOn(): void {
    this.#window.stop();
    for (let first = this.#waiters.first; first !== undefined; first = this.#waiters.first) {
      if (!this.#window.reserve(first.amount)) {
        // What is reserved has its turn soon, and passes on then.
        this.#window.whenFits(first.amount, this.#onTime);
        return;
      }
      this.#waiters.shift();
      this.#woken++;
      first.wake();
    }
  }

  // No step of the code that has started the timer.
  readonly #onTime = (): void => runTimer(() => this.#passOn());
}
