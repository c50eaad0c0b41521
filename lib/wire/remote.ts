import { show } from "../base/validate.ts";
import { findRemote, register } from "./function_registry.ts";

/**
 * What `remote` registers: a function or a class.
 *
 * @example
 * ```ts
 * import { type Registrable, remote } from "@strand/strand";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const jobs = new Map<string, Registrable>();
 *
 * // Registers a function for workers, and for the requests that may ask for it by name.
 * function job<F extends Registrable>(meta: ImportMeta, fn: F): F {
 *   jobs.set(fn.name, remote(meta, fn));
 *   return fn;
 * }
 *
 * export const resize = job(import.meta, function resize(width: number): number {
 *   return width / 2;
 * });
 * assertEquals([...jobs.keys(), resize(640)], ["resize", 320]);
 * assertThrows(() => job(import.meta, (width: number) => width), TypeError, "must have a name");
 * ```
 */
export type Registrable =
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown);

/**
 * Register functions of a module, so that they travel to a worker by name.
 *
 * The worker imports the module and finds the function there; so it may use everything in its
 * module, imports and constants included, which a function that travels as source cannot. The
 * module is run once more in each worker: what only the main program should do belongs under
 * `if (import.meta.main)`. A local module needs the permission to read it (`--allow-read`).
 *
 * Classes of errors can be registered as well; such errors then keep their class on the way back.
 * Call it at the top level of the module, each time the module is loaded.
 *
 * CPython: how `pickle` sends a function, as a qualified name; and `if __name__ == "__main__"`.
 *
 * @typeParam F The function or class.
 * @param meta `import.meta` of the module that the function is defined in.
 * @param fn The function, which must have a name of its own; or an object of several, by name.
 * @returns What was given.
 * @throws {TypeError} If `meta` is not an `import.meta`, if `fn` is neither a function nor an
 *   object of functions, has no name, or if the module has registered that name already.
 *
 * @example
 * ```ts
 * import { remote } from "@strand/strand";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const limit = 10;
 * export const clamp = remote(import.meta, function clamp(n: number): number {
 *   return Math.min(n, limit);
 * });
 *
 * assertEquals(clamp(12), 10); // here it is the function that it was
 * assertThrows(() => remote(import.meta, (n: number) => n), TypeError, "name");
 * ```
 */
export function remote<F extends Registrable>(meta: ImportMeta | { url: string }, fn: F): F;
/**
 * Register several functions of a module at once, under the names of the object's fields.
 *
 * @typeParam O The object.
 * @param meta `import.meta` of the module that the functions are defined in.
 * @param fns The functions and classes, by name.
 * @returns What was given.
 *
 * @example
 * ```ts
 * import { remote } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * export const { add, double } = remote(import.meta, {
 *   add: (a: number, b: number) => a + b,
 *   double: (n: number) => 2 * n,
 * });
 * assertEquals(double(add(1, 2)), 6);
 * ```
 */
export function remote<O extends Record<string, Registrable>>(
  meta: ImportMeta | { url: string },
  fns: O,
): O;
export function remote(meta: ImportMeta | { url: string }, given: unknown): unknown {
  const module = (meta as { url?: unknown } | undefined | null)?.url;
  if (typeof module !== "string") {
    throw new TypeError(
      `Cannot register a function: meta must be import.meta, received ${show(meta)}`,
    );
  }
  const entries = entriesOf(given);
  for (const [name] of entries) {
    if (findRemote({ module, name }) === undefined) continue;
    throw new TypeError(`Cannot register "${name}": it is registered already in ${module}`);
  }
  for (const [name, fn] of entries) register(module, name, fn);
  return given;
}

function entriesOf(given: unknown): [string, Registrable][] {
  if (typeof given === "function") {
    if (given.name === "") {
      throw new TypeError(
        "Cannot register a function: fn must have a name, received a function without one; " +
          "give an object of functions by name, which minifiers leave alone",
      );
    }
    return [[given.name, given as Registrable]];
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(
      `Cannot register a function: fn must be a function or an object of functions, received ${
        show(given)
      }`,
    );
  }
  const entries = Object.entries(given);
  for (const [name, fn] of entries) {
    if (typeof fn !== "function") {
      throw new TypeError(
        `Cannot register functions: ${name} must be a function, received ${show(fn)}`,
      );
    }
  }
  return entries;
}
