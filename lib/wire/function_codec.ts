import { show } from "../base/validate.ts";
import type { FunctionRef } from "./function_ref.ts";
import { refOf } from "./registry.ts";

// deno-lint-ignore ban-types
type AnyFunction = Function;

/** A function, ready to travel. */
export interface Described {
  /** What workers know it by: equal for functions with the same text. */
  readonly number: number;
  readonly ref: FunctionRef;
  /** Whether it is a generator function, sync or async; `false` where that cannot be seen. */
  readonly generator: boolean;
  /** Whether it is a class, which can be registered but not called. */
  readonly isClass: boolean;
}

/** How many different texts are remembered before the numbers are given anew. */
const TEXTS = 4096;

const described = new WeakMap<AnyFunction, Described>();
const texts = new Map<string, Described>();
let count = 0;

/**
 * Say how a function travels.
 *
 * @param what Completes "Cannot …" in error messages.
 * @throws {TypeError} If it is no function, or one that cannot travel.
 */
export function describeFunction(what: string, fn: unknown): Described {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot ${what}: fn must be a function, received ${show(fn)}`);
  }
  const known = described.get(fn);
  if (known !== undefined) return known;
  const found = describe(what, fn);
  described.set(fn, found);
  return found;
}

/** The same for a function that is to be called, which a class or a generator cannot be. */
export function describeCallable(what: string, fn: unknown): Described {
  const described = describeFunction(what, fn);
  if (described.generator) {
    throw new TypeError(`Cannot ${what}: ${show(fn)} is a generator function; use stream`);
  }
  if (described.isClass) {
    throw new TypeError(`Cannot ${what}: ${show(fn)} is a class and cannot be called`);
  }
  return described;
}

function describe(what: string, fn: AnyFunction): Described {
  const source = Function.prototype.toString.call(fn);
  const generator = /^\[object (?:Async)?GeneratorFunction\]$/.test(
    Object.prototype.toString.call(fn),
  );
  const isClass = /^class\b/.test(source);
  const named = refOf(fn);
  if (named !== undefined) return { number: ++count, ref: named, generator, isClass };
  const equal = texts.get(source);
  if (equal !== undefined) return equal;
  checkSource(what, fn, source, isClass);
  const made = { number: ++count, ref: { source, name: fn.name }, generator, isClass };
  if (texts.size >= TEXTS) texts.clear();
  texts.set(source, made);
  return made;
}

/** Say how the method `run` of a class travels that is derived from `Thread`. */
export function describeRun(Class: AnyFunction): Described {
  const known = described.get(Class.prototype.run);
  if (known !== undefined) return known;
  const runOf = refOf(Class) ??
    { source: Function.prototype.toString.call(Class), name: Class.name };
  const made = { number: ++count, ref: { runOf }, generator: false, isClass: false };
  described.set(Class.prototype.run, made);
  return made;
}

const PLAIN =
  /^(?:async\s+)?function\b|^(?:async\s+)?(?:\([^)]*\)|[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u;

function checkSource(what: string, fn: AnyFunction, source: string, isClass: boolean): void {
  const refuse = (reason: string): never => {
    throw new TypeError(
      `Cannot ${what}: ${fn.name ? `function "${fn.name}"` : "the function"} ${reason}; ` +
        `register it with remote(import.meta, fn) or pass an arrow function that calls it`,
    );
  };
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) {
    refuse("is bound or native, so that it has no text to send");
  }
  if (isClass) refuse("is a class and cannot be called");
  if (PLAIN.test(source)) return;
  try {
    compile(source);
  } catch (error) {
    // A page that forbids it tells nothing of the text; its workers may allow it.
    if (!(error instanceof EvalError)) refuse("is a method, whose text means nothing by itself");
  }
}

/**
 * Globals that are of no use in a worker, under names that programs give to variables of their own:
 * a function that travelled must not take the one for the other without a word.
 */
export const HIDDEN: readonly string[] = ["closed", "location", "name", "prompt"];

// Never initialized: to read one is an error, and so is to write one.
const HIDE = `let ${HIDDEN.join(", ")};`;

/** Make a function of its text. Modules are strict, so it is strict here, too. */
export function compile(source: string): AnyFunction {
  return new Function(`"use strict"; return (${source}\n); ${HIDE}`)();
}

/** Make a class of its text, which may be derived from `Thread`. */
export function compileClass(source: string): AnyFunction {
  // Of a thread's own verbs there is nothing to be used within it.
  const Thread = class {};
  return new Function("Thread", `"use strict"; return (${source}\n); ${HIDE}`)(Thread);
}
