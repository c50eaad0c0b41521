/** A function of a module, by address and name. */
export interface NamedFunction {
  /** The address of its module. */
  module: string;
  /** Its name there: registered with `remote`, or exported. */
  name: string;
}

/** A function that stands on its own, by its text. */
export interface SourceFunction {
  /** What `Function.prototype.toString` gives. */
  source: string;
  /** Its name, for error messages. */
  name: string;
  /** The module that sent it, if it imports others: they are looked for beside it. */
  from?: string;
}

/**
 * The method `run` of a class derived from `Thread`; it is called with the fields of the object. The
 * classes are that one and those between it and `Thread`, the nearest first, as far as there is none
 * of a module: its module has the rest.
 */
export interface RunMethod {
  /** The classes, of which there is one at least. */
  runOf: [NamedFunction | SourceFunction, ...(NamedFunction | SourceFunction)[]];
}

/** What a function travels as. */
export type FunctionRef = NamedFunction | SourceFunction | RunMethod;

/** A function or a class, whatever it takes and gives. */
// deno-lint-ignore ban-types
export type AnyFunction = Function;
