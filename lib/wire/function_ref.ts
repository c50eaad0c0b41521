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
}

/** The method `run` of a class derived from `Thread`; it is called with the fields of the object. */
export interface RunMethod {
  /** The class. */
  runOf: NamedFunction | SourceFunction;
}

/** What a function travels as. */
export type FunctionRef = NamedFunction | SourceFunction | RunMethod;
