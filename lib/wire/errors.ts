import * as ownErrors from "../errors.ts";
import { ExceptionGroup } from "../core/exception_group.ts";
import type { NamedFunction } from "./function_ref.ts";
import { findRemote, refOf } from "./function_registry.ts";

/** An error, taken apart so that structured clone carries all of it. */
export interface ErrorBox {
  /** Its class and those above it, the nearest first, as far as another thread may know them. */
  classes: (string | NamedFunction)[];
  message: string;
  stack: string | undefined;
  /** Everything else that the error itself has. */
  fields: [key: string, value: unknown, enumerable: boolean][];
}

type NativeErrorClass = abstract new (...args: never[]) => Error;

/** The classes that are there in every thread, by name. */
const classes = new Map<string, NativeErrorClass>();
const names = new Map<NativeErrorClass, string>();

function know(name: string, value: unknown): void {
  if (typeof value !== "function" || !(value.prototype instanceof Error || value === Error)) return;
  classes.set(name, value as NativeErrorClass);
  names.set(value as NativeErrorClass, name);
}

for (
  const name of [
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
    "AggregateError",
    "SuppressedError",
    "DOMException",
  ]
) know(name, (globalThis as Record<string, unknown>)[name]);
for (const [name, value] of Object.entries(ownErrors)) know(name, value);
know("ExceptionGroup", ExceptionGroup);
for (const space of ["WebAssembly", "Deno"]) {
  const holder = (globalThis as unknown as Record<string, { errors?: object } | undefined>)[space];
  const members = space === "Deno" ? holder?.errors : holder;
  for (const name of Object.getOwnPropertyNames(members ?? {})) {
    know(`${space}.${name}`, (members as Record<string, unknown>)[name]);
  }
}

/** Fields that are carried in another way. */
const SPECIAL = new Set(["message", "stack"]);

/**
 * Take an error apart. `copy` is asked to pack what its fields hold; one for which it throws stays
 * behind.
 */
export function encodeError(error: Error, copy: (value: unknown) => unknown): ErrorBox {
  const fields: ErrorBox["fields"] = [];
  if (error instanceof DOMException) fields.push(["name", error.name, false]);
  for (const key of Object.getOwnPropertyNames(error)) {
    if (SPECIAL.has(key)) continue;
    const { enumerable = false } = Object.getOwnPropertyDescriptor(error, key) ?? {};
    try {
      fields.push([key, copy((error as unknown as Record<string, unknown>)[key]), enumerable]);
    } catch {
      // A field that cannot be read, or cannot cross, does not keep the error from crossing.
    }
  }
  return {
    classes: classesOf(error),
    message: text(attempt(() => error.message)) ?? "",
    stack: text(attempt(() => error.stack)),
    fields,
  };
}

/** Make an error of the same class and with the same text; `fillError` adds the rest. */
export function decodeError(box: ErrorBox, callerStack: string | undefined): Error {
  const { message, stack } = box;
  let Class: NativeErrorClass = Error;
  for (const known of box.classes) {
    const found = typeof known === "string" ? classes.get(known) : findRemote(known);
    if (typeof found !== "function" || !isErrorClass(found)) continue;
    Class = found;
    break;
  }
  let error: Error;
  if (Class === DOMException) {
    const name = box.fields.find(([key]) => key === "name")?.[1];
    error = new DOMException(message, text(name) ?? "Error");
  } else {
    // The constructor of the class itself may want other arguments: it is not run.
    error = Reflect.construct(Error, message === "" ? [] : [message], Class);
  }
  define(error, "stack", callerStack === undefined ? stack : joinStacks(stack, callerStack), false);
  return error;
}

/** Put the other fields back. `restore` unpacks what they hold. */
export function fillError(error: Error, box: ErrorBox, restore: (value: unknown) => unknown): void {
  for (const [key, value, enumerable] of box.fields) {
    if (error instanceof DOMException && key === "name") continue;
    define(error, key, restore(value), enumerable);
  }
}

function joinStacks(stack: string | undefined, callerStack: string): string {
  return `${stack ?? ""}\n    --- called from ---\n${callerStack}`;
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

function classesOf(error: Error): ErrorBox["classes"] {
  const found: ErrorBox["classes"] = [];
  for (
    let prototype = Object.getPrototypeOf(error);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const Class = prototype.constructor;
    if (typeof Class !== "function") continue;
    const name = names.get(Class) ?? refOf(Class);
    if (name !== undefined) found.push(name);
  }
  return found;
}

function isErrorClass(value: unknown): value is NativeErrorClass {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}

/** What `read` gives; a getter that throws gives nothing. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
