import { inspect } from "../base/inspect.ts";
import { allocateShared } from "../base/shared_memory.ts";
import { checkInteger, show } from "../base/validate.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import { LockProtocol } from "./protocol/lock_protocol.ts";
import { SharedLock } from "./shared_lock.ts";
import type {
  SharedElement,
  SharedNumberType,
  SharedType,
  SharedTypedArray,
} from "./shared_type.ts";
import { checkElement, checkType, typedArrayClass } from "./typed_arrays.ts";

const KIND = "SharedArray";

/** Where the items stand in the memory, behind the lock. */
const ITEMS = Math.ceil(LockProtocol.SIZE / 16) * 64;

/**
 * Numbers of one type in memory that all threads share.
 *
 * - `get` and `set` check their index and are plain reads and writes: threads that write to the same
 *   items hold `lock`. Those that write to different ones need not.
 * - `array` is the typed array itself, for `Atomics`, for speed, and for all that typed arrays can do.
 *
 * Passed to a worker, it arrives as the same array.
 *
 * CPython: `multiprocessing.Array`, with `lock` for `get_lock()`.
 *
 * @typeParam T Which type its items have; by default any that holds numbers.
 *
 * @example
 * ```ts
 * import { SharedArray } from "@strand/strand";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const squares = new SharedArray("int32", 4);
 * for (let i = 0; i < squares.length; i++) squares.set(i, i * i);
 * assertEquals([...squares], [0, 1, 4, 9]);
 * assertThrows(() => squares.get(4), RangeError);
 * assertEquals([...new SharedArray("float64", [0.5, 1.5])], [0.5, 1.5]);
 * ```
 */
export class SharedArray<T extends SharedType = SharedNumberType> extends Shareable {
  /** The type of its items, as given to the constructor. */
  readonly type: T;
  /** The typed array, on shared memory. */
  readonly array: SharedTypedArray<T>;
  /** A lock for those who change the same items: `using _ = await array.lock.acquire()`. */
  readonly lock: SharedLock;

  /**
   * Make an array.
   *
   * @param type The type of its items, such as `"int32"` or `"float64"`.
   * @param lengthOrValues How many items, all 0 at first; or the items.
   * @param options `allowBlockingMain`: also let the lock block the main thread.
   * @throws {TypeError} If `type` is not a string; if `lengthOrValues` is neither a number nor
   *   iterable; if one of the values is not a number (for the two big types: not a bigint); or if
   *   `options` is not an object.
   * @throws {RangeError} If there is no such type, the length is negative or no integer, or there is
   *   not so much memory.
   */
  constructor(
    type: T,
    lengthOrValues: number | Iterable<SharedElement<T>>,
    options?: SharedOptions,
  ) {
    super();
    const what = "create a shared array";
    checkType(what, type);
    checkSharedOptions(what, options);
    const values = typeof lengthOrValues === "number"
      ? undefined
      : valuesOf(what, type, lengthOrValues);
    const length = values?.length ?? lengthOrValues as number;
    checkInteger(what, "lengthOrValues", length, 0);
    const Class = typedArrayClass(type);
    const bytes = ITEMS + length * Class.BYTES_PER_ELEMENT;
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(LockProtocol.SIZE, options, allocateShared(bytes));
    this.type = type;
    this.lock = new SharedLock(block);
    this.array = new Class(block.buffer, ITEMS, length);
    if (values !== undefined) (this.array as Int32Array).set(values as number[]);
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedArray [${this.type}, ${this.length} elements]`;
  }

  /** How many items it has. */
  get length(): number {
    return this.array.length;
  }

  /**
   * Read an item.
   *
   * @param index Which one, from 0.
   * @returns The item.
   * @throws {TypeError} If `index` is not a number.
   * @throws {RangeError} If there is no such item.
   */
  get(index: number): SharedElement<T> {
    if (typeof index !== "number" || this.array[index] === undefined) {
      this.#refuse("get an item of a shared array", index);
    }
    return this.array[index] as SharedElement<T>;
  }

  /**
   * Write an item.
   *
   * @param index Which one, from 0.
   * @param value What to write; it is cut to the bits of the type.
   * @throws {TypeError} If `index` is not a number, or `value` not (for the two big types: not a
   *   bigint).
   * @throws {RangeError} If there is no such item.
   */
  set(index: number, value: SharedElement<T>): void {
    const what = "set an item of a shared array";
    if (typeof index !== "number" || this.array[index] === undefined) this.#refuse(what, index);
    checkElement(what, "value", this.type, value);
    (this.array as { [index: number]: unknown })[index] = value;
  }

  /** The items, in order. */
  [Symbol.iterator](): IterableIterator<SharedElement<T>> {
    return this.array.values() as IterableIterator<SharedElement<T>>;
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: [this.lock[parcel]().data, this.type, this.length] };
  }

  #refuse(what: string, index: unknown): never {
    if (typeof index !== "number") {
      throw new TypeError(`Cannot ${what}: index must be a number, received ${show(index)}`);
    }
    throw new RangeError(
      `Cannot ${what}: index must be an integer from 0 to ${this.length - 1}, received ${index}`,
    );
  }
}

function valuesOf(what: string, type: SharedType, values: unknown): unknown[] {
  const iterate = (values as Partial<Iterable<unknown>> | null)?.[Symbol.iterator];
  if (typeof values === "string" || typeof iterate !== "function") {
    throw new TypeError(
      `Cannot ${what}: lengthOrValues must be a number or iterable, received ${show(values)}`,
    );
  }
  const list = [...values as Iterable<unknown>];
  list.forEach((value, i) => checkElement(what, `value ${i}`, type, value));
  return list;
}

registerSharedType(KIND, ([handle, type, length]: [SharedHandle, SharedType, number]) => {
  return new SharedArray(type, length, SharedBlock.open(handle, LockProtocol.SIZE));
});
