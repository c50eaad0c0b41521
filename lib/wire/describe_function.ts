import { show } from "../base/validate.ts";
import { compileFunction } from "./compile_function.ts";
import type {
  AnyFunction,
  FunctionRef,
  NamedFunction,
  RunMethod,
  SourceFunction,
} from "./function_ref.ts";
import { refOf } from "./function_registry.ts";
import { sendingModule } from "./sending_module.ts";

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
  const ref = sourceRef(source, fn.name);
  const text = ref.from === undefined ? source : `${ref.from}\n${source}`;
  const equal = texts.get(text);
  if (equal !== undefined) return equal;
  checkSource(what, fn, source, isClass);
  const made = { number: ++count, ref, generator, isClass };
  if (texts.size >= TEXTS) texts.clear();
  texts.set(text, made);
  return made;
}

function sourceRef(source: string, name: string): SourceFunction {
  if (!/\bimport\s*\(/.test(source)) return { source, name };
  const from = sendingModule();
  return from === undefined ? { source, name } : { source, name, from };
}

const runs = new WeakMap<AnyFunction, Described>();

/**
 * Say how the method `run` of a class travels that is derived from `Thread`, in whichever way.
 *
 * @throws {TypeError} If one of the classes between is none whose text could travel.
 */
export function describeRun(what: string, Class: AnyFunction, Thread: AnyFunction): Described {
  const known = runs.get(Class);
  if (known !== undefined) return known;
  const runOf: (NamedFunction | SourceFunction)[] = [];
  for (let next = Class; next !== Thread; next = Object.getPrototypeOf(next)) {
    const named = refOf(next);
    runOf.push(named ?? sourceRef(classText(what, next), next.name));
    if (named !== undefined) break;
  }
  const ref = { runOf: runOf as RunMethod["runOf"] };
  const made = { number: ++count, ref, generator: false, isClass: false };
  runs.set(Class, made);
  return made;
}

/** The text of a class, in which what it extends is called `Thread`, whatever it was called. */
function classText(what: string, Class: AnyFunction): string {
  const source = Function.prototype.toString.call(Class);
  const extending = /^class\b[^{]*?\bextends\b/.exec(source)?.[0];
  if (extending === undefined) {
    throw new TypeError(
      `Cannot ${what}: ${show(Class)} is no class whose text can travel; ` +
        `register it with remote(import.meta, Class)`,
    );
  }
  return `${extending} Thread ${source.slice(endOfHeritage(source, extending.length))}`;
}

/** What can stand in an expression and hold brackets that are none. */
const SKIPPED = /\s+|\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/y;

/** Where the body of a class begins: at the first brace that is not within what it extends. */
function endOfHeritage(source: string, from: number): number {
  let depth = 0;
  // The bodies of classes and functions that stand in the expression itself.
  let bodies = 0;
  for (let at = from; at < source.length;) {
    SKIPPED.lastIndex = at;
    const skipped = SKIPPED.exec(source)?.[0].length ?? 0;
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const word = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(source.slice(at, at + 256))?.[0];
    if (word !== undefined) {
      if (depth === 0 && (word === "class" || word === "function")) bodies++;
      at += word.length;
      continue;
    }
    const sign = source[at]!;
    if (sign === "{" && depth === 0 && bodies-- === 0) return at;
    if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign)) depth--;
    at++;
  }
  return source.length;
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
    compileFunction({ source, name: fn.name });
  } catch (error) {
    // A page that forbids it tells nothing of the text; its workers may allow it.
    if (!(error instanceof EvalError)) refuse("is a method, whose text means nothing by itself");
  }
}
