/**
 * How values are written as bytes for a shared queue: a tag, then what belongs to it. Numbers of
 * things are varints. Objects are numbered in the order in which they begin; `BACK` refers to one.
 */
export const UNDEFINED = 0;
export const NULL = 1;
export const TRUE = 2;
export const FALSE = 3;
/** A zigzag varint. */
export const INTEGER = 4;
/** 8 bytes. */
export const DOUBLE = 5;
/** A sign, then the digits in base 16 as text. */
export const BIGINT = 6;
/** Text of which each character is one byte below 128. */
export const ASCII = 7;
/** Text in UTF-8. */
export const UTF8 = 8;
/** Text in UTF-16, perhaps with lone surrogates. */
export const UTF16 = 9;
/** The number of an object that has begun before. */
export const BACK = 10;
/** The number of fields, then name and value of each. */
export const OBJECT = 11;
/** The length, then the items. */
export const ARRAY = 12;
/** The length, the number of fields, then name and value of each: an array with holes or more. */
export const SPARSE = 13;
/** The number of entries, then key and value of each. */
export const MAP = 14;
/** The number of items, then each. */
export const SET = 15;
/** Milliseconds, 8 bytes. */
export const DATE = 16;
/** Source and flags. */
export const REGEXP = 17;
/** The length, then the bytes. */
export const BUFFER = 18;
/** Which class, the offset, the length, then the buffer. */
export const VIEW = 19;
/** What it takes to make it again, its fields, `UNDEFINED`. */
export const ERROR = 20;
/** The primitive in it. */
export const BOXED = 21;
/** Which of the handles that go beside it. */
export const SHARED = 22;
/** The length that it may grow to, the length, then the bytes. */
export const RESIZABLE = 23;

/** Added to the number of the class of a view that is as long as its buffer allows. */
export const TRACKING = 16;

/** The classes of views, by their number. */
export const VIEWS = [
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
] as const;
