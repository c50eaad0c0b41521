import type { FunctionRef, NamedFunction, RunMethod } from "../../wire/function_ref.ts";
import { compileClass, compileFunction, HIDDEN } from "../../wire/compile_function.ts";
import { findRemote } from "../../wire/function_registry.ts";
import { moduleOf } from "../../wire/sending_module.ts";
import { importTaskModule } from "../../wire/import_task_module.ts";

/** A function as it is called: with arguments of any kind. */
export type Callee = (...args: unknown[]) => unknown;

/** A function that this worker has been told of. */
export interface Entry {
  readonly ref: FunctionRef;
  /** The function, once it was compiled or its module imported. */
  callee: Callee | undefined;
}

/** The functions that a worker knows by number. */
export class FunctionTable {
  readonly #entries = new Map<number, Entry>();

  /** Say what a number stands for. */
  define(number: number, ref: FunctionRef): void {
    this.#entries.set(number, { ref, callee: undefined });
  }

  /** Forget them all. */
  clear(): void {
    this.#entries.clear();
  }

  /** What a number stands for. */
  get(number: number): Entry {
    return this.#entries.get(number)!;
  }
}

/**
 * Make the function callable: at once if it travels as source or its module is here, else by a
 * promise.
 *
 * @throws If the source cannot be compiled, or (as a rejection) the module not be loaded.
 */
export function resolve(entry: Entry): Callee | Promise<Callee> {
  if (entry.callee !== undefined) return entry.callee;
  const { ref } = entry;
  if ("runOf" in ref) return loadRun(entry, ref.runOf);
  if ("source" in ref) return entry.callee = compileFunction(ref) as unknown as Callee;
  const found = findRemote(ref);
  return found === undefined ? load(entry, ref) : entry.callee = found as unknown as Callee;
}

async function load(entry: Entry, ref: NamedFunction): Promise<Callee> {
  return entry.callee = await fetchNamed(ref) as Callee;
}

async function loadRun(entry: Entry, refs: RunMethod["runOf"]): Promise<Callee> {
  // Of a thread's own verbs there is nothing to be used within it.
  let Class: Callee | (new () => unknown) = class {};
  for (const ref of refs.toReversed()) {
    Class = "source" in ref
      ? compileClass(ref, Class) as Callee
      : (findRemote(ref) ?? await fetchNamed(ref)) as Callee;
  }
  const { prototype } = Class as unknown as { prototype: { run(): unknown } };
  return entry.callee = (fields) => Object.assign(Object.create(prototype), fields).run();
}

async function fetchNamed({ module, name }: NamedFunction): Promise<unknown> {
  const exports = await importTaskModule(module);
  const found = findRemote({ module, name }) ?? exports[name];
  if (typeof found === "function") return found;
  throw new TypeError(
    `Cannot run "${name}" in a worker: ${module} neither registers nor exports such a function`,
  );
}

const NOT_THERE = new RegExp(
  `^(\\S+) is not defined$|^Cannot access '(${HIDDEN.join("|")})' before initialization$`,
);

/**
 * Say what is wrong where a function that travels as source used a variable around it, which is not
 * there in the worker.
 */
export function explain(error: unknown, ref: FunctionRef): unknown {
  if ("runOf" in ref) return explain(error, ref.runOf[0]);
  if ("source" in ref && isCspError(error)) return explainCsp(error, ref.name);
  if (!("source" in ref) || !isReferenceError(error)) return error;
  const [, absent, hidden] = NOT_THERE.exec(error.message) ?? [];
  const variable = absent ?? hidden;
  if (variable === undefined || isOfModule(error)) return error;
  const explained = new ReferenceError(
    `Cannot run ${ref.name ? `"${ref.name}"` : "the function"} in a worker: it uses the variable ` +
      `"${variable}" from around it, which does not travel with its source; ` +
      `pass it as an argument, or register the function with remote(import.meta, fn)`,
    { cause: error },
  );
  if (error.stack !== undefined) {
    explained.stack = error.stack.replace(error.message, explained.message);
  }
  return explained;
}

/** Whether it was thrown in a module that the function imported. */
function isOfModule(error: ReferenceError): boolean {
  const first = error.stack?.split("\n").find((line) => /^\s*at /.test(line));
  return first !== undefined && moduleOf(first) !== undefined;
}

function isCspError(error: unknown): error is EvalError {
  try {
    return error instanceof EvalError;
  } catch {
    return false;
  }
}

function explainCsp(cause: EvalError, name: string): Error {
  return new EvalError(
    `Cannot run ${name ? `"${name}"` : "the function"} in a worker: the page's ` +
      `Content-Security-Policy allows no code from text; register the function with ` +
      `remote(import.meta, fn), or allow 'unsafe-eval' in script-src`,
    { cause },
  );
}

function isReferenceError(error: unknown): error is ReferenceError {
  try {
    return error instanceof ReferenceError && typeof error.message === "string";
  } catch {
    // What was thrown cannot even be looked at.
    return false;
  }
}
