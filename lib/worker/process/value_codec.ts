/**
 * Values as bytes, for channels between processes: V8's own format, which carries what structured
 * clone does, with large buffers beside it so that they are copied as little as possible.
 */
import { builtin } from "../../base/builtins.ts";
import { isSharedMemory } from "../../base/shared_memory.ts";
import { show } from "../../base/validate.ts";

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
  const found = survey(value);
  checkTransfer(transfer);
  if (found !== undefined && !hasSerializer()) found.large = [];
  const head = serialize(value, found);
  const moved = new Map<ArrayBuffer, ArrayBuffer>();
  // Nothing fails from here on.
  for (const buffer of transfer as ArrayBuffer[]) moved.set(buffer, move(buffer));
  const buffers = (found?.large ?? []).map((buffer) => {
    const own = moved.get(buffer);
    return new Uint8Array(own ?? (keep ? buffer.slice(0) : buffer));
  });
  return { head, buffers };
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
function hasSerializer(): boolean {
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

/** The buffers in a value. */
interface Survey {
  all: Set<ArrayBuffer>;
  large: ArrayBuffer[];
}

/** Look for buffers, and for what V8 would make empty objects of; `undefined` if there are none. */
function survey(value: unknown): Survey | undefined {
  if (!isObject(value)) return undefined;
  let found: Survey | undefined;
  const seen = new Set<object>([value]);
  const visit = (item: unknown) => {
    if (isObject(item)) seen.add(item);
  };
  // A set also gives what is added while it is gone through.
  for (const next of seen) {
    if (Array.isArray(next)) {
      for (let i = 0; i < next.length; i++) {
        const item = next[i];
        if (typeof item === "object" && item !== null) seen.add(item);
      }
      continue;
    }
    const buffer = ArrayBuffer.isView(next) ? next.buffer : next;
    if (buffer instanceof ArrayBuffer) {
      found ??= { all: new Set(), large: [] };
      if (found.all.has(buffer)) continue;
      found.all.add(buffer);
      if (buffer.byteLength >= LARGE && !buffer.resizable) found.large.push(buffer);
    } else if (next instanceof Map) {
      for (const [key, item] of next) {
        visit(key);
        visit(item);
      }
    } else if (next instanceof Set) {
      for (const item of next) visit(item);
    } else {
      checkLeaves(buffer);
      for (const key of Object.keys(next)) visit((next as Record<string, unknown>)[key]);
    }
  }
  return found;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function checkLeaves(object: object): void {
  const shared = isSharedMemory(object);
  if (!shared && (!isOfPlatform(object) || object instanceof Error)) return;
  const why = shared ? "memory is not shared with it" : "it cannot be cloned";
  throw new TypeError(`Cannot send ${show(object)} to another process: ${why}`);
}

/** Classes of the language itself: V8 writes them, or refuses them. */
const OF_LANGUAGE = new Set(
  ("Object Function Date RegExp Boolean Number String BigInt Symbol Promise WeakMap WeakSet WeakRef " +
    "FinalizationRegistry Iterator").split(" "),
);

const prototypes = new WeakMap<object, boolean>();

/**
 * Whether an object is of a class of the platform, like URL or Headers: V8 knows nothing of what is
 * inside and would make an empty object of it.
 */
function isOfPlatform(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  if (prototype === null || prototype === Object.prototype) return false;
  const known = prototypes.get(prototype);
  if (known !== undefined) return known;
  const found = isPrototypeOfPlatform(prototype) || isOfPlatform(prototype);
  prototypes.set(prototype, found);
  return found;
}

function isPrototypeOfPlatform(prototype: object): boolean {
  const own = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name: unknown = typeof own === "function" ? own.name : undefined;
  if (typeof name !== "string" || OF_LANGUAGE.has(name)) return false;
  // What a program makes a global of by assigning to it is enumerable.
  const global = Object.getOwnPropertyDescriptor(globalThis, name);
  if (global === undefined || global.enumerable === true) return false;
  return (globalThis as Record<string, unknown>)[name] === own;
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

function serialize(value: unknown, found: Survey | undefined): Uint8Array<ArrayBuffer> {
  const { Serializer, serialize } = getV8();
  try {
    // It is three times as fast, but copies views as if each had a buffer of its own.
    if (found === undefined || !hasSerializer()) return serialize(value);
    const serializer = new Serializer();
    found.large.forEach((buffer, id) => serializer.transferArrayBuffer(id, buffer));
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
