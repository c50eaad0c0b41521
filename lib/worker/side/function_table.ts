import type { FunctionRef } from "../../wire/function_ref.ts";
import { compile } from "../../wire/function_codec.ts";
import { findRemote } from "../../wire/registry.ts";
import { importTaskModule } from "../../wire/task_module.ts";

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
  if ("source" in ref) return entry.callee = compile(ref.source) as Callee;
  const registered = findRemote(ref);
  if (registered !== undefined) return entry.callee = registered as Callee;
  return load(entry, ref.module, ref.name);
}

async function load(entry: Entry, module: string, name: string): Promise<Callee> {
  const exports = await importTaskModule(module);
  const found = findRemote({ module, name }) ?? exports[name];
  if (typeof found !== "function") {
    throw new TypeError(
      `Cannot run "${name}" in a worker: ${module} neither registers nor exports such a function`,
    );
  }
  return entry.callee = found as Callee;
}

/**
 * Say what is wrong where a function that travels as source used a variable around it, which is not
 * there in the worker.
 */
export function explain(error: unknown, ref: FunctionRef): unknown {
  if (!("source" in ref) || !(error instanceof ReferenceError)) return error;
  const variable = /^(\S+) is not defined$/.exec(error.message)?.[1];
  if (variable === undefined) return error;
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
