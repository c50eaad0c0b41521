import { show } from "../base/validate.ts";
import { decodeError, encodeError, type ErrorBox, fillError } from "./errors.ts";
import { extraKeys, isDisguised, isProxy, kindOf, ObjectKind } from "./object_kind.ts";
import { type Parcel, parcel, revive, type Shareable } from "./shareable.ts";
import { Transferred } from "./transfer.ts";

/**
 * A value in which something had to be replaced, because structured clone would not carry it as it
 * is: an error, or an object of the library that is shared.
 *
 * Wherever such a thing stood in the value, now stands one of the `marks`: the clone keeps their
 * identity, so that the receiver finds the places again. `boxes` holds what belongs there.
 */
export interface Packed {
  /** The value, with marks in it. */
  value: unknown;
  /** What stands for what. */
  marks: object[];
  /** What each mark stands for. */
  boxes: Box[];
}

/** A shared object or an error, ready to be cloned. */
export type Box = ErrorBox | { kind: string; data: unknown };

/** An error on its way: packed, whatever it is, so that it arrives as the same kind of error. */
export type EncodedError = Packed;

/** How {@linkcode survey} says that something in the value has to be packed. */
const SPECIAL = -1;

/**
 * Look through a list: below 0 if something in it has to be packed, else roughly how much there
 * is to clone, 1 for each plain value. It runs no code of the value: what has a getter is packed, so
 * that it is read once.
 */
export function survey(list: readonly unknown[]): number {
  let weight = list.length;
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "object" && value !== null) return surveyAll(list);
    if (typeof value === "string") weight += value.length >> 5;
  }
  return weight;
}

/** So deep, and so much, is looked at without noting down what was seen: plain data mostly is less. */
const DEEP = 32;
const MUCH = 100_000;

function surveyAll(list: readonly unknown[]): number {
  const quick = new Survey(undefined);
  if (quick.into(list, 0) || quick.special) return quick.special ? SPECIAL : quick.weight;
  // Deep, large, or in circles.
  const thorough = new Survey(new Set());
  thorough.into(list, 0);
  while (!thorough.special && thorough.open.length > 0) thorough.into(thorough.open.pop()!, 0);
  return thorough.special ? SPECIAL : thorough.weight;
}

const { getOwnPropertyDescriptor } = Object;

/** Looks through a value. Without a set for what it has seen it may give up. */
class Survey {
  weight = 0;
  special = false;
  /** What is too deep to be looked at at once. */
  readonly open: object[] = [];
  readonly #seen: Set<object> | undefined;

  constructor(seen: Set<object> | undefined) {
    this.#seen = seen;
  }

  /** `false` if it has to end, as something special was found or it gives up. */
  into(object: object, depth: number): boolean {
    const kind = kindOf(object);
    switch (kind) {
      case ObjectKind.View:
      case ObjectKind.Buffer:
        this.weight += 1 + ((object as ArrayBuffer | ArrayBufferView).byteLength >> 5);
        return true;
      case ObjectKind.Error:
      case ObjectKind.Shared:
      case ObjectKind.Flattened:
        this.special = true;
        return true;
    }
    const seen = this.#seen;
    if (seen !== undefined) {
      if (seen.has(object)) return true;
      if (depth > DEEP) {
        this.open.push(object);
        return true;
      }
      seen.add(object);
    } else if (depth > DEEP || this.weight > MUCH) return false;
    this.weight++;
    const next = depth + 1;
    switch (kind) {
      case ObjectKind.Plain:
        return this.#fields(object, next);
      case ObjectKind.Array:
        return this.#items(object as unknown[], next);
      case ObjectKind.Map:
        return this.#all(mapForEach, object, next);
      case ObjectKind.Set:
        return this.#all(setForEach, object, next);
    }
    return true;
  }

  #fields(object: object, depth: number): boolean {
    // A descriptor costs no more than the value, and tells of a getter.
    for (const key in object) {
      const field = getOwnPropertyDescriptor(object, key);
      if (field !== undefined && !this.#field(field, depth)) return false;
    }
    return true;
  }

  #field(field: PropertyDescriptor, depth: number): boolean {
    if (field.get === undefined) return this.#visit(field.value, depth);
    this.special = true;
    return false;
  }

  #items(items: unknown[], depth: number): boolean {
    const { length } = items;
    for (let i = 0; i < length; i++) {
      const item = items[i];
      if (typeof item === "number") {
        this.weight++;
        continue;
      }
      if (item === undefined && !(i in items)) return this.#named(items, Object.keys(items), depth);
      if (!this.#visit(item, depth)) return false;
    }
    return this.#named(items, extraKeys(items), depth);
  }

  #named(items: unknown[], keys: readonly string[], depth: number): boolean {
    for (const key of keys) {
      const field = getOwnPropertyDescriptor(items, key);
      if (field !== undefined && !this.#field(field, depth)) return false;
    }
    return true;
  }

  #all(forEach: ForEach, object: object, depth: number): boolean {
    let whole = true;
    forEach.call(object, (value, key) => {
      whole &&= this.#visit(value, depth) && this.#visit(key, depth);
    });
    return whole;
  }

  #visit(value: unknown, depth: number): boolean {
    if (typeof value === "object" && value !== null) {
      return this.into(value, depth) && !this.special;
    }
    this.weight += typeof value === "string" ? 1 + (value.length >> 5) : 1;
    return true;
  }
}

type ForEach = (this: object, visit: (value: unknown, key: unknown) => void) => void;

const mapForEach = Map.prototype.forEach as ForEach;
const setForEach = Set.prototype.forEach as ForEach;

/** How shared objects are refused where memory is not shared. */
export type Refusal = (object: object) => Error;

/** The error for a shared object on its way to or from another process. */
export function refuseShared(object: object): TypeError {
  return new TypeError(
    `Cannot send ${
      show(object)
    } to another process: it is made of memory, which processes do not ` +
      `share; use a WorkerPool`,
  );
}

/**
 * Pack a value of any kind.
 *
 * @param transfer Gets what has to move with it; without it, what has to move cannot cross.
 * @param refuse Makes the error for a shared object, where none can cross.
 * @throws {DOMException} A `DataCloneError` if something in it cannot be cloned.
 */
export function pack(value: unknown, transfer?: Transferable[], refuse?: Refusal): Packed {
  const packer = new Packer(transfer, refuse);
  return { value: packer.pack(value), marks: packer.marks, boxes: packer.boxes };
}

/** A container of which the copy is not filled yet. */
type Unfilled = [kind: ObjectKind, from: object, copy: object];

/**
 * Copies the containers on the way to whatever has to be replaced; the rest is left to the clone.
 * Nothing of it is recursive: values may be as deep as they like.
 */
class Packer {
  readonly marks: object[] = [];
  readonly boxes: Box[] = [];
  readonly #transfer: Transferable[] | undefined;
  readonly #refuse: Refusal | undefined;
  readonly #copies = new Map<object, object>();
  readonly #unfilled: Unfilled[] = [];
  /** Errors whose boxes are not filled yet. */
  readonly #errors: [error: Error, at: number][] = [];
  /** What was taken note of since a field of an error was begun, to be taken back. */
  #trial: object[] | undefined;

  constructor(transfer: Transferable[] | undefined, refuse: Refusal | undefined) {
    this.#transfer = transfer;
    this.#refuse = refuse;
  }

  pack(value: unknown): unknown {
    const copy = this.#whole(value);
    // An error is taken apart only when nothing else is under way: its parts may fail by themselves.
    for (let next = this.#errors.pop(); next !== undefined; next = this.#errors.pop()) {
      const [error, at] = next;
      this.boxes[at] = encodeError(error, (field) => this.#attempt(field));
    }
    return copy;
  }

  /** Copy a value and all that is in it. */
  #whole(value: unknown): unknown {
    const copy = this.#copy(value);
    for (let next = this.#unfilled.pop(); next !== undefined; next = this.#unfilled.pop()) {
      this.#fill(next);
    }
    return copy;
  }

  /** Copy a part of an error: if it cannot cross, nothing of it is left. */
  #attempt(value: unknown): unknown {
    const { length } = this.marks;
    const errors = this.#errors.length;
    const moved = this.#transfer?.length ?? 0;
    this.#trial = [];
    try {
      return this.#whole(value);
    } catch (error) {
      for (const object of this.#trial) this.#copies.delete(object);
      this.#unfilled.length = 0;
      this.marks.length = this.boxes.length = length;
      this.#errors.length = errors;
      // An end of a pipe that has moved already moves nowhere: the other hears that it is closed.
      for (const part of this.#transfer?.splice(moved) ?? []) (part as MessagePort).close?.();
      throw error;
    } finally {
      this.#trial = undefined;
    }
  }

  #copy(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
      if (typeof value === "function" || typeof value === "symbol") throw uncloneable(value);
      return value;
    }
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const found = isProxy(value) ? ObjectKind.Native : kindOf(value);
    const kind = found === ObjectKind.Plain && isDisguised(value) ? ObjectKind.Native : found;
    switch (kind) {
      case ObjectKind.Shared:
        return this.#parcel(value as Shareable);
      case ObjectKind.Error:
        return this.#error(value as Error);
      case ObjectKind.Array:
        return this.#begin(kind, value, []);
      case ObjectKind.Map:
        return this.#begin(kind, value, new Map());
      case ObjectKind.Set:
        return this.#begin(kind, value, new Set());
      case ObjectKind.Plain:
        return this.#begin(kind, value, {});
      case ObjectKind.Flattened:
        throw uncloneable(value);
      case ObjectKind.SharedBuffer:
      case ObjectKind.View:
        if (this.#refuse !== undefined) checkUnshared(value, this.#refuse);
    }
    // In an error it stays behind if it cannot cross. Elsewhere the whole value cannot.
    if (this.#trial !== undefined) this.#checkClones(kind, value);
    return value;
  }

  #begin(kind: ObjectKind, from: object, copy: object): object {
    this.#note(from, copy);
    this.#unfilled.push([kind, from, copy]);
    return copy;
  }

  #note(from: object, copy: object): void {
    this.#copies.set(from, copy);
    this.#trial?.push(from);
  }

  #fill([kind, from, copy]: Unfilled): void {
    switch (kind) {
      case ObjectKind.Map:
        mapForEach.call(from, (value, key) => {
          (copy as Map<unknown, unknown>).set(this.#copy(key), this.#copy(value));
        });
        return;
      case ObjectKind.Set:
        setForEach.call(from, (value) => (copy as Set<unknown>).add(this.#copy(value)));
        return;
      case ObjectKind.Array:
        return this.#fillArray(from as unknown[], copy as unknown[]);
      default:
        return this.#fillFields(from, copy, Object.keys(from));
    }
  }

  #fillArray(from: unknown[], copy: unknown[]): void {
    const { length } = from;
    let i = 0;
    for (; i < length; i++) {
      const item = from[i];
      if (item === undefined && !(i in from)) break;
      copy.push(this.#copy(item));
    }
    if (i === length) return this.#fillFields(from, copy, extraKeys(from));
    // One with holes is given its length first, in a way that takes no memory for the holes.
    copy[length - 1] = undefined;
    delete copy[length - 1];
    copy.length = length;
    this.#fillFields(from, copy, Object.keys(from).filter((key) => !(Number(key) < i)));
  }

  #fillFields(from: object, copy: object, keys: readonly string[]): void {
    for (const key of keys) {
      // A getter may have removed it.
      if (!Object.prototype.propertyIsEnumerable.call(from, key)) continue;
      const value = this.#copy((from as Record<string, unknown>)[key]);
      if (key !== "__proto__") (copy as Record<string, unknown>)[key] = value;
      else {
        Object.defineProperty(copy, key, {
          value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    }
  }

  #parcel(value: Shareable): object {
    if (this.#refuse !== undefined && !(value instanceof Transferred)) throw this.#refuse(value);
    const { kind, data, transfer }: Parcel = value[parcel](this.#transfer !== undefined);
    const mark = this.#mark(value);
    // Its parts come after it.
    const box = { kind, data: undefined as unknown };
    this.boxes.push(box);
    if (transfer !== undefined) this.#transfer?.push(...transfer);
    box.data = transfer === undefined ? this.#copy(data) : data;
    return mark;
  }

  #error(error: Error): object {
    const mark = this.#mark(error);
    this.#errors.push([
      error,
      this.boxes.push({ classes: [], message: "", fields: [] } as never) - 1,
    ]);
    return mark;
  }

  #mark(value: object): object {
    const mark = {};
    this.#note(value, mark);
    this.marks.push(mark);
    return mark;
  }

  #checkClones(kind: ObjectKind, value: object): void {
    if (this.#transfer?.includes(value as Transferable)) return;
    if (kind !== ObjectKind.Native && kind !== ObjectKind.Buffer && kind !== ObjectKind.View) {
      return;
    }
    if (this.#refuse !== undefined && kind === ObjectKind.Native) throw uncloneable(value);
    structuredClone(value);
  }
}

function checkUnshared(value: object, refuse: Refusal): void {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  if (kindOf(memory) === ObjectKind.SharedBuffer) throw refuse(memory);
}

function uncloneable(value: unknown): DOMException {
  return new DOMException(`${show(value)} cannot be cloned`, "DataCloneError");
}

/** Make the value again that `pack` packed. `callerStack` is added to the stacks of its errors. */
export function unpack(packed: Packed, callerStack?: string): unknown {
  const { value, marks, boxes } = packed;
  if (!isList(marks) || !isList(boxes) || marks.length !== boxes.length) {
    throw new TypeError("Cannot unpack a value: it was not packed");
  }
  const originals = new Map<unknown, unknown>();
  const restorer = new Restorer(originals);
  boxes.forEach((box, i) => {
    if (!("kind" in box)) originals.set(marks[i], decodeError(box, callerStack));
  });
  // What is within another one comes after it.
  for (let i = boxes.length - 1; i >= 0; i--) {
    const box = boxes[i]!;
    if ("kind" in box) originals.set(marks[i], revive(box.kind, restorer.restore(box.data)));
  }
  boxes.forEach((box, i) => {
    if ("kind" in box) return;
    fillError(originals.get(marks[i]) as Error, box, (item) => restorer.restore(item));
  });
  return restorer.restore(value);
}

/** Of more than so many entries it is looked whether they are really there. */
const MANY = 100_000;

/** Whether it is an array as long as it says: an empty one can claim 4,000,000,000 entries. */
function isList(value: unknown): boolean {
  return Array.isArray(value) &&
    (value.length <= MANY || Object.keys(value).length >= value.length);
}

/** Puts the originals back in place of the marks, in the clone itself. */
class Restorer {
  readonly #originals: Map<unknown, unknown>;
  readonly #seen = new Set<object>();
  readonly #open: object[] = [];

  constructor(originals: Map<unknown, unknown>) {
    this.#originals = originals;
  }

  restore(value: unknown): unknown {
    const restored = this.#original(value);
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) this.#into(next);
    return restored;
  }

  #original(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (this.#originals.has(value)) return this.#originals.get(value);
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#open.push(value);
    }
    return value;
  }

  #into(value: object): void {
    switch (kindOf(value)) {
      case ObjectKind.Array:
        return this.#items(value as unknown[]);
      case ObjectKind.Map: {
        const map = value as Map<unknown, unknown>;
        const entries = [...map];
        map.clear();
        for (const [key, item] of entries) map.set(this.#original(key), this.#original(item));
        return;
      }
      case ObjectKind.Set: {
        const set = value as Set<unknown>;
        const items = [...set];
        set.clear();
        for (const item of items) set.add(this.#original(item));
        return;
      }
      case ObjectKind.Plain:
        return this.#fields(value, Object.keys(value));
    }
  }

  #items(items: unknown[]): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item === undefined && !(i in items)) return this.#fields(items, Object.keys(items));
      if (typeof item === "object" && item !== null) items[i] = this.#original(item);
    }
    this.#fields(items, extraKeys(items));
  }

  #fields(object: object, keys: readonly string[]): void {
    for (const key of keys) {
      const item = (object as Record<string, unknown>)[key];
      if (typeof item !== "object" || item === null) continue;
      Object.defineProperty(object, key, { value: this.#original(item) });
    }
  }
}
