import { show } from "../base/validate.ts";

/** A value together with what has to move with it; `transfer` makes it. */
export class Transferred {
  readonly value: unknown;
  readonly list: Transferable[];

  constructor(value: unknown, list: Transferable[]) {
    this.value = value;
    this.list = list;
  }
}

/**
 * Let parts of a worker function's result move to the caller instead of being copied.
 *
 * Return or yield it, as it is or through a promise; the caller gets `value`. Afterwards the buffers
 * of the list are of length 0 in the worker. Outside a worker function it has no meaning. For
 * arguments there is `apply(fn, args, { transfer })`.
 *
 * CPython has no twin: its processes share nothing.
 *
 * @typeParam T What the caller gets.
 * @param value The result.
 * @param list The buffers, ports and streams in it that should move.
 * @returns A wrapper, of which only the pool takes notice; it is typed as what the caller gets.
 * @throws {TypeError} If `list` is not an array of objects.
 *
 * @example
 * ```ts
 * import { transfer } from "@strand/strand";
 * import { assert } from "@std/assert";
 *
 * // A function for a worker: the pixels move, they are not copied.
 * function render(width: number, height: number): Uint8Array {
 *   const pixels = new Uint8Array(width * height * 4);
 *   return transfer(pixels, [pixels.buffer]);
 * }
 * assert(render(2, 2));
 * ```
 */
export function transfer<T>(value: T, list: Transferable[]): T {
  checkTransfer("transfer a value", list, "list");
  return new Transferred(value, [...list]) as T;
}

/** Refuse what is no list of objects to transfer. */
export function checkTransfer(what: string, list: unknown, name = "transfer"): void {
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot ${what}: ${name} must be an array, received ${show(list)}`);
  }
  for (const item of list) {
    if (typeof item !== "object" || item === null) {
      throw new TypeError(`Cannot ${what}: ${name} must hold objects, received ${show(item)}`);
    }
  }
}
