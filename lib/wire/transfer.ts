import { show } from "../base/validate.ts";
import { parcel, Shareable } from "./shareable.ts";

/**
 * A value together with what has to move with it; `transfer` makes it. It crosses as the whole result
 * of a function, which its sender takes apart; anywhere else it is refused.
 */
export class Transferred extends Shareable {
  readonly value: unknown;
  readonly list: Transferable[];

  constructor(value: unknown, list: Transferable[]) {
    super();
    this.value = value;
    this.list = list;
  }

  [parcel](): never {
    throw new TypeError(
      "Cannot send a value: what transfer makes is within it, which has to be the whole result of a " +
        "worker function; for arguments use the option transfer of apply",
    );
  }
}

/** Refuse arguments that are what `transfer` makes. `what` completes "Cannot …". */
export function refuseTransferred(what: string, args: readonly unknown[]): void {
  for (let i = 0; i < args.length; i++) {
    if (!(args[i] instanceof Transferred)) continue;
    throw new TypeError(
      `Cannot ${what}: argument ${i + 1} is what transfer makes, which is for results; ` +
        `pass the value as it is, and what moves by the option transfer of apply`,
    );
  }
}

/**
 * Let parts of a worker function's result move to the caller instead of being copied.
 *
 * Return or yield it, as it is or through a promise; the caller gets `value`. Afterwards the buffers
 * of the list are of length 0 in the worker. Outside a worker function it has no meaning. For
 * arguments there is `apply(fn, args, { transfer })`: what this makes is refused among arguments and
 * items, and within a result.
 *
 * CPython has no twin: its processes share nothing.
 *
 * @typeParam T What the caller gets.
 * @param value The result.
 * @param list The buffers, ports and streams in it that should move.
 * @returns A wrapper, of which only the pool takes notice; it is typed as what the caller gets.
 * @throws {TypeError} If `list` is not an array of objects that can move, each once.
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

/** Refuse what is no list of objects to transfer, each once. */
export function checkTransfer(what: string, list: unknown, name = "transfer"): void {
  if (!Array.isArray(list)) {
    throw new TypeError(`Cannot ${what}: ${name} must be an array, received ${show(list)}`);
  }
  for (const item of list) {
    if (typeof item !== "object" || item === null) {
      throw new TypeError(`Cannot ${what}: ${name} must hold objects, received ${show(item)}`);
    }
    if (ArrayBuffer.isView(item)) {
      throw new TypeError(
        `Cannot ${what}: ${name} must hold what can move, received ${show(item)}, ` +
          `whose buffer can`,
      );
    }
  }
  if (new Set(list).size < list.length) {
    throw new TypeError(`Cannot ${what}: ${name} must not hold the same object twice`);
  }
}
