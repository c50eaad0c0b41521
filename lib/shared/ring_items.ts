import { InvalidStateError } from "../task_errors.ts";
import { ValueReader } from "./codec/value_reader.ts";
import { ValueWriter } from "./codec/value_writer.ts";
import { claim, type Handles, publish, retract } from "../wire/resource_sharer.ts";
import type { RingItem } from "./protocol/queue_protocol.ts";

// An item in the ring: a word that says what it is, one that holds a whole number or the length in
// bytes, then the bytes. All in slots of 8 bytes.
const INTEGER = 0;
const DOUBLE = 1;
const BYTES = 2;
/** Bytes, of which the last 8 are the number of handles that are not in the ring. */
const HANDLES = 3;

/** Up to so many words a loop is faster than to copy as a whole. */
const FEW = 64;

/** An item on its way to the ring. */
export class PendingItem {
  readonly kind: number;
  readonly word: number;
  /** How many slots it takes. */
  readonly slots: number;
  /** Its bytes, as words. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The number of its handles, 0 if it has none. */
  readonly handles: number;

  constructor(
    kind: number,
    word: number,
    slots: number,
    words: Int32Array<ArrayBuffer>,
    handles: number,
  ) {
    this.kind = kind;
    this.word = word;
    this.slots = slots;
    this.words = words;
    this.handles = handles;
  }

  /** It is not going to be put: nobody need keep its handles. */
  discard(): void {
    if (this.handles !== 0) retract(this.handles);
  }
}

/** More bytes than these are kept for one value only. */
const LARGE = 2 ** 20;

const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);
const nothing = new Int32Array(0);

/**
 * Carries values to and from the ring of a shared queue: numbers as they are, everything else
 * written as bytes first.
 */
export class RingItems implements RingItem {
  slots = 1;
  readonly #buffer: SharedArrayBuffer;
  readonly #offset: number;
  #ring: Int32Array<SharedArrayBuffer>;
  #kind = INTEGER;
  #word = 0;
  #words: Int32Array<ArrayBuffer> = nothing;
  #handles = 0;
  #writer = new ValueWriter();
  #writing = false;
  readonly #reader = new ValueReader();
  #read: Int32Array<ArrayBuffer> = new Int32Array(FEW);
  #readBytes: Uint8Array<ArrayBuffer> = new Uint8Array(this.#read.buffer);

  constructor(buffer: SharedArrayBuffer, offset: number, size: number) {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#ring = new Int32Array(buffer, offset, 2 * size);
  }

  /** Load a value, to put it; it has its say in `slots`, and keeps nothing of the value. */
  load(value: unknown): void {
    this.#words = nothing;
    this.#handles = 0;
    if (typeof value !== "number") return this.#loadBytes(value);
    if ((value | 0) === value && !(value === 0 && 1 / value < 0)) {
      this.#kind = INTEGER;
      this.#word = value;
      this.slots = 1;
    } else {
      double[0] = value;
      this.#kind = DOUBLE;
      this.#word = 8;
      this.#words = doubleWords;
      this.slots = 2;
    }
  }

  /** What was loaded, to be loaded again later. */
  unload(): PendingItem {
    const { slots } = this;
    const words = this.#words.slice(0, 2 * (slots - 1));
    return new PendingItem(this.#kind, this.#word, slots, words, this.#handles);
  }

  /** What was loaded is not going to be put. */
  discard(): void {
    if (this.#handles !== 0) retract(this.#handles);
    this.#handles = 0;
  }

  /** Load what was unloaded before. */
  reload(item: PendingItem): void {
    this.#kind = item.kind;
    this.#word = item.word;
    this.#words = item.words;
    this.#handles = item.handles;
    this.slots = item.slots;
  }

  /** The value that was read last. */
  value(): unknown {
    if (this.#kind === INTEGER) return this.#word;
    if (this.#kind === DOUBLE) {
      doubleWords[0] = this.#read[0]!;
      doubleWords[1] = this.#read[1]!;
      return double[0];
    }
    const bytes = this.#readBytes;
    const handles = this.#kind === HANDLES ? this.#claim(bytes) : [];
    // One large value must not hold its memory for ever.
    if (bytes.length > LARGE) this.#allocate(FEW);
    return this.#reader.read(bytes, handles);
  }

  write(at: number, size: number): void {
    const ring = this.#ringOf(size);
    const mask = 2 * size - 1;
    const start = 2 * at;
    ring[start & mask] = this.#kind;
    ring[(start + 1) & mask] = this.#word;
    const length = 2 * (this.slots - 1);
    const words = this.#words;
    if (length <= FEW) {
      for (let i = 0; i < length; i++) ring[(start + 2 + i) & mask] = words[i]!;
      return;
    }
    const first = (start + 2) & mask;
    const fitting = Math.min(length, ring.length - first);
    ring.set(words.subarray(0, fitting), first);
    if (fitting < length) ring.set(words.subarray(fitting, length), 0);
  }

  read(at: number, size: number): number {
    const ring = this.#ringOf(size);
    const mask = 2 * size - 1;
    const start = 2 * at;
    const kind = this.#kind = ring[start & mask]!;
    const word = this.#word = ring[(start + 1) & mask]!;
    if (kind === INTEGER) return 1;
    const slots = 1 + Math.ceil(word / 8);
    if (kind < DOUBLE || kind > HANDLES || word < 0 || slots > size) {
      throw new InvalidStateError(
        "Cannot get an item from a shared queue: its memory was overwritten",
      );
    }
    const length = 2 * (slots - 1);
    if (length > this.#read.length) this.#allocate(2 * length);
    const words = this.#read;
    if (length <= FEW) {
      for (let i = 0; i < length; i++) words[i] = ring[(start + 2 + i) & mask]!;
      return slots;
    }
    const first = (start + 2) & mask;
    const fitting = Math.min(length, ring.length - first);
    words.set(ring.subarray(first, first + fitting));
    if (fitting < length) words.set(ring.subarray(0, length - fitting), fitting);
    return slots;
  }

  grow(size: number): void {
    const bytes = this.#offset + 8 * size;
    if (this.#buffer.byteLength < bytes) this.#buffer.grow(bytes);
  }

  #claim(bytes: Uint8Array<ArrayBuffer>): Handles {
    const handles = claim(new DataView(bytes.buffer).getFloat64(this.#word - 8, true));
    if (handles !== undefined) return handles;
    throw new InvalidStateError(
      "Cannot get an item from a shared queue: it holds what is shared, and the thread that put it " +
        "does not know this one; pass it as an argument or through a pipe",
    );
  }

  #allocate(words: number): void {
    this.#read = new Int32Array(words);
    this.#readBytes = new Uint8Array(this.#read.buffer);
  }

  // It may have been made larger by another thread.
  #ringOf(size: number): Int32Array<SharedArrayBuffer> {
    if (this.#ring.length === 2 * size) return this.#ring;
    return this.#ring = new Int32Array(this.#buffer, this.#offset, 2 * size);
  }

  #loadBytes(value: unknown): void {
    // A getter of the value may come back here with another one.
    const writer = this.#writing ? new ValueWriter() : this.#writer;
    const outer = this.#writing;
    this.#writing = true;
    try {
      this.#word = writer.write(value);
    } finally {
      this.#writing = outer;
    }
    const { handles } = writer;
    this.#kind = handles.length === 0 ? BYTES : HANDLES;
    if (handles.length > 0) this.#word = writer.sign(this.#handles = publish(handles));
    this.slots = 1 + Math.ceil(this.#word / 8);
    this.#words = writer.words;
  }
}
