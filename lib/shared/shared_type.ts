/**
 * What a `SharedValue` or the items of a `SharedArray` can be: the element types of typed arrays.
 *
 * @example
 * ```ts
 * import { SharedArray, type SharedType } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // The narrowest type that holds whole numbers from 0 to `most`.
 * function narrowest(most: number): SharedType & `uint${number}` {
 *   if (most < 2 ** 8) return "uint8";
 *   return most < 2 ** 16 ? "uint16" : "uint32";
 * }
 *
 * const pixels = new SharedArray(narrowest(255), 1_000);
 * assertEquals(pixels.array.byteLength, 1_000);
 * ```
 */
export type SharedType =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "bigint64"
  | "biguint64"
  | "float32"
  | "float64";

/**
 * The shared types that hold numbers.
 *
 * @example
 * ```ts
 * import { SharedArray, type SharedNumberType } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // A shared copy of measurements, as exact as is asked for; `"bigint64"` would be refused here.
 * function share(values: number[], type: SharedNumberType = "float32"): SharedArray {
 *   return new SharedArray(type, values);
 * }
 *
 * assertEquals([...share([0.5, 0.25])], [0.5, 0.25]);
 * assertEquals([...share([0.1], "float64")], [0.1]);
 * ```
 */
export type SharedNumberType = Exclude<SharedType, "bigint64" | "biguint64">;

/**
 * The type of the values of a shared type: `bigint` for the two that say so, else `number`.
 *
 * @example
 * ```ts
 * import { SharedArray, type SharedElement, type SharedType } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // The largest item: a number or a bigint, as the array has it.
 * function largest<T extends SharedType>(array: SharedArray<T>): SharedElement<T> | undefined {
 *   let most: SharedElement<T> | undefined;
 *   for (const item of array) if (most === undefined || item > most) most = item;
 *   return most;
 * }
 *
 * assertEquals(largest(new SharedArray("float32", [0.5, 2.5, 1])), 2.5);
 * assertEquals(largest(new SharedArray("biguint64", [3n, 2n])), 3n);
 * ```
 */
export type SharedElement<T extends SharedType> = T extends "bigint64" | "biguint64" ? bigint
  : number;

/**
 * The typed array for a shared type, on shared memory.
 *
 * @example
 * ```ts
 * import { SharedArray, type SharedTypedArray, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Scales a part of an image in slot; a typed array is the quickest way to its items.
 * function scale(pixels: SharedTypedArray<"float32">, factor: number): void {
 *   for (let i = 0; i < pixels.length; i++) pixels[i]! *= factor;
 * }
 *
 * const image = new SharedArray("float32", [1, 2, 3, 4]);
 * await using pool = new WorkerPool(1);
 * await pool.submit(scale, image.array.subarray(2), 10); // a view crosses, the memory is shared
 * assertEquals([...image], [1, 2, 30, 40]);
 * ```
 */
export type SharedTypedArray<T extends SharedType> = {
  int8: Int8Array<SharedArrayBuffer>;
  uint8: Uint8Array<SharedArrayBuffer>;
  int16: Int16Array<SharedArrayBuffer>;
  uint16: Uint16Array<SharedArrayBuffer>;
  int32: Int32Array<SharedArrayBuffer>;
  uint32: Uint32Array<SharedArrayBuffer>;
  bigint64: BigInt64Array<SharedArrayBuffer>;
  biguint64: BigUint64Array<SharedArrayBuffer>;
  float32: Float32Array<SharedArrayBuffer>;
  float64: Float64Array<SharedArrayBuffer>;
}[T];
