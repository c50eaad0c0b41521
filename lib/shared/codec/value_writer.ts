import { show } from "../../base/validate.ts";
import { encodeError } from "../../wire/errors.ts";
import { Connection } from "../../wire/connection.ts";
import { parcel, type Shareable } from "../../wire/shareable.ts";
import * as tag from "./tags.ts";

/** Up to this many characters a loop is faster than the platform's encoder. */
const SHORT = 32;

/** With so many objects, a map finds one faster than a search does. */
const MANY = 12;

/** More than this is kept for one value only. */
const LARGE = 2 ** 20;

const nothing = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * Writes values as bytes: what structured clone takes, by value, with the same results, except that
 * errors keep class and fields, and that what lives in the platform is refused. What is shared cannot
 * be written: it goes beside the bytes.
 */
export class ValueWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #words = new Int32Array(this.#bytes.buffer);
  #length = 0;
  readonly #objects: object[] = [];
  #numbers: Map<object, number> | undefined = undefined;
  #handles: unknown[] = [];

  /** What has to go beside the bytes of what was written last: memory, and parcels of it. */
  get handles(): unknown[] {
    return this.#handles;
  }

  /** The bytes of what was written last; good until the next time. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** The same, four at a time. */
  get words(): Int32Array<ArrayBuffer> {
    return this.#words;
  }

  /**
   * Write one value.
   *
   * @returns How many bytes it took.
   * @throws {TypeError} If it, or something in it, cannot be written.
   */
  write(value: unknown): number {
    // One large value must not hold its memory for ever.
    if (this.#bytes.length > LARGE) this.#allocate(256, nothing);
    this.#length = 0;
    if (this.#handles.length > 0) this.#handles = [];
    try {
      this.#value(value);
      return this.#length;
    } finally {
      this.#objects.length = 0;
      this.#numbers = undefined;
    }
  }

  /** Write a number behind it all, in 8 bytes. Gives how many bytes there are now. */
  sign(number: number): number {
    this.#double(number);
    return this.#length;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "string":
        return this.#text(value);
      case "boolean":
        return this.#byte(value ? tag.TRUE : tag.FALSE);
      case "undefined":
        return this.#byte(tag.UNDEFINED);
      case "bigint":
        this.#byte(tag.BIGINT);
        return this.#text(value.toString(16));
      case "object":
        if (value === null) return this.#byte(tag.NULL);
        return this.#object(value);
      default:
        throw refusal(value);
    }
  }

  #object(value: object): void {
    const number = this.#numberOf(value);
    if (number >= 0) {
      this.#byte(tag.BACK);
      return this.#varint(number);
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#plain(value);
    if (Array.isArray(value)) return this.#array(value);
    if (ArrayBuffer.isView(value)) return this.#viewOf(value);
    if (value instanceof ArrayBuffer) return this.#buffer(value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (value instanceof Date) {
      this.#byte(tag.DATE);
      return this.#double(value.getTime());
    }
    if (value instanceof RegExp) {
      this.#byte(tag.REGEXP);
      this.#text(value.source);
      return this.#text(value.flags);
    }
    if (value instanceof Error) return this.#error(value);
    if (isBoxed(value)) {
      this.#byte(tag.BOXED);
      return this.#value(value.valueOf());
    }
    if (value instanceof SharedArrayBuffer || isShareable(value)) return this.#shared(value);
    if (!isPlain(value)) throw refusal(value);
    this.#plain(value);
  }

  #shared(value: SharedArrayBuffer | Shareable): void {
    // It moves to one thread, and nobody knows yet to which.
    if (value instanceof Connection) throw refusal(value);
    this.#byte(tag.SHARED);
    this.#varint(this.#handles.length);
    this.#handles.push(value instanceof SharedArrayBuffer ? value : value[parcel]());
  }

  #plain(value: object): void {
    if (isShareable(value)) throw refusal(value);
    const keys = Object.keys(value);
    this.#byte(tag.OBJECT);
    this.#fields(value, keys);
  }

  #fields(value: object, keys: string[]): void {
    this.#varint(keys.length);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      this.#text(key);
      this.#value((value as Record<string, unknown>)[key]);
    }
  }

  #array(value: unknown[]): void {
    const { length } = value;
    const keys = Object.keys(value);
    if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) {
      this.#byte(tag.ARRAY);
      this.#varint(length);
      for (let i = 0; i < length; i++) this.#value(value[i]);
      return;
    }
    this.#byte(tag.SPARSE);
    this.#varint(length);
    this.#fields(value, keys);
  }

  // What the writing itself may change by way of getters is copied first.
  #map(value: Map<unknown, unknown>): void {
    const entries = [...value];
    this.#byte(tag.MAP);
    this.#varint(entries.length);
    for (const [key, item] of entries) {
      this.#value(key);
      this.#value(item);
    }
  }

  #set(value: Set<unknown>): void {
    const items = [...value];
    this.#byte(tag.SET);
    this.#varint(items.length);
    for (const item of items) this.#value(item);
  }

  #error(value: Error): void {
    const { classes, message, stack, fields } = encodeError(value, (field) => field);
    this.#byte(tag.ERROR);
    // The name of a DOMException has to be known when it is made.
    const name = value instanceof DOMException ? value.name : undefined;
    this.#value([classes, message, stack, name]);
    this.#value(fields);
  }

  #viewOf(value: ArrayBufferView): void {
    const number = tag.VIEWS.indexOf(
      (value instanceof DataView
        ? "DataView"
        : (value as Uint8Array)[Symbol.toStringTag]) as typeof tag.VIEWS[number],
    );
    const { buffer } = value;
    if (number < 0) throw refusal(value);
    this.#byte(tag.VIEW);
    this.#varint(number);
    this.#varint(value.byteOffset);
    this.#varint(value instanceof DataView ? value.byteLength : (value as Uint8Array).length);
    this.#object(buffer);
  }

  #buffer(value: ArrayBuffer): void {
    if (value.detached) throw refusal(value, "a detached ArrayBuffer");
    const { byteLength } = value;
    this.#byte(tag.BUFFER);
    this.#varint(byteLength);
    this.#reserve(byteLength);
    this.#bytes.set(new Uint8Array(value), this.#length);
    this.#length += byteLength;
  }

  #number(value: number): void {
    if ((value | 0) === value && !(value === 0 && 1 / value < 0)) {
      this.#byte(tag.INTEGER);
      return this.#varint((value << 1 ^ value >> 31) >>> 0);
    }
    this.#byte(tag.DOUBLE);
    this.#double(value);
  }

  #double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #text(value: string): void {
    const { length } = value;
    if (length > SHORT) return this.#longText(value);
    this.#reserve(6 + length);
    const bytes = this.#bytes;
    const at = this.#length;
    bytes[at] = tag.ASCII;
    bytes[at + 1] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return this.#longText(value);
      bytes[at + 2 + i] = code;
    }
    this.#length = at + 2 + length;
  }

  #longText(value: string): void {
    if (!value.isWellFormed()) return this.#utf16(value);
    const { length } = value;
    // Tag and length go in front when they are known: at most 6 bytes.
    this.#reserve(6 + 3 * length);
    const start = this.#length;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start + 6));
    this.#byte(written === length ? tag.ASCII : tag.UTF8);
    this.#varint(written);
    this.#bytes.copyWithin(this.#length, start + 6, start + 6 + written);
    this.#length += written;
  }

  #utf16(value: string): void {
    const { length } = value;
    this.#reserve(6 + 2 * length);
    this.#byte(tag.UTF16);
    this.#varint(length);
    for (let i = 0; i < length; i++) {
      this.#view.setUint16(this.#length, value.charCodeAt(i), true);
      this.#length += 2;
    }
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #varint(value: number): void {
    this.#reserve(8);
    while (value > 127) {
      this.#bytes[this.#length++] = value % 128 + 128;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    // In whole slots, for those who copy more than a byte at a time.
    this.#allocate(Math.ceil(Math.max(needed, 2 * this.#bytes.length) / 8) * 8, this.#bytes);
  }

  #allocate(size: number, bytes: Uint8Array): void {
    this.#bytes = new Uint8Array(size);
    this.#bytes.set(bytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  /** The number of an object that has begun; below 0, and a new number for it, if it has not. */
  #numberOf(value: object): number {
    const objects = this.#objects;
    if (this.#numbers === undefined) {
      const number = objects.indexOf(value);
      if (number < 0) {
        objects.push(value);
        if (objects.length > MANY) {
          this.#numbers = new Map(objects.map((object, index) => [object, index]));
        }
      }
      return number;
    }
    const number = this.#numbers.get(value);
    if (number !== undefined) return number;
    this.#numbers.set(value, this.#numbers.size);
    return -1;
  }
}

function isShareable(value: object): value is Shareable {
  return (value as Partial<Shareable>)[parcel] !== undefined;
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean ||
    value instanceof BigInt;
}

/** Whether structured clone makes a plain object of it, as it does of an instance of a class. */
function isPlain(value: object): boolean {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name === "Object") return true;
  const Class = (globalThis as Record<string, unknown>)[name];
  // Of a URL, say, the platform would leave nothing.
  if (typeof Class === "function" && value instanceof Class) return false;
  try {
    return Object.getPrototypeOf(structuredClone(value)) === Object.prototype;
  } catch {
    return false;
  }
}

function refusal(value: unknown, shown: string = show(value)): TypeError {
  const moves = value instanceof Connection || value instanceof MessagePort;
  const why = moves ? ", which moves to one thread: pass it through a pipe or as an argument" : "";
  return new TypeError(`Cannot put a value into a shared queue: it holds ${shown}${why}`);
}
