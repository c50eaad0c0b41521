import { show } from "../base/validate.ts";
import type { SharedElement, SharedType, SharedTypedArray } from "./shared_type.ts";

/** A class of typed arrays. */
interface TypedArrays<T extends SharedType> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer, offset: number, length: number): SharedTypedArray<T>;
}

const classes: { [T in SharedType]: TypedArrays<T> } = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** The class of typed arrays for a shared type. */
export function typedArrayClass<T extends SharedType>(type: T): TypedArrays<T> {
  return classes[type] as unknown as TypedArrays<T>;
}

/** Refuse what is no shared type. */
export function checkType(what: string, type: unknown): void {
  if (typeof type !== "string") {
    throw new TypeError(`Cannot ${what}: type must be a string, received ${show(type)}`);
  }
  if (!Object.hasOwn(classes, type)) {
    const wanted = Object.keys(classes).map((name) => `"${name}"`).join(", ");
    throw new RangeError(`Cannot ${what}: type must be one of ${wanted}, received ${show(type)}`);
  }
}

/** Refuse what an element of the type cannot be made of. */
export function checkElement(what: string, name: string, type: SharedType, value: unknown): void {
  const big = type.startsWith("big");
  if (big ? typeof value !== "bigint" : typeof value !== "number") {
    const wanted = big ? "bigint" : "number";
    throw new TypeError(`Cannot ${what}: ${name} must be a ${wanted}, received ${show(value)}`);
  }
}

/** Atomic operations on the elements of a typed array. */
export interface Cells<T extends SharedType> {
  load(index: number): SharedElement<T>;
  store(index: number, value: SharedElement<T>): void;
  /** Gives the value before. */
  add(index: number, n: SharedElement<T>): SharedElement<T>;
  /** Gives the value before. */
  exchange(index: number, value: SharedElement<T>): SharedElement<T>;
  /** Gives the value before. */
  compareExchange(
    index: number,
    expected: SharedElement<T>,
    value: SharedElement<T>,
  ): SharedElement<T>;
}

/** Make the atomic operations for elements of `type` in `buffer`. */
export function cellsOf<T extends SharedType>(
  type: T,
  buffer: SharedArrayBuffer,
  offset: number,
  length: number,
): Cells<T> {
  let cells: unknown;
  if (type === "float64") cells = new FloatCells(new Float64Bits(buffer, offset, length));
  else if (type === "float32") cells = new FloatCells(new Float32Bits(buffer, offset, length));
  else cells = new IntegerCells(new (typedArrayClass(type))(buffer, offset, length) as Int32Array);
  return cells as Cells<T>;
}

/** `Atomics` does it all. What is said of `number` holds for `bigint`, too. */
class IntegerCells implements Cells<"int32"> {
  readonly #array: Int32Array;

  constructor(array: Int32Array) {
    this.#array = array;
  }

  load(index: number): number {
    return Atomics.load(this.#array, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.#array, index, value);
  }

  add(index: number, n: number): number {
    return Atomics.add(this.#array, index, n);
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.#array, index, value);
  }

  compareExchange(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#array, index, expected, value);
  }
}

/** Floating-point numbers as the integers that their bits make. */
interface Bits<I> {
  readonly array: Int32Array | BigInt64Array;
  toBits(value: number): I;
  fromBits(bits: I): number;
}

class Float32Bits implements Bits<number> {
  readonly array: Int32Array;
  readonly #float = new Float32Array(1);
  readonly #bits = new Int32Array(this.#float.buffer);

  constructor(buffer: SharedArrayBuffer, offset: number, length: number) {
    this.array = new Int32Array(buffer, offset, length);
  }

  toBits(value: number): number {
    this.#float[0] = value;
    return this.#bits[0]!;
  }

  fromBits(bits: number): number {
    this.#bits[0] = bits;
    return this.#float[0]!;
  }
}

class Float64Bits implements Bits<bigint> {
  readonly array: BigInt64Array;
  readonly #float = new Float64Array(1);
  readonly #bits = new BigInt64Array(this.#float.buffer);

  constructor(buffer: SharedArrayBuffer, offset: number, length: number) {
    this.array = new BigInt64Array(buffer, offset, length);
  }

  toBits(value: number): bigint {
    this.#float[0] = value;
    return this.#bits[0]!;
  }

  fromBits(bits: bigint): number {
    this.#bits[0] = bits;
    return this.#float[0]!;
  }
}

/** `Atomics` knows integers only: it works on the bits, again and again until nobody interferes. */
class FloatCells<I> implements Cells<"float64"> {
  readonly #bits: Bits<I>;
  readonly #array: Int32Array;

  constructor(bits: Bits<I>) {
    this.#bits = bits;
    // As in `IntegerCells`.
    this.#array = bits.array as Int32Array;
  }

  load(index: number): number {
    return this.#bits.fromBits(this.#load(index));
  }

  store(index: number, value: number): void {
    Atomics.store(this.#array, index, this.#bits.toBits(value) as number);
  }

  add(index: number, n: number): number {
    return this.#change(index, (old) => old + n);
  }

  exchange(index: number, value: number): number {
    return this.#change(index, () => value);
  }

  // By value, not by bits: 0 and -0 are equal, and so are all kinds of NaN.
  compareExchange(index: number, expected: number, value: number): number {
    const wanted = this.#bits.fromBits(this.#bits.toBits(expected));
    return this.#change(index, (old) => {
      return old === wanted || (Number.isNaN(old) && Number.isNaN(wanted)) ? value : undefined;
    });
  }

  #change(index: number, next: (old: number) => number | undefined): number {
    const bits = this.#bits;
    for (;;) {
      const seen = this.#load(index);
      const old = bits.fromBits(seen);
      const value = next(old);
      if (value === undefined) return old;
      const wanted = bits.toBits(value) as number;
      if (Atomics.compareExchange(this.#array, index, seen as number, wanted) === seen) return old;
    }
  }

  #load(index: number): I {
    return Atomics.load(this.#array, index) as I;
  }
}
