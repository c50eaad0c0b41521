import { checkFunction, show } from "../base/validate.ts";
import { checkComparable, naturalOrder } from "./_natural_order.ts";
import { Queue, queueInternals } from "./queue.ts";
import { Ranked } from "./_storage.ts";

class NaturallyRanked<T> extends Ranked<T> {
  constructor() {
    super(naturalOrder);
  }

  override push(item: T): void {
    checkComparable(item);
    super.push(item);
  }
}

/**
 * A queue that gives the lowest item first, and among equal ones the one that was put first.
 *
 * Without a `compare` of its own it takes numbers and bigints, strings (in the order of their UTF-16
 * units), booleans and dates, and arrays of these, which are compared part by part: `[priority, data]`
 * is the usual form, and `data` counts only between equal priorities. Putting an item that
 * cannot be compared is a `TypeError`, and changes nothing.
 *
 * CPython: `asyncio.PriorityQueue`, where equal items come out in no particular order.
 *
 * @typeParam T What it holds.
 *
 * @example
 * ```ts
 * import { PriorityQueue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<[number, string]>();
 * await queue.put([2, "later"]);
 * await queue.put([1, "now"]);
 * assertEquals(await queue.get(), [1, "now"]);
 *
 * const longest = new PriorityQueue<string>(0, (a, b) => b.length - a.length);
 * await longest.put("be");
 * await longest.put("quick");
 * assertEquals(await longest.get(), "quick");
 * ```
 */
export class PriorityQueue<T> extends Queue<T> {
  /**
   * Make a queue.
   *
   * @param maxsize How many items it holds at most; 0 (the default), a negative number or `Infinity`
   *   for no limit.
   * @param compare Says which of two items comes first, as for `Array.prototype.sort`. An error that
   *   it throws comes out of the call that put or got, and the queue is as before.
   * @throws {TypeError} If `maxsize` is not a number, or `compare` not a function.
   * @throws {RangeError} If `maxsize` is `NaN`.
   */
  constructor(maxsize: number = 0, compare?: (a: T, b: T) => number) {
    super(maxsize);
    if (compare === undefined) {
      queueInternals.storeIn(this, new NaturallyRanked());
      return;
    }
    checkFunction("create a priority queue", "compare", compare);
    queueInternals.storeIn(this, new Ranked<T>((a, b) => checkOrder(compare(a, b))));
  }
}

function checkOrder(order: unknown): number {
  if (typeof order === "number" && order === order) return order;
  throw new TypeError(
    `Cannot compare items of a priority queue: compare must return a number, received ${
      show(order)
    }`,
  );
}
