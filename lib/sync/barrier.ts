import { BrokenBarrierError } from "../errors.ts";
import { inspect } from "../base/inspect.ts";
import { checkInteger } from "../base/validate.ts";
import { WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { type Condition, conditionOf } from "./condition.ts";

const FILLING = 0;
const DRAINING = 1;
const RESETTING = 2;
const BROKEN = 3;

/**
 * A point at which a fixed number of tasks wait for each other, again and again.
 *
 * - When the last of them arrives, all go on. Whoever comes while they are leaving waits for the
 *   next round.
 * - One who is cancelled while waiting leaves the others waiting: the barrier is not broken by that.
 *
 * CPython: `asyncio.Barrier`.
 *
 * @example
 * ```ts
 * import { Barrier, gather } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(3);
 * const arrivals = await gather([1, 2, 3].map(() => () => barrier.wait()));
 * assertEquals(arrivals, [0, 1, 2]);
 * ```
 */
export class Barrier {
  readonly #parties: number;
  readonly #condition: Condition = conditionOf("Barrier");
  #state: number = FILLING;
  #inside = 0;

  /**
   * Make a barrier.
   *
   * @param parties How many have to arrive.
   * @throws {TypeError} If `parties` is not a number.
   * @throws {RangeError} If `parties` is not a positive integer.
   */
  constructor(parties: number) {
    checkInteger("create a barrier", "parties", parties, 1);
    this.#parties = parties;
  }

  /**
   * Wait until all have arrived.
   *
   * @returns A number from 0 to `parties - 1`, another one for each: the order of arrival.
   * @throws {BrokenBarrierError} (as a rejection) If the barrier is broken, or is aborted or reset
   *   while waiting.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  wait(): Promise<number> {
    const chain = new WaitChain();
    return racedWait(this.#wait(chain), chain);
  }

  async #wait(chain: WaitChain): Promise<number> {
    const condition = this.#condition;
    await chain.step(condition.acquire());
    try {
      while (this.#state === DRAINING || this.#state === RESETTING) {
        await chain.step(condition.wait());
      }
      if (this.#state === BROKEN) throw new BrokenBarrierError("The barrier was aborted");
      const arrival = this.#inside++;
      try {
        if (arrival + 1 === this.#parties) this.#enter(DRAINING);
        while (this.#state === FILLING) await chain.step(condition.wait());
        if (this.#state !== DRAINING) {
          throw new BrokenBarrierError("The barrier was aborted or reset");
        }
        return arrival;
      } finally {
        this.#leave();
      }
    } finally {
      condition.release();
    }
  }

  /**
   * Make the barrier as new. Whoever waits at it hears `BrokenBarrierError`.
   *
   * @returns When that is done; those who waited may still be leaving.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits for the
   *   barrier's lock.
   */
  reset(): Promise<void> {
    const chain = new WaitChain();
    return racedWait(this.#reset(chain), chain);
  }

  async #reset(chain: WaitChain): Promise<void> {
    await chain.step(this.#condition.acquire());
    this.#enter(this.#inside > 0 ? RESETTING : FILLING);
    this.#condition.release();
  }

  /**
   * Break the barrier: whoever waits at it, or comes to it from now on, hears
   * `BrokenBarrierError`. `reset` mends it.
   *
   * @returns When that is done.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits for the
   *   barrier's lock.
   */
  abort(): Promise<void> {
    const chain = new WaitChain();
    return racedWait(this.#abort(chain), chain);
  }

  async #abort(chain: WaitChain): Promise<void> {
    await chain.step(this.#condition.acquire());
    this.#enter(BROKEN);
    this.#condition.release();
  }

  /** How many tasks have to arrive. */
  get parties(): number {
    return this.#parties;
  }

  /** How many tasks wait for the others to arrive. CPython: `n_waiting`. */
  get nWaiting(): number {
    return this.#state === FILLING ? this.#inside : 0;
  }

  /** Whether the barrier was aborted, and not reset since. */
  get broken(): boolean {
    return this.#state === BROKEN;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `Barrier [${this.broken ? "broken" : `${this.nWaiting}/${this.#parties} waiting`}]`;
  }

  #enter(state: number): void {
    this.#state = state;
    this.#condition.notifyAll();
  }

  // The last to leave opens the barrier for the next round.
  #leave(): void {
    this.#inside--;
    if (this.#inside > 0) return;
    this.#enter(this.#state === BROKEN ? BROKEN : FILLING);
  }
}
