import type { AnyFunction, NamedFunction } from "./function_ref.ts";

/** What was registered, by the address of the module and then by name. */
const modules = new Map<string, Map<string, AnyFunction>>();
const refs = new WeakMap<AnyFunction, NamedFunction>();

/** Register a function or class of a module. */
export function register(module: string, name: string, value: AnyFunction): void {
  let names = modules.get(module);
  if (names === undefined) modules.set(module, names = new Map());
  names.set(name, value);
  refs.set(value, { module, name });
}

/** Say what a function stands for that is not itself the function: a stub. */
export function registerStub(stub: AnyFunction, ref: NamedFunction): void {
  refs.set(stub, ref);
}

/** Under which module and name a function or class is known. */
export function refOf(value: AnyFunction): NamedFunction | undefined {
  return refs.get(value);
}

/** What is registered under a module and name in this thread. */
export function findRemote(ref: NamedFunction): AnyFunction | undefined {
  return modules.get(ref.module)?.get(ref.name);
}
