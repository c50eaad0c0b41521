import { inspect } from "../base/inspect.ts";
import { allocateShared } from "../base/shared_memory.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import { LockProtocol } from "./protocol/lock_protocol.ts";
import { SharedLock } from "./shared_lock.ts";
import type { SharedElement, SharedNumberType, SharedType } from "./shared_type.ts";
import { type Cells, cellsOf, checkElement, checkType } from "./typed_arrays.ts";

const KIND = "SharedValue";

/** Where the value stands in the memory, behind its lock. */
const VALUE = Math.ceil(LockProtocol.SIZE / 16) * 64;

/**
 * One number in memory that all threads share.
 *
 * - Reading and writing `value`, `add`, `exchange` and `compareExchange` are atomic, also for
 *   floating-point types, and seen by all threads in the same order.
 * - `value += 1` is a read and then a write: what another thread wrote in between is lost. Use `add`,
 *   or hold `lock` around it.
 * - A value is stored as by a typed array: cut to the bits of its type.
 *
 * Passed to a worker, it arrives as the same value.
 *
 * CPython: `multiprocessing.Value`, with `lock` for `get_lock()`. The atomic operations have no pair
 * there.
 *
 * @typeParam T Which type it has; by default any that holds numbers.
 *
 * @example Two threads that count
 * ```ts
 * import { SharedValue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const count = new SharedValue("int32", 40);
 * assertEquals(count.add(1), 40);
 * {
 *   using _ = await count.lock.acquire();
 *   count.value += 1;
 * }
 * assertEquals(count.value, 42);
 * ```
 *
 * @example What goes wrong without
 * ```ts
 * import { SharedValue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // What two threads do with `count.value += 1`, in an order that may come about:
 * const count = new SharedValue("int32", 0);
 * const readByOne = count.value;
 * const readByTheOther = count.value;
 * count.value = readByOne + 1;
 * count.value = readByTheOther + 1;
 * assertEquals(count.value, 1); // one of the two updates is lost
 * ```
 */
export class SharedValue<T extends SharedType = SharedNumberType> extends Shareable {
  /** Its type, as given to the constructor. */
  readonly type: T;
  /** A lock for those who need more than one operation: `using _ = await value.lock.acquire()`. */
  readonly lock: SharedLock;
  readonly #cells: Cells<T>;

  /**
   * Make a value.
   *
   * @param type Its type, such as `"int32"` or `"float64"`.
   * @param initial What it is at first; 0 by default.
   * @param options `allowBlockingMain`: also let the lock block the main thread.
   * @throws {TypeError} If `type` is not a string, `initial` not a number (for the two big types: not
   *   a bigint), or `options` not an object.
   * @throws {RangeError} If there is no such type.
   */
  constructor(type: T, initial?: SharedElement<T>, options?: SharedOptions) {
    super();
    const what = "create a shared value";
    checkType(what, type);
    if (initial !== undefined) checkElement(what, "initial", type, initial);
    checkSharedOptions(what, options);
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(LockProtocol.SIZE, options, allocateShared(VALUE + 8));
    this.type = type;
    this.lock = new SharedLock(block);
    this.#cells = cellsOf(type, block.buffer, VALUE, 1);
    if (initial !== undefined) this.#cells.store(0, initial);
  }

  /** The value. Reading it and writing it are atomic, each for itself. */
  get value(): SharedElement<T> {
    return this.#cells.load(0);
  }

  set value(value: SharedElement<T>) {
    checkElement("set a shared value", "value", this.type, value);
    this.#cells.store(0, value);
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedValue [${this.type} ${this.value}]`;
  }

  /**
   * Add to it.
   *
   * @param n What to add; may be negative.
   * @returns The value before.
   * @throws {TypeError} If `n` is not a number (for the two big types: not a bigint).
   */
  add(n: SharedElement<T>): SharedElement<T> {
    checkElement("add to a shared value", "n", this.type, n);
    return this.#cells.add(0, n);
  }

  /**
   * Set it, and learn what it was.
   *
   * @param value The value from now on.
   * @returns The value before.
   * @throws {TypeError} If `value` is not a number (for the two big types: not a bigint).
   */
  exchange(value: SharedElement<T>): SharedElement<T> {
    checkElement("exchange a shared value", "value", this.type, value);
    return this.#cells.exchange(0, value);
  }

  /**
   * Set it if it is what is expected.
   *
   * @param expected What it has to be; `NaN` is taken to be equal to itself.
   * @param value The value from then on.
   * @returns The value before: it was set if that is `expected`.
   * @throws {TypeError} If either is not a number (for the two big types: not a bigint).
   */
  compareExchange(expected: SharedElement<T>, value: SharedElement<T>): SharedElement<T> {
    const what = "compare and exchange a shared value";
    checkElement(what, "expected", this.type, expected);
    checkElement(what, "value", this.type, value);
    return this.#cells.compareExchange(0, expected, value);
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: [this.lock[parcel]().data, this.type] };
  }
}

registerSharedType(KIND, ([handle, type]: [SharedHandle, SharedType]) => {
  return new SharedValue(type, undefined, SharedBlock.open(handle, LockProtocol.SIZE));
});
