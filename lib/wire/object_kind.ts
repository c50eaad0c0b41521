import { isSharedMemory } from "../base/shared_memory.ts";
import { builtin } from "../base/builtins.ts";
import { runtimeClass, showWithoutItems } from "../base/runtime.ts";
import { makeChannel, post, receiveNow } from "./message_channel.ts";
import { parcel, type Shareable } from "./shareable.ts";

/**
 * What an object is for those who carry it to another thread or process: the one definition by which
 * all of them go through a value, so that it crosses the same way whatever stands beside it.
 */
export const ObjectKind = {
  /** It has fields, and arrives as a plain object: also one of a class. */
  Plain: 0,
  Array: 1,
  Map: 2,
  Set: 3,
  Buffer: 4,
  SharedBuffer: 5,
  View: 6,
  Date: 7,
  RegExp: 8,
  /** An object around a number, text, boolean or bigint. */
  Boxed: 9,
  /** Packed by the library. */
  Error: 10,
  /** Packed by itself: an object that threads share. */
  Shared: 11,
  /** The platform's, which clones it as a whole, moves it or refuses it: a port, a blob, a promise. */
  Native: 12,
  /** The platform's, of which the platform would leave an empty object: a URL, an Event. */
  Flattened: 13,
} as const;

/** One of {@linkcode ObjectKind}. */
export type ObjectKind = typeof ObjectKind[keyof typeof ObjectKind];

// deno-lint-ignore ban-types
type Class = Function;

/** What the prototypes of an object say that it may be: a class of the language or platform. */
interface Origin {
  name: string;
  /** Whether the platform leaves nothing of its objects; found out when there is one. */
  flattens: boolean | undefined;
}

const origins = new WeakMap<object, Origin>();

/** Say what an object is. It runs no code of the object, but for that of a proxy. */
export function kindOf(object: object): ObjectKind {
  let prototype: object | null;
  try {
    if (Array.isArray(object)) return ObjectKind.Array;
    prototype = Object.getPrototypeOf(object);
  } catch {
    // A proxy that was revoked, say.
    return ObjectKind.Native;
  }
  if (prototype === Object.prototype || prototype === null) {
    return isShareable(object) ? ObjectKind.Shared : ObjectKind.Plain;
  }
  if (ArrayBuffer.isView(object)) return ObjectKind.View;
  if (isShareable(object)) return ObjectKind.Shared;
  const origin = originOf(prototype);
  switch (origin.name) {
    case "Object":
      return ObjectKind.Plain;
    case "Error":
      return ObjectKind.Error;
    case "Map":
      return has(mapSize, object) ? ObjectKind.Map : ObjectKind.Plain;
    case "Set":
      return has(setSize, object) ? ObjectKind.Set : ObjectKind.Plain;
    case "ArrayBuffer":
      return has(bufferLength, object) ? ObjectKind.Buffer : ObjectKind.Plain;
    case "SharedArrayBuffer":
      return isSharedBuffer(object) ? ObjectKind.SharedBuffer : ObjectKind.Plain;
    case "Date":
      return has(dateValue, object) ? ObjectKind.Date : ObjectKind.Plain;
    case "RegExp":
      return has(regExpSource, object) ? ObjectKind.RegExp : ObjectKind.Plain;
    case "Number":
    case "String":
    case "Boolean":
    case "BigInt":
      return isBoxed(object, origin.name) ? ObjectKind.Boxed : ObjectKind.Plain;
  }
  origin.flattens ??= flattens(object);
  return origin.flattens ? ObjectKind.Flattened : ObjectKind.Native;
}

/** Whether it packs itself. */
export function isShareable(object: object): object is Shareable {
  return (object as Partial<Shareable>)[parcel] !== undefined;
}

/** Up to so many items a list of the names of all is cheap. */
const FEW = 1000;

/**
 * The fields of an array that are no items of it, of which it may have so many that their names
 * cannot be asked for: such as `index` and `groups` of what `match` gives.
 */
export function extraKeys(array: readonly unknown[]): string[] {
  const { length } = array;
  if (length > FEW && Object.getPrototypeOf(array) === Array.prototype) {
    // The one way to ask for the others alone, which takes no longer if there are a million items.
    if (showWithoutItems(array) === `[ ... ${length} more items ]`) return [];
  }
  const keys = Object.keys(array);
  let from = keys.length;
  while (from > 0 && !isIndex(keys[from - 1]!)) from--;
  return keys.slice(from);
}

/** Whether it is a proxy, which no platform clones; `false` where that cannot be seen. */
export function isProxy(object: object): boolean {
  return utilTypes()?.isProxy(object) ?? false;
}

/** What tells what an object is by what is inside it, whatever its prototype. */
interface UtilTypes {
  isProxy(value: unknown): boolean;
  isArgumentsObject(value: unknown): boolean;
  isNativeError(value: unknown): boolean;
  isMap(value: unknown): boolean;
  isSet(value: unknown): boolean;
  isDate(value: unknown): boolean;
  isRegExp(value: unknown): boolean;
  isAnyArrayBuffer(value: unknown): boolean;
  isBoxedPrimitive(value: unknown): boolean;
}

function utilTypes(): UtilTypes | undefined {
  return builtin<UtilTypes>("node:util/types");
}

/**
 * Whether something else is behind what looks like a plain object by its prototype, which the
 * platform sees: the `arguments` of a function, or a map whose prototype was taken from it. `false`
 * where that cannot be seen.
 */
export function isDisguised(object: object): boolean {
  if (ArrayBuffer.isView(object)) return true;
  const types = utilTypes();
  return types !== undefined && (
    types.isArgumentsObject(object) || types.isNativeError(object) || types.isMap(object) ||
    types.isSet(object) || types.isDate(object) || types.isRegExp(object) ||
    types.isAnyArrayBuffer(object) || types.isBoxedPrimitive(object)
  );
}

function isIndex(key: string): boolean {
  const number = Number(key) >>> 0;
  return String(number) === key && number !== 2 ** 32 - 1;
}

/** Whether a native object is of a class of the language itself, such as a promise. */
export function isOfLanguage(object: object): boolean {
  return isProxy(object) || OF_LANGUAGE.has(originOf(Object.getPrototypeOf(object)).name);
}

const OF_LANGUAGE = new Set([
  "FinalizationRegistry",
  "Generator",
  "Promise",
  "Symbol",
  "WeakMap",
  "WeakRef",
  "WeakSet",
]);

function originOf(prototype: object): Origin {
  let origin = origins.get(prototype);
  if (origin === undefined) origins.set(prototype, origin = findOrigin(prototype));
  return origin;
}

/** The nearest class above that is not of the program's making. */
function findOrigin(prototype: object): Origin {
  let nearest: string | undefined;
  for (let p: object | null = prototype; p !== null; p = Object.getPrototypeOf(p)) {
    if (isNativeIterator(p)) nearest ??= "Generator";
    const Class = Object.getOwnPropertyDescriptor(p, "constructor")?.value;
    if (typeof Class !== "function" || Class.prototype !== p || !isNative(Class)) continue;
    // Every error is packed, whatever class of errors it is of.
    if (Class.name === "Error") return { name: "Error", flattens: undefined };
    nearest ??= Class.name;
  }
  // What a class of the program's inherits from these is only methods: arrays are told otherwise.
  const plain = nearest === undefined || /^Iterator$|Array$|^DataView$/.test(nearest);
  return { name: plain ? "Object" : nearest!, flattens: undefined };
}

/** Whether it is what the language's own iterators inherit from: no platform clones these. */
function isNativeIterator(prototype: object): boolean {
  const next = Object.getOwnPropertyDescriptor(prototype, "next")?.value;
  return typeof next === "function" && hasNativeText(next);
}

function isNative(Class: Class): boolean {
  return hasNativeText(Class) || isOfPlatform(Class);
}

function hasNativeText(fn: Class): boolean {
  return /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn));
}

/** Whether it is a class of a platform that is itself written in JavaScript, as that of Deno. */
function isOfPlatform(Class: Class): boolean {
  if (runtimeClass(Class.name) === Class) return true;
  const found = Object.getOwnPropertyDescriptor(globalThis, Class.name);
  // What programs make global themselves can be enumerated.
  if (found === undefined || found.enumerable) return false;
  return (found.get === undefined ? found.value : Reflect.get(globalThis, Class.name)) === Class;
}

/** Whether the platform makes a plain object of it when it is sent. */
function flattens(object: object): boolean {
  try {
    return Object.getPrototypeOf(sendAndReceive(object)) === Object.prototype;
  } catch {
    // It says so itself.
    return false;
  }
}

/** What becomes of an object that is sent: in Deno not what `structuredClone` makes of it. */
function sendAndReceive(object: object): unknown {
  const { port1, port2 } = makeChannel();
  try {
    // Within a list: Deno refuses by itself only what stands alone.
    post(port1, [object]);
    const received = receiveNow(port2)?.message ?? structuredClone([object]);
    return (received as [unknown])[0];
  } finally {
    port1.close();
    port2.close();
  }
}

type Getter = (this: unknown) => unknown;

function getter(prototype: object, name: string): Getter {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get!;
}

const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const dateValue: Getter = Date.prototype.getTime;
const regExpSource = getter(RegExp.prototype, "source");
const boxedValues: Record<string, Getter> = {
  Number: Number.prototype.valueOf,
  String: String.prototype.valueOf,
  Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};

function isBoxed(object: object, name: string): boolean {
  return has(boxedValues[name]!, object);
}

/** The primitive that an object is around. */
export function unbox(object: object): unknown {
  for (const read of Object.values(boxedValues)) if (has(read, object)) return read.call(object);
  throw new TypeError("Cannot unbox an object: there is nothing in it");
}

function isSharedBuffer(object: object): boolean {
  if (isSharedMemory(object)) return true;
  const { SharedArrayBuffer: Shared } = globalThis as Partial<typeof globalThis>;
  return Shared !== undefined && has(getter(Shared.prototype, "byteLength"), object);
}

/** Whether an object has what the method of its class needs, of whichever realm it is. */
function has(read: Getter, object: object): boolean {
  try {
    read.call(object);
    return true;
  } catch {
    return false;
  }
}
