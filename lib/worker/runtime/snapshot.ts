import { extraKeys, kindOf, ObjectKind } from "../../wire/object_kind.ts";
import { pack, survey, unpack } from "../../wire/packing.ts";

/** What is deeper, or more, is not looked through but copied. */
const DEEP = 16;
const MUCH = 10_000;

/**
 * What a function returned, as it is now: memory in it that the function may use again is copied.
 * Results of a chunk are sent together, when its last item is done, and by then
 *
 *     const scratch = new Uint8Array(4);
 *     await pool.map((i: number) => scratch.fill(i), [1, 2, 3]);
 *
 * would have filled all of them with the last one's. What shares its memory on purpose, a view of a
 * `SharedArrayBuffer`, is left as it is.
 */
export function snapshot(value: object): unknown {
  try {
    if (value instanceof ArrayBuffer || value instanceof DataView) return structuredClone(value);
    if (ArrayBuffer.isView(value)) return copyArray(value);
    if (!new Search().findsMemory(value, 0)) return value;
    if (survey([value]) >= 0) return structuredClone(value);
    const transfer: Transferable[] = [];
    const packed = pack(value, transfer);
    // What moves cannot be moved twice.
    return transfer.length > 0 ? value : unpack(structuredClone(packed));
  } catch {
    // It cannot cross at all, and is refused by name when it is sent.
    return value;
  }
}

/** Only what can be seen through the view: it may be one of the whole memory of WebAssembly. */
function copyArray(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  if (!(buffer instanceof ArrayBuffer)) return view;
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  const name = Object.prototype.toString.call(view).slice(8, -1);
  const Class =
    (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => Uint8Array>)[name];
  return new Class!(copy);
}

/** Looks for memory in a value; says that there is some where there is too much to look at. */
class Search {
  #seen = 0;

  findsMemory(value: unknown, depth: number): boolean {
    if (typeof value !== "object" || value === null) return false;
    const kind = kindOf(value);
    if (kind === ObjectKind.Buffer) return true;
    if (kind === ObjectKind.View) return kindOf((value as DataView).buffer) === ObjectKind.Buffer;
    if (depth > DEEP || ++this.#seen > MUCH) return true;
    const next = depth + 1;
    const found = (part: unknown) => this.findsMemory(part, next);
    switch (kind) {
      case ObjectKind.Array:
        return this.#inArray(value as unknown[], found);
      case ObjectKind.Map:
        for (const entry of value as Map<unknown, unknown>) if (entry.some(found)) return true;
        return false;
      case ObjectKind.Set:
        for (const item of value as Set<unknown>) if (found(item)) return true;
        return false;
      case ObjectKind.Error:
        return found((value as Error).cause) || Object.values(value).some(found);
      case ObjectKind.Plain:
        return Object.values(value).some(found);
    }
    return false;
  }

  #inArray(array: unknown[], found: (part: unknown) => boolean): boolean {
    const { length } = array;
    for (let i = 0; i < length; i++) {
      const item = array[i];
      // One with holes may say that it is 4,000,000,000 long.
      if (item === undefined && !(i in array)) return Object.values(array).some(found);
      if (found(item)) return true;
    }
    return extraKeys(array).some((key) =>
      found((array as unknown as Record<string, unknown>)[key])
    );
  }
}
