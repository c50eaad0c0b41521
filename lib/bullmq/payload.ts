/**
 * Values as text, for the queue. What JSON carries as it is (most lists of numbers and texts) is JSON;
 * it begins with "[", takes a fraction of the time, and people can read it on the queue. All else has
 * the format of processes, in one piece and in base 64:
 *
 * ```text
 * length of the head | number of buffers | length of each buffer | head | buffers
 * ```
 */
import { builtin } from "../base/builtins.ts";
import { describeValue } from "../worker/process/message_frames.ts";
import { isPlain } from "./is_plain.ts";
import { decodeValue, encodeValue, hasSerializer } from "../worker/process/value_codec.ts";

/** How long the fixed part in front is. */
const FIXED = 8;

/** Which format values have here: engines differ, and do not read each other's. */
export function payloadFormat(): string {
  return hasSerializer() ? "v8" : "jsc";
}

/** How many bytes a text stands for. */
export function bytesIn(text: string): number {
  return isJson(text) ? text.length : Math.floor(text.length * 3 / 4);
}

function isJson(text: string): boolean {
  return text.startsWith("[");
}

/**
 * Make text of a value.
 *
 * @throws As `encodeValue`.
 */
export function encodePayload(value: unknown, transfer: readonly Transferable[] = []): string {
  if (Array.isArray(value) && transfer.length === 0 && isPlain(value)) return JSON.stringify(value);
  const encoded = encodeValue(value, transfer, false);
  const { head, buffers } = encoded;
  const front = describeValue(encoded, 0, head);
  if (buffers.length === 0) return toBase64(front);
  const all = new Uint8Array(
    buffers.reduce((sum, { byteLength }) => sum + byteLength, front.length),
  );
  all.set(front);
  let at = front.length;
  for (const buffer of buffers) {
    all.set(buffer, at);
    at += buffer.length;
  }
  return toBase64(all);
}

/**
 * Make the value again. No length in it is believed before it is seen to be there.
 *
 * @throws {TypeError} If it is no such text.
 */
export function decodePayload(text: string): unknown {
  if (isJson(text)) return parseList(text);
  const bytes = fromBase64(text);
  const parts = takeApart(bytes);
  if (parts === undefined) {
    throw new TypeError("Cannot read a value from the queue: its lengths do not fit what is there");
  }
  const [head, ...buffers] = parts;
  return decodeValue(head!, buffers.map(({ buffer }) => buffer));
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError("Cannot read a value from the queue: it is no JSON", { cause });
  }
}

function takeApart(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] | undefined {
  if (bytes.length < FIXED) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(4, true);
  let at = FIXED + 8 * count;
  if (at > bytes.length) return undefined;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let i = -1; i < count; i++) {
    const length = i < 0 ? view.getUint32(0, true) : view.getFloat64(FIXED + 8 * i, true);
    if (!(Number.isInteger(length) && length >= 0 && length <= bytes.length - at)) return undefined;
    parts.push(bytes.slice(at, at + length));
    at += length;
  }
  return at === bytes.length ? parts : undefined;
}

interface Base64 {
  toBase64?(): string;
}

interface FromBase64 {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

interface BufferModule {
  Buffer: {
    from(from: unknown, ...rest: unknown[]): Uint8Array & { toString(as: string): string };
  };
}

function toBase64(bytes: Uint8Array<ArrayBuffer>): string {
  const own = (bytes as Base64).toBase64?.();
  if (own !== undefined) return own;
  const { buffer, byteOffset, byteLength } = bytes;
  return nodeBuffer().from(buffer, byteOffset, byteLength).toString("base64");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const Class = Uint8Array as FromBase64;
  if (Class.fromBase64 === undefined) return new Uint8Array(nodeBuffer().from(text, "base64"));
  try {
    return Class.fromBase64(text);
  } catch (cause) {
    throw new TypeError("Cannot read a value from the queue: it is no base 64", { cause });
  }
}

function nodeBuffer(): BufferModule["Buffer"] {
  const module = builtin<BufferModule>("node:buffer");
  if (module === undefined) throw new TypeError("Cannot write base 64: node:buffer is not here");
  return module.Buffer;
}
