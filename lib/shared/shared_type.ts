/** What a `SharedValue` or the items of a `SharedArray` can be: the element types of typed arrays. */
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

/** The shared types that hold numbers. */
export type SharedNumberType = Exclude<SharedType, "bigint64" | "biguint64">;

/** The type of the values of a shared type: `bigint` for the two that say so, else `number`. */
export type SharedElement<T extends SharedType> = T extends "bigint64" | "biguint64" ? bigint
  : number;

/** The typed array for a shared type, on shared memory. */
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
