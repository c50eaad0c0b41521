import type { AnyFunction, SourceFunction } from "./function_ref.ts";
import { redirectImports } from "./redirect_imports.ts";

/**
 * Globals that are of no use in a worker, under names that programs give to variables of their own:
 * a function that travelled must not take the one for the other without a word.
 */
export const HIDDEN: readonly string[] = ["closed", "location", "name", "prompt"];

// Never initialized: to read one is an error, and so is to write one.
const HIDE = `let ${HIDDEN.join(", ")};`;

/** As long as the word that it stands for, lest anything move in the text. */
const IMPORT = "$mport";

/** Make a function of its text. Modules are strict, so it is strict here, too. */
export function compileFunction({ source, from }: SourceFunction): AnyFunction {
  return evaluate(source, from, undefined);
}

/** Make a class of its text, in which `Thread` is what it extends. */
export function compileClass({ source, from }: SourceFunction, Thread: AnyFunction): AnyFunction {
  return evaluate(source, from, Thread);
}

function evaluate(
  source: string,
  from: string | undefined,
  Thread: AnyFunction | undefined,
): AnyFunction {
  const text = from === undefined ? source : redirectImports(source, IMPORT);
  const body = `"use strict"; return (${text}\n); ${HIDE}`;
  if (Thread !== undefined) return new Function("Thread", IMPORT, body)(Thread, importFrom(from));
  return from === undefined ? new Function(body)() : new Function(IMPORT, body)(importFrom(from));
}

/** What `import` is to a function that was sent by a module. */
function importFrom(from: string | undefined) {
  return (specifier: unknown, options?: ImportCallOptions): Promise<unknown> => {
    const wanted = String(specifier);
    const relative = from !== undefined && /^\.{0,2}\//.test(wanted);
    const found = relative ? new URL(wanted, from).href : wanted;
    return options === undefined
      ? import(/* @vite-ignore */ /* webpackIgnore: true */ found)
      : import(/* @vite-ignore */ /* webpackIgnore: true */ found, options);
  };
}
