import { Queue, queueInternals } from "./queue.ts";
import { Stack } from "./_storage.ts";

/**
 * A queue that gives the item first that was put last.
 *
 * CPython: `asyncio.LifoQueue`.
 *
 * @typeParam T What it holds.
 *
 * @example
 * ```ts
 * import { LifoQueue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new LifoQueue<string>();
 * await queue.put("first");
 * await queue.put("last");
 * assertEquals(await queue.get(), "last");
 * ```
 */
export class LifoQueue<T> extends Queue<T> {
  /**
   * Make a queue.
   *
   * @param maxsize How many items it holds at most; 0 (the default), a negative number or `Infinity`
   *   for no limit.
   * @throws {TypeError} If `maxsize` is not a number.
   * @throws {RangeError} If `maxsize` is `NaN`.
   */
  constructor(maxsize: number = 0) {
    super(maxsize);
    queueInternals.storeIn(this, new Stack());
  }
}
