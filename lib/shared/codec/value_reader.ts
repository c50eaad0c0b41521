import { decodeError, type ErrorBox, fillError } from "../../wire/errors.ts";
import { type Parcel, revive } from "../../wire/shareable.ts";
import * as tag from "./tags.ts";

/** Up to this many characters a loop is faster than the platform's decoder. */
const SHORT = 32;

/** How many short texts are kept: names of fields come again and again. */
const KEPT = 512;

/** The largest weight that a digit of a number of things can have. */
const LARGEST = 2 ** 49;

/** Made when needed: Deno loads the class when it is first read. */
let decoder: TextDecoder | undefined;

function decode(bytes: Uint8Array): string {
  return (decoder ??= new TextDecoder("utf-8", { ignoreBOM: true })).decode(bytes);
}

type Buffers = new (
  buffer: ArrayBufferLike,
  offset: number,
  length?: number,
) => ArrayBufferView;

/** Reads values that a `ValueWriter` has written. */
export class ValueReader {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #objects: object[] = [];
  readonly #codes: number[] = [];
  readonly #kept: string[] = new Array(KEPT).fill("");
  #handles: unknown[] = [];

  /** Read the value that is written at the start of `bytes`; `handles` are what went beside it. */
  read(bytes: Uint8Array<ArrayBuffer>, handles: unknown[] = []): unknown {
    this.#handles = handles;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset);
    }
    this.#at = 0;
    try {
      return this.#value();
    } finally {
      this.#objects.length = 0;
    }
  }

  #value(): unknown {
    switch (this.#bytes[this.#at++]) {
      case tag.UNDEFINED:
        return undefined;
      case tag.NULL:
        return null;
      case tag.TRUE:
        return true;
      case tag.FALSE:
        return false;
      case tag.INTEGER: {
        const zigzag = this.#varint();
        return zigzag >>> 1 ^ -(zigzag & 1);
      }
      case tag.DOUBLE:
        return this.#double();
      case tag.BIGINT:
        return this.#bigint();
      case tag.ASCII:
        return this.#ascii();
      case tag.UTF8:
        return decode(this.#take(this.#varint()));
      case tag.UTF16:
        return this.#utf16();
      case tag.BACK:
        return this.#objects[this.#varint()];
      case tag.OBJECT:
        return this.#fields(this.#begin({}));
      case tag.ARRAY:
        return this.#array();
      case tag.SPARSE:
        return this.#fields(this.#begin(sparse(this.#varint())));
      case tag.MAP:
        return this.#map();
      case tag.SET:
        return this.#set();
      case tag.DATE:
        return this.#begin(new Date(this.#double()));
      case tag.REGEXP: {
        const number = this.#objects.push({}) - 1;
        const source = this.#value() as string;
        return this.#objects[number] = new RegExp(source, this.#value() as string);
      }
      case tag.BUFFER:
        return this.#begin(this.#copy(this.#varint()).buffer);
      case tag.RESIZABLE:
        return this.#begin(this.#resizable(this.#varint()));
      case tag.VIEW:
        return this.#viewOf();
      case tag.ERROR:
        return this.#error();
      case tag.BOXED: {
        const number = this.#objects.push({}) - 1;
        return this.#objects[number] = Object(this.#value());
      }
      case tag.SHARED:
        return this.#begin(this.#shared());
      default:
        throw malformed();
    }
  }

  #shared(): object {
    const handles = this.#handles[this.#varint()]!;
    if (handles instanceof SharedArrayBuffer) return handles;
    const { kind, data } = handles as Parcel;
    return revive(kind, data);
  }

  #begin<O extends object>(object: O): O {
    this.#objects.push(object);
    return object;
  }

  #fields(object: object): object {
    for (let left = this.#varint(); left > 0; left--) {
      const key = this.#value() as string;
      const value = this.#value();
      if (key !== "__proto__") (object as Record<string, unknown>)[key] = value;
      else {
        Object.defineProperty(object, key, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    }
    return object;
  }

  #array(): unknown[] {
    const length = this.#varint();
    const array: unknown[] = this.#begin([]);
    for (let i = 0; i < length; i++) array.push(this.#value());
    return array;
  }

  #map(): Map<unknown, unknown> {
    const map = this.#begin(new Map<unknown, unknown>());
    for (let left = this.#varint(); left > 0; left--) {
      const key = this.#value();
      map.set(key, this.#value());
    }
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#begin(new Set<unknown>());
    for (let left = this.#varint(); left > 0; left--) set.add(this.#value());
    return set;
  }

  #error(): Error {
    const number = this.#objects.push({}) - 1;
    const [classes, message, stack, name] = this.#value() as [
      ErrorBox["classes"],
      string,
      string | undefined,
      string | undefined,
    ];
    const names: ErrorBox["fields"] = name === undefined ? [] : [["name", name, false]];
    const error = decodeError({ classes, message, stack, fields: names }, undefined);
    this.#objects[number] = error;
    const fields: ErrorBox["fields"] = [];
    for (let field = this.#value(); field !== undefined; field = this.#value()) {
      fields.push(field as ErrorBox["fields"][number]);
    }
    fillError(error, { classes, message, stack, fields }, (value) => value);
    return error;
  }

  #viewOf(): ArrayBufferView {
    const number = this.#objects.push({}) - 1;
    const written = this.#varint();
    const tracking = written >= tag.TRACKING;
    const name = tag.VIEWS[tracking ? written - tag.TRACKING : written]!;
    const offset = this.#varint();
    const length = this.#varint();
    if (name === "Uint8Array" && this.#bytes[this.#at] === tag.BUFFER) {
      // By far the most frequent.
      this.#at++;
      const bytes = this.#copy(this.#varint());
      this.#objects.push(bytes.buffer);
      return this.#objects[number] = bytes.length === length
        ? bytes
        : bytes.subarray(offset, offset + length);
    }
    const buffer = this.#value() as ArrayBufferLike;
    const View = (globalThis as unknown as Record<string, Buffers>)[name]!;
    return this.#objects[number] = tracking
      ? new View(buffer, offset)
      : new View(buffer, offset, length);
  }

  #resizable(maxByteLength: number): ArrayBuffer {
    const bytes = this.#take(this.#varint());
    const buffer = new ArrayBuffer(bytes.length, { maxByteLength });
    new Uint8Array(buffer).set(bytes);
    return buffer;
  }

  #bigint(): bigint {
    const digits = this.#value() as string;
    return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
  }

  #double(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  #ascii(): string {
    const length = this.#varint();
    if (length > SHORT) return decode(this.#take(length));
    const codes = this.#codes;
    codes.length = length;
    let hash = length;
    for (let i = 0; i < length; i++) {
      const code = this.#bytes[this.#at++]!;
      codes[i] = code;
      hash = (hash * 31 + code) | 0;
    }
    hash &= KEPT - 1;
    const kept = this.#kept[hash]!;
    if (kept.length === length && spells(kept, codes)) return kept;
    return this.#kept[hash] = String.fromCharCode.apply(undefined, codes);
  }

  #utf16(): string {
    let text = "";
    for (let left = this.#varint(); left > 0; left--) {
      text += String.fromCharCode(this.#view.getUint16(this.#at, true));
      this.#at += 2;
    }
    return text;
  }

  #copy(length: number): Uint8Array<ArrayBuffer> {
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #varint(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || weight > LARGEST) throw malformed();
      if (byte < 128) return value + byte * weight;
      value += (byte - 128) * weight;
      weight *= 128;
    }
  }
}

/** An array of holes, which takes no memory for them. */
function sparse(length: number): unknown[] {
  const array: unknown[] = [];
  if (length > 0) {
    array[length - 1] = undefined;
    delete array[length - 1];
  }
  return array;
}

function malformed(): TypeError {
  return new TypeError("Cannot read a value from a shared queue: it was not written by one");
}

function spells(text: string, codes: number[]): boolean {
  for (let i = 0; i < codes.length; i++) if (text.charCodeAt(i) !== codes[i]) return false;
  return true;
}
