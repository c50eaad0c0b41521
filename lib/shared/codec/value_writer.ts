import { show } from "../../base/validate.ts";
import { encodeError } from "../../wire/errors.ts";
import { Connection } from "../../wire/connection.ts";
import { isDisguised, kindOf, ObjectKind, unbox } from "../../wire/object_kind.ts";
import { parcel, type Shareable } from "../../wire/shareable.ts";
import * as tag from "./tags.ts";

/** Up to this many characters a loop is faster than the platform's encoder. */
const SHORT = 32;

/** With so many objects, a map finds one faster than a search does. */
const MANY = 12;

/** More than this is kept for one value only. */
const LARGE = 2 ** 20;

const nothing = new Uint8Array(0);
/** Made when needed: Deno loads the class when it is first read. */
let encoder: TextEncoder | undefined;

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
    switch (kindOf(value)) {
      case ObjectKind.Plain:
        return this.#plain(value);
      case ObjectKind.Array:
        return this.#array(value as unknown[]);
      case ObjectKind.View:
        return this.#viewOf(value as ArrayBufferView);
      case ObjectKind.Buffer:
        return this.#buffer(value as ArrayBuffer);
      case ObjectKind.Map:
        return this.#map(value as Map<unknown, unknown>);
      case ObjectKind.Set:
        return this.#set(value as Set<unknown>);
      case ObjectKind.Date:
        this.#byte(tag.DATE);
        return this.#double(Date.prototype.getTime.call(value));
      case ObjectKind.RegExp:
        this.#byte(tag.REGEXP);
        this.#text((value as RegExp).source);
        return this.#text((value as RegExp).flags);
      case ObjectKind.Boxed:
        this.#byte(tag.BOXED);
        return this.#value(unbox(value));
      case ObjectKind.Error:
        return this.#error(value as Error);
      case ObjectKind.SharedBuffer:
        return this.#shared(value);
      case ObjectKind.Shared:
        // It moves to one thread, and nobody knows yet to which.
        if (value instanceof Connection) throw refusal(value);
        return this.#shared((value as Shareable)[parcel](false));
      default:
        throw refusal(value);
    }
  }

  #shared(handle: unknown): void {
    this.#byte(tag.SHARED);
    this.#varint(this.#handles.length);
    this.#handles.push(handle);
  }

  #plain(value: object): void {
    const keys = Object.keys(value);
    if (keys.length === 0 && isDisguised(value)) throw refusal(value);
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
    for (const field of fields) this.#attempt(field);
    this.#byte(tag.UNDEFINED);
  }

  /** Write a field of an error. One that cannot cross, or is too deep, stays behind. */
  #attempt(field: unknown[]): void {
    const before = this.#length;
    const handles = this.#handles.length;
    const objects = this.#numbers?.size ?? this.#objects.length;
    try {
      this.#value(field);
    } catch {
      this.#length = before;
      this.#handles.length = handles;
      this.#forget(objects);
    }
  }

  #viewOf(value: ArrayBufferView): void {
    const number = tag.VIEWS.indexOf(
      viewName(value) as typeof tag.VIEWS[number],
    );
    const { buffer } = value;
    if (number < 0) throw refusal(value);
    this.#byte(tag.VIEW);
    this.#varint(tracksLength(value) ? tag.TRACKING + number : number);
    this.#varint(value.byteOffset);
    this.#varint((value as Uint8Array).length ?? value.byteLength);
    this.#object(buffer);
  }

  #buffer(value: ArrayBuffer): void {
    if (value.detached) throw refusal(value, "a detached ArrayBuffer");
    const { byteLength } = value;
    this.#byte(value.resizable ? tag.RESIZABLE : tag.BUFFER);
    if (value.resizable) this.#varint(value.maxByteLength);
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
    encoder ??= new TextEncoder();
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

  /** Take back the numbers from `first` on. */
  #forget(first: number): void {
    if (this.#numbers === undefined) this.#objects.length = first;
    else this.#numbers = new Map([...this.#numbers].slice(0, first));
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

/** The class of a view, of whichever realm it is. */
function viewName(view: ArrayBufferView): string {
  return typedArrayName.call(view) ?? "DataView";
}

const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: ArrayBufferView) => string | undefined;

/**
 * Whether a view becomes longer and shorter with its buffer, which it does not tell: one that does not
 * is of no use once its buffer is too short for it.
 */
function tracksLength(view: ArrayBufferView): boolean {
  const { buffer, byteOffset, byteLength } = view;
  if (!(buffer as ArrayBuffer).resizable || byteLength === 0) return false;
  if (buffer.byteLength - byteOffset - byteLength >= 8) return false;
  const clone = structuredClone(view) as Uint8Array;
  (clone.buffer as ArrayBuffer).resize(byteOffset);
  try {
    // Throws for one that has no use.
    return viewName(clone) === "DataView" ? clone.byteLength === 0 : clone.at(0) === undefined;
  } catch {
    return false;
  }
}

function refusal(value: unknown, shown: string = show(value)): TypeError {
  const moves = value instanceof Connection || value instanceof MessagePort;
  const why = moves ? ", which moves to one thread: pass it through a pipe or as an argument" : "";
  return new TypeError(`Cannot put a value into a shared queue: it holds ${shown}${why}`);
}
