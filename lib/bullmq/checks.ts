/** Checks of what callers give. `what` completes "Cannot …". */
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  checkPeriod,
  show,
} from "../base/validate.ts";

/** Refuse options that are no object. */
function checkGiven(what: string, options: unknown): asserts options is object {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${what}: options must be an object, received ${show(options)}`);
  }
}

/** Refuse what is not the module `bullmq`, no client of `ioredis`, or no name of a queue. */
function checkEngine(
  what: string,
  { bullmq, connection, queue, prefix }: Record<string, unknown>,
): void {
  const { Queue, Worker } = Object(bullmq ?? {}) as Record<string, unknown>;
  if (typeof Queue !== "function" || typeof Worker !== "function") {
    throw new TypeError(
      `Cannot ${what}: bullmq must be the module, received ${show(bullmq)}; ` +
        `write import * as bullmq from "npm:bullmq@6"`,
    );
  }
  if (typeof Object(connection ?? {}).duplicate !== "function") {
    throw new TypeError(
      `Cannot ${what}: connection must be a client of ioredis, received ${show(connection)}`,
    );
  }
  if (typeof queue !== "string") {
    throw new TypeError(`Cannot ${what}: queue must be a string, received ${show(queue)}`);
  }
  if (queue === "" || queue.includes(":")) {
    throw new RangeError(
      `Cannot ${what}: queue must be a name without ":", received ${show(queue)}`,
    );
  }
  checkText(what, "prefix", prefix);
}

/** Refuse what is no text, if it is given. */
export function checkText(what: string, name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "string") {
    throw new TypeError(`Cannot ${what}: ${name} must be a string, received ${show(value)}`);
  }
  if (value === "") throw new RangeError(`Cannot ${what}: ${name} must not be empty`);
}

/** Check the options of either side: their names, the engine, and the kind of each number. */
export function checkSide(
  what: string,
  options: object,
  known: readonly string[],
  kinds: Record<string, "count" | "period" | "span">,
): void {
  checkGiven(what, options);
  checkOptions(what, options, known);
  const given = options as Record<string, unknown>;
  checkEngine(what, given);
  checkText(what, "name", given["name"]);
  checkKinds(what, options, kinds);
}

/** Refuse wrong values of options by kind; those that are not given are right. */
export function checkKinds(
  what: string,
  options: object,
  kinds: Record<string, "count" | "period" | "span">,
): void {
  for (const [name, kind] of Object.entries(kinds)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (kind === "count") checkInteger(what, name, value, 1);
    else if (kind === "period") checkPeriod(what, name, value);
    else checkSpan(what, name, value);
  }
}

/** Refuse what is no finite number of milliseconds of at least 0. */
function checkSpan(what: string, name: string, value: unknown): void {
  checkDuration(what, name, value);
  if (value as number >= 0 && value as number < Infinity) return;
  throw new RangeError(
    `Cannot ${what}: ${name} must be a number of milliseconds from 0 on, received ${value}`,
  );
}

/** Refuse what has no such methods. */
export function checkMethods(what: string, name: string, value: unknown, methods: string[]): void {
  for (const method of methods) {
    checkFunction(what, `${name}.${method}`, Object(value ?? {})[method]);
  }
}
