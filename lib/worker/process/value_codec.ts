/**
 * Values as bytes, for channels between processes: V8's own format, which carries what structured
 * clone does, with large buffers beside it so that they are copied as little as possible.
 */
import { builtin } from "../../base/builtins.ts";
import { show } from "../../base/validate.ts";
import { extraKeys, isOfLanguage, kindOf, ObjectKind } from "../../wire/object_kind.ts";

/** A value as bytes. */
export interface EncodedValue {
  /** The value, but for the buffers. */
  head: Uint8Array<ArrayBuffer>;
  /** What its large buffers hold, in the order in which the head numbers them. */
  buffers: Uint8Array<ArrayBuffer>[];
}

interface Serializer {
  writeHeader(): void;
  writeValue(value: unknown): void;
  transferArrayBuffer(id: number, buffer: ArrayBuffer): void;
  releaseBuffer(): Uint8Array<ArrayBuffer>;
}

interface Deserializer {
  readHeader(): void;
  readValue(): unknown;
  transferArrayBuffer(id: number, buffer: ArrayBuffer): void;
}

interface V8 {
  Serializer: new () => Serializer;
  Deserializer: new (bytes: Uint8Array) => Deserializer;
  serialize(value: unknown): Uint8Array<ArrayBuffer>;
  deserialize(bytes: Uint8Array): unknown;
}

/** From so many bytes on, a buffer travels beside the value. */
const LARGE = 4096;

let v8: V8 | undefined;

function getV8(): V8 {
  v8 ??= builtin<V8>("node:v8");
  if (v8 === undefined) throw new TypeError("Cannot serialise values: node:v8 is not here");
  return v8;
}

/**
 * Make bytes of a value.
 *
 * @param transfer The buffers in it that move: they are of length 0 afterwards.
 * @param keep Whether the bytes have to stay as they are while the caller goes on.
 * @throws {DOMException} A `DataCloneError` if something in it cannot be cloned.
 * @throws {TypeError} If something in it, or in `transfer`, cannot leave the process.
 */
export function encodeValue(
  value: unknown,
  transfer: readonly Transferable[] = [],
  keep = true,
): EncodedValue {
  const buffers = findBuffers(value);
  checkTransfer(transfer);
  const large = hasSerializer() ? buffers ?? [] : [];
  const head = serialize(value, large, buffers !== undefined);
  const moved = new Map<ArrayBuffer, ArrayBuffer>();
  // Nothing fails from here on.
  for (const buffer of transfer as ArrayBuffer[]) moved.set(buffer, move(buffer));
  const parts = large.map((buffer) => {
    const own = moved.get(buffer);
    return new Uint8Array(own ?? (keep ? buffer.slice(0) : buffer));
  });
  return { head, buffers: parts };
}

/** Node 20 has no method for it. */
function move(buffer: ArrayBuffer): ArrayBuffer {
  return buffer.transfer?.() ?? structuredClone(buffer, { transfer: [buffer] });
}

/** Node 20 does not say so. */
function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.detached !== undefined || buffer.byteLength > 0) return buffer.detached;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

let serializer: boolean | undefined;

/** Whether large buffers can stay beside the value: Bun has no classes for that, only functions. */
export function hasSerializer(): boolean {
  if (serializer !== undefined) return serializer;
  try {
    new (getV8().Serializer)();
    return serializer = true;
  } catch {
    return serializer = false;
  }
}

/** Make the value again. It takes over the buffers, and may do so with the head. */
export function decodeValue(head: Uint8Array, buffers: readonly ArrayBuffer[]): unknown {
  const { Deserializer, deserialize } = getV8();
  if (buffers.length === 0) return deserialize(head);
  const deserializer = new Deserializer(head);
  buffers.forEach((buffer, id) => deserializer.transferArrayBuffer(id, buffer));
  deserializer.readHeader();
  return deserializer.readValue();
}

/**
 * Look for large buffers, which it gives, and for what V8 would make empty objects of; `undefined` if
 * there is no buffer at all.
 */
function findBuffers(value: unknown): ArrayBuffer[] | undefined {
  if (!isObject(value)) return undefined;
  let found: ArrayBuffer[] | undefined;
  const seen = new Set<object>([value]);
  const visit = (item: unknown) => {
    if (isObject(item)) seen.add(item);
  };
  // A set also gives what is added while it is gone through.
  for (const next of seen) {
    const kind = kindOf(next);
    switch (kind) {
      case ObjectKind.Array:
        visitItems(next as unknown[], visit);
        continue;
      case ObjectKind.Map:
        for (const [key, item] of next as Map<unknown, unknown>) {
          visit(key);
          visit(item);
        }
        continue;
      case ObjectKind.Set:
        for (const item of next as Set<unknown>) visit(item);
        continue;
      case ObjectKind.View:
        visit((next as ArrayBufferView).buffer);
        continue;
      case ObjectKind.Buffer: {
        const buffer = next as ArrayBuffer;
        found ??= [];
        if (buffer.byteLength >= LARGE && !buffer.resizable) found.push(buffer);
        continue;
      }
      case ObjectKind.Plain:
      case ObjectKind.Error:
        for (const key of Object.keys(next)) visit((next as Record<string, unknown>)[key]);
        continue;
      case ObjectKind.SharedBuffer:
        throw refusal(next, "memory is not shared with it");
      case ObjectKind.Native:
        // V8 refuses what is of the language, but makes empty objects of a port or a stream.
        if (isOfLanguage(next)) break;
        throw refusal(next, "it cannot be cloned");
      case ObjectKind.Flattened:
      case ObjectKind.Shared:
        throw refusal(next, "it cannot be cloned");
    }
  }
  return found;
}

function visitItems(items: unknown[], visit: (item: unknown) => void): void {
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (item === undefined && !(i in items)) {
      for (const value of Object.values(items)) visit(value);
      return;
    }
    if (typeof item === "object") visit(item);
  }
  for (const key of extraKeys(items)) visit((items as unknown as Record<string, unknown>)[key]);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function refusal(object: object, why: string): TypeError {
  return new TypeError(`Cannot send ${show(object)} to another process: ${why}`);
}

function checkTransfer(transfer: readonly Transferable[]): void {
  for (const item of transfer) {
    if (!(item instanceof ArrayBuffer)) {
      throw new TypeError(
        `Cannot transfer ${show(item)} to another process: only an ArrayBuffer can move`,
      );
    }
    if (isDetached(item)) {
      throw new DOMException("An ArrayBuffer is detached and cannot move", "DataCloneError");
    }
  }
  if (new Set(transfer).size < transfer.length) {
    throw new DOMException("An ArrayBuffer is to move twice", "DataCloneError");
  }
}

function serialize(
  value: unknown,
  large: ArrayBuffer[],
  views: boolean,
): Uint8Array<ArrayBuffer> {
  const { Serializer, serialize } = getV8();
  try {
    // It is three times as fast, but copies views as if each had a buffer of its own.
    if (!views || !hasSerializer()) return serialize(value);
    const serializer = new Serializer();
    large.forEach((buffer, id) => serializer.transferArrayBuffer(id, buffer));
    serializer.writeHeader();
    serializer.writeValue(value);
    return serializer.releaseBuffer();
  } catch (error) {
    if (
      error instanceof Error && error.constructor === Error &&
      /clone|not implemented/.test(error.message)
    ) {
      throw new DOMException(error.message, "DataCloneError");
    }
    throw error;
  }
}
