/**
 * Encoded values on a stream of bytes. In front of each stands what it is made of:
 *
 * ```text
 * length of the head: 4 bytes | number of buffers: 4 bytes | length of each buffer: 8 bytes
 * ```
 *
 * Numbers begin with their lowest byte.
 */
import type { EncodedValue } from "./value_codec.ts";

/** How long the fixed part of what stands in front is. */
const FIXED = 8;

/**
 * What stands in front of a value. `room` is left at the beginning, for what else is to be told;
 * `head`, if given, is added at the end.
 */
export function describeValue(
  encoded: EncodedValue,
  room = 0,
  head?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { buffers } = encoded;
  const length = room + FIXED + 8 * buffers.length;
  const bytes = new Uint8Array(length + (head?.byteLength ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(room, encoded.head.byteLength, true);
  view.setUint32(room + 4, buffers.length, true);
  buffers.forEach(({ byteLength }, i) => {
    view.setFloat64(room + FIXED + 8 * i, byteLength, true);
  });
  if (head !== undefined) bytes.set(head, length);
  return bytes;
}

/** Puts values together from the bytes as they come. */
export class MessageReader {
  readonly #onValue: (head: Uint8Array<ArrayBuffer>, buffers: ArrayBuffer[]) => void;
  #target = new Uint8Array(FIXED);
  #filled = 0;
  #headLength = 0;
  #head: Uint8Array<ArrayBuffer> | undefined;
  #lengths: number[] | undefined;
  #buffers: ArrayBuffer[] = [];

  /** `onValue` is called with the parts of each value, which are its own. */
  constructor(onValue: (head: Uint8Array<ArrayBuffer>, buffers: ArrayBuffer[]) => void) {
    this.#onValue = onValue;
  }

  /** Take the next bytes; they are copied. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const part = bytes.subarray(at, at + this.#target.byteLength - this.#filled);
      this.#target.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      while (this.#filled === this.#target.byteLength && this.#advance());
    }
  }

  /** A part is complete: go on to the next. `false` once the next value begins. */
  #advance(): boolean {
    const { buffer } = this.#target;
    if (this.#lengths === undefined) return this.#readLengths(new DataView(buffer));
    if (this.#head === undefined) this.#head = this.#target;
    else this.#buffers.push(buffer);
    const next = this.#lengths[this.#buffers.length];
    if (next !== undefined) return this.#expect(next);
    const head = this.#head;
    const buffers = this.#buffers;
    this.#buffers = [];
    this.#head = this.#lengths = undefined;
    this.#headLength = 0;
    this.#expect(FIXED);
    this.#onValue(head, buffers);
    return false;
  }

  #readLengths(view: DataView): boolean {
    if (this.#headLength === 0) {
      this.#headLength = view.getUint32(0, true);
      const count = view.getUint32(4, true);
      if (count > 0) return this.#expect(8 * count);
      this.#lengths = [];
    } else {
      this.#lengths = Array.from(
        { length: view.byteLength / 8 },
        (_, i) => view.getFloat64(8 * i, true),
      );
    }
    return this.#expect(this.#headLength);
  }

  #expect(length: number): true {
    this.#target = new Uint8Array(length);
    this.#filled = 0;
    return true;
  }
}
