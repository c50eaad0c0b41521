import { CancelledError } from "../task_errors.ts";
import { isInstance, readError } from "../base/instance.ts";
import { checkFunction, show } from "../base/validate.ts";

/**
 * A class of errors, or any other class.
 *
 * @example
 * ```ts
 * import { type ErrorClass, ExceptionGroup } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // How many failures of each class there are, nested groups included.
 * function tally(group: ExceptionGroup, ...classes: ErrorClass[]): string[] {
 *   const count = (error: unknown): number => {
 *     return error instanceof AggregateError ? error.errors.reduce((n, one) => n + count(one), 0) : 1;
 *   };
 *   return classes.map((one) => {
 *     const matching = group.subgroup(one);
 *     return `${one.name}: ${matching ? count(matching) : 0}`;
 *   });
 * }
 *
 * const rows = new ExceptionGroup([new RangeError("row 3"), new RangeError("row 7")]);
 * const group = new ExceptionGroup([rows, new TypeError("header")], "The import failed");
 * assertEquals(tally(group, RangeError, TypeError), ["RangeError: 2", "TypeError: 1"]);
 * ```
 */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => unknown;

/**
 * Which errors of a group are meant: those of a class, of one of several, or those for which a function says so.
 *
 * @example
 * ```ts
 * import { type ErrorMatch, ExceptionGroup, TaskGroup } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * // Python's `contextlib.suppress`: lets failures of a kind pass, and throws on the others.
 * async function suppress(match: ErrorMatch, body: () => Promise<unknown>): Promise<void> {
 *   try {
 *     await body();
 *   } catch (error) {
 *     if (!(error instanceof ExceptionGroup)) throw error;
 *     const [, rest] = error.split(match);
 *     if (rest) throw rest;
 *   }
 * }
 *
 * const fail = () =>
 *   TaskGroup.run((group) => {
 *     group.createTask(() => Promise.reject(new RangeError("row 3")));
 *     group.createTask(() => Promise.reject(new TypeError("row 4")));
 *   });
 * await suppress([RangeError, TypeError], fail);
 * await suppress((error) => error instanceof Error && error.message.startsWith("row"), fail);
 * const rest = await assertRejects(() => suppress(RangeError, fail), ExceptionGroup);
 * assertEquals(rest.errors.map(String), ["TypeError: row 4"]);
 * ```
 */
export type ErrorMatch = ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean);

function isClass(match: unknown): match is ErrorClass {
  if (typeof match !== "function") return false;
  // Of classes, those of the platform too, the prototype is fixed; of old-style ones it is not.
  const prototype = Object.getOwnPropertyDescriptor(match, "prototype");
  return prototype?.writable === false || prototype?.value instanceof Error;
}

function matcher(what: string, match: ErrorMatch): (error: unknown) => boolean {
  if (Array.isArray(match)) {
    for (const one of match) {
      if (!isClass(one)) {
        throw new TypeError(`Cannot ${what}: match must hold classes, received ${show(one)}`);
      }
    }
    return (error) => match.some((one) => isInstance(error, one));
  }
  checkFunction(what, "match", match);
  if (isClass(match)) return (error) => isInstance(error, match);
  return match as (error: unknown) => boolean;
}

/**
 * Several failures at once: what a `TaskGroup` rejects with.
 *
 * CPython: `ExceptionGroup` (PEP 654). JavaScript has no `except*`; `split` takes its place.
 *
 * @example
 * ```ts
 * import { ExceptionGroup } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const group = new ExceptionGroup([new TypeError("a"), new RangeError("b")], "both failed");
 * const [types, rest] = group.split(TypeError);
 * assertEquals(types?.errors.length, 1);
 * assertEquals(rest?.errors.length, 1);
 * ```
 */
export class ExceptionGroup extends AggregateError {
  static {
    this.prototype.name = "ExceptionGroup";
  }

  /**
   * Make a group.
   *
   * @param errors The failures; at least one.
   * @param message What failed as a whole.
   * @param options `cause`, as for every error.
   * @throws {TypeError} If `errors` is not iterable.
   * @throws {RangeError} If there are none.
   */
  constructor(errors: Iterable<unknown>, message?: string, options?: ErrorOptions) {
    if (typeof errors === "string" || typeof errors?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        `Cannot create an exception group: errors must be an iterable, received ${show(errors)}`,
      );
    }
    const list = [...errors];
    if (list.length === 0) {
      throw new RangeError("Cannot create an exception group: errors must not be empty");
    }
    super(list, message, options);
  }

  /**
   * Split it in two, keeping the nesting.
   *
   * @param match A class, several, or a predicate, which is also asked about nested groups.
   * @returns The group of those that match and the group of the others; `undefined` for none.
   * @throws {TypeError} If `match` is none of these.
   */
  split(match: ErrorMatch): [ExceptionGroup | undefined, ExceptionGroup | undefined] {
    return splitGroup(this, matcher("split an exception group", match));
  }

  /**
   * Only those that match, keeping the nesting.
   *
   * @param match A class, several, or a predicate, which is also asked about nested groups.
   * @returns Their group, or `undefined` if there are none.
   * @throws {TypeError} If `match` is none of these.
   */
  subgroup(match: ErrorMatch): ExceptionGroup | undefined {
    return splitGroup(this, matcher("take a subgroup", match))[0];
  }

  /**
   * A group of other errors with the same message; `split` and `subgroup` make theirs with it, so
   * that a subclass that overrides it is kept.
   *
   * @param errors The errors of the new group.
   * @returns The new group.
   */
  derive(errors: Iterable<unknown>): ExceptionGroup {
    return new ExceptionGroup(errors, this.message);
  }
}

/** Under this key a group whose stack tells of its failures can give its part one that does, too. */
export const copyStack: unique symbol = Symbol("stack");

type Halves = [ExceptionGroup | undefined, ExceptionGroup | undefined];

// Not private methods: a group that came from a worker was given its class, and not constructed.
function splitGroup(group: ExceptionGroup, matches: (error: unknown) => boolean): Halves {
  if (matches(group)) return [group, undefined];
  const inside: unknown[] = [];
  const outside: unknown[] = [];
  for (const error of group.errors) {
    if (isInstance(error, ExceptionGroup)) {
      const [matching, rest] = splitGroup(error, matches);
      if (matching !== undefined) inside.push(matching);
      if (rest !== undefined) outside.push(rest);
    } else if (matches(error)) inside.push(error);
    else outside.push(error);
  }
  return [part(group, inside), part(group, outside)];
}

function part(group: ExceptionGroup, errors: unknown[]): ExceptionGroup | undefined {
  if (errors.length === 0) return undefined;
  const made = group.derive(errors);
  if (copyStack in group) (group[copyStack] as (made: ExceptionGroup) => void)(made);
  else made.stack = group.stack!;
  if ("cause" in group && !("cause" in made)) {
    Object.defineProperty(made, "cause", {
      value: group.cause,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  }
  return made;
}

/**
 * What a body ended with, as it is to be reported.
 *
 * A child that fails cancels the block of an `await using` group, and JavaScript puts the two
 * together: the cancellation has done its work, and the group's failures are what counts.
 */
export function groupFailure(error: unknown): unknown {
  const { name, error: last, suppressed } = readError(error);
  const ours = name === "SuppressedError" && isInstance(last, ExceptionGroup) &&
    isInstance(suppressed, CancelledError);
  return ours ? last : error;
}
