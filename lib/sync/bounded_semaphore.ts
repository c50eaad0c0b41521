import { Semaphore } from "./semaphore.ts";

/**
 * A semaphore that cannot be released more often than it was acquired.
 *
 * CPython: `asyncio.BoundedSemaphore`.
 *
 * @example
 * ```ts
 * import { BoundedSemaphore } from "@strand/strand";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(2);
 * await semaphore.acquire();
 * semaphore.release();
 * assertThrows(() => semaphore.release(), RangeError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * Make a bounded semaphore.
   *
   * @param value How many permits there are at first, and at most; 1 by default.
   * @throws {TypeError} If `value` is not a number.
   * @throws {RangeError} If `value` is negative or no integer.
   */
  constructor(value: number = 1) {
    super(value);
    this.#bound = value;
  }

  /**
   * Give back a permit and wake the one who has waited longest.
   *
   * @throws {RangeError} If all permits are there already.
   */
  override release(): void {
    if (this.value >= this.#bound) {
      throw new RangeError(
        `Cannot release a bounded semaphore: all of its permits are there already, ${this.#bound}`,
      );
    }
    super.release();
  }
}
