import { show } from "../base/validate.ts";
import { isSharedMemory } from "../base/shared_memory.ts";
import { decodeError, encodeError, type ErrorBox, fillError } from "./errors.ts";
import { type Parcel, parcel, revive, type Shareable } from "./shareable.ts";

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
 * is to clone, 1 for each plain value.
 */
export function survey(list: readonly unknown[]): number {
  let weight = list.length;
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === "object" && value !== null) return examineAll(list);
    if (typeof value === "string") weight += value.length >> 5;
  }
  return weight;
}

/** So deep, and so much, is looked at without noting down what was seen: plain data mostly is less. */
const DEEP = 32;
const MUCH = 100_000;

function examineAll(list: readonly unknown[]): number {
  const quick = new Look(undefined);
  if (quick.into(list, 0) || quick.special) return quick.special ? SPECIAL : quick.weight;
  // Deep, large, or in circles.
  const thorough = new Look(new Set());
  thorough.into(list, 0);
  while (!thorough.special && thorough.open.length > 0) thorough.into(thorough.open.pop()!, 0);
  return thorough.special ? SPECIAL : thorough.weight;
}

/** Looks through a value. Without a set for what it has seen it may give up. */
class Look {
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
    const plain = Object.getPrototypeOf(object) === Object.prototype;
    const array = !plain && Array.isArray(object);
    if (!plain && !array) {
      const bytes = byteLength(object);
      if (bytes >= 0) {
        this.weight += 1 + (bytes >> 5);
        return true;
      }
    }
    if (isSpecial(object, plain || array)) {
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
    if (array) {
      const items = object as unknown[];
      const { length } = items;
      this.weight += length;
      for (let i = 0; i < length; i++) {
        const item = items[i];
        if (typeof item === "number") continue;
        this.weight--;
        if (!this.#visit(item, next)) return false;
      }
    } else if (plain) {
      for (const key in object) {
        if (!this.#visit((object as Record<string, unknown>)[key], next)) return false;
      }
    } else if (object instanceof Map) {
      for (const [key, value] of object) {
        if (!this.#visit(key, next) || !this.#visit(value, next)) return false;
      }
    } else if (object instanceof Set) {
      for (const value of object) if (!this.#visit(value, next)) return false;
    } else {
      for (const key of Object.keys(object)) {
        if (!this.#visit((object as Record<string, unknown>)[key], next)) return false;
      }
    }
    return true;
  }

  #visit(value: unknown, depth: number): boolean {
    if (typeof value === "object" && value !== null) {
      return this.into(value, depth) && !this.special;
    }
    this.weight += typeof value === "string" ? 1 + (value.length >> 5) : 1;
    return true;
  }
}

/** The bytes that an object stands for; below 0 if it is no buffer. */
function byteLength(value: object): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  return isSharedMemory(value) ? 0 : -1;
}

function isSpecial(value: object, plain: boolean): boolean {
  return (value as Partial<Shareable>)[parcel] !== undefined || (!plain && value instanceof Error);
}

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
 * @param transfer Gets what has to move with it.
 * @param refuse Makes the error for a shared object, where none can cross.
 */
export function pack(value: unknown, transfer: Transferable[], refuse?: Refusal): Packed {
  const packer = new Packer(transfer, refuse);
  return { value: packer.copy(value), marks: packer.marks, boxes: packer.boxes };
}

/** Copies the containers on the way to whatever has to be replaced; the rest is left to the clone. */
class Packer {
  readonly marks: object[] = [];
  readonly boxes: Box[] = [];
  readonly #transfer: Transferable[];
  readonly #refuse: Refusal | undefined;
  readonly #copies = new Map<object, object>();

  constructor(transfer: Transferable[], refuse: Refusal | undefined) {
    this.#transfer = transfer;
    this.#refuse = refuse;
  }

  copy(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    if (byteLength(value) >= 0) return value;
    if ((value as Partial<Shareable>)[parcel] !== undefined) {
      return this.#parcel(value as Shareable);
    }
    if (value instanceof Error) return this.#error(value);
    if (Array.isArray(value)) {
      const copy: unknown[] = new Array(value.length);
      this.#copies.set(value, copy);
      for (let i = 0; i < value.length; i++) if (i in value) copy[i] = this.copy(value[i]);
      return copy;
    }
    if (value instanceof Map) {
      const copy = new Map<unknown, unknown>();
      this.#copies.set(value, copy);
      for (const [key, item] of value) copy.set(this.copy(key), this.copy(item));
      return copy;
    }
    if (value instanceof Set) {
      const copy = new Set<unknown>();
      this.#copies.set(value, copy);
      for (const item of value) copy.add(this.copy(item));
      return copy;
    }
    const keys = Object.keys(value);
    // What has no fields, a Date or a port say, or is of the platform's making, is left as it is.
    if (keys.length === 0 || Object.prototype.toString.call(value) !== "[object Object]") {
      return value;
    }
    const copy: Record<string, unknown> = {};
    this.#copies.set(value, copy);
    for (const key of keys) {
      const item = this.copy((value as Record<string, unknown>)[key]);
      if (key === "__proto__") Object.defineProperty(copy, key, { value: item, enumerable: true });
      else copy[key] = item;
    }
    return copy;
  }

  #parcel(value: Shareable): object {
    if (this.#refuse !== undefined) throw this.#refuse(value);
    const mark = this.#mark(value);
    const at = this.boxes.push(undefined as never) - 1;
    const { kind, data, transfer }: Parcel = value[parcel]();
    this.boxes[at] = { kind, data: this.copy(data) };
    if (transfer !== undefined) this.#transfer.push(...transfer);
    return mark;
  }

  #error(error: Error): object {
    const mark = this.#mark(error);
    const at = this.boxes.push(undefined as never) - 1;
    this.boxes[at] = encodeError(error, (value) => this.copy(value));
    return mark;
  }

  #mark(value: object): object {
    const mark = {};
    this.#copies.set(value, mark);
    this.marks.push(mark);
    return mark;
  }
}

/** Make the value again that `pack` packed. `callerStack` is added to the stacks of its errors. */
export function unpack(packed: Packed, callerStack?: string): unknown {
  const { value, marks, boxes } = packed;
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

/** Puts the originals back in place of the marks, in the clone itself. */
class Restorer {
  readonly #originals: Map<unknown, unknown>;
  readonly #seen = new Set<object>();

  constructor(originals: Map<unknown, unknown>) {
    this.#originals = originals;
  }

  restore(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (this.#originals.has(value)) return this.#originals.get(value);
    if (byteLength(value) >= 0 || this.#seen.has(value)) return value;
    this.#seen.add(value);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) if (i in value) value[i] = this.restore(value[i]);
    } else if (value instanceof Map) {
      const entries = [...value];
      value.clear();
      for (const [key, item] of entries) value.set(this.restore(key), this.restore(item));
    } else if (value instanceof Set) {
      const items = [...value];
      value.clear();
      for (const item of items) value.add(this.restore(item));
    } else {
      for (const key of Object.keys(value)) {
        const item = (value as Record<string, unknown>)[key];
        if (typeof item !== "object" || item === null) continue;
        Object.defineProperty(value, key, { value: this.restore(item) });
      }
    }
    return value;
  }
}
