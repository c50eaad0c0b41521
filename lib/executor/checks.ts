/** Checks of what callers give to any kind of pool. `what` completes "Cannot …". */
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  checkSignal,
  show,
} from "../base/validate.ts";
import { checkTransfer } from "../wire/transfer.ts";
import type { CallOptions, MapOptions, ShutdownOptions } from "./executor.ts";

/** The options of a call that every pool has. */
export const CALL_OPTIONS: readonly string[] = ["signal", "timeout", "transfer", "priority"];
const MAP_OPTIONS = ["signal", "timeout", "chunksize", "buffersize", "onProgress"];
const SHUTDOWN_OPTIONS = ["wait", "cancelFutures"];

/** Refuse what is no array of arguments. */
export function checkArguments(what: string, args: unknown): asserts args is unknown[] {
  if (!Array.isArray(args)) {
    throw new TypeError(`Cannot ${what}: args must be an array, received ${show(args)}`);
  }
}

/** Refuse what cannot be iterated in either way. */
export function checkIterable(
  what: string,
  items: unknown,
): asserts items is Iterable<unknown> | AsyncIterable<unknown> {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(items ?? {});
  if (typeof sync !== "function" && typeof async !== "function") {
    throw new TypeError(`Cannot ${what}: items must be iterable, received ${show(items)}`);
  }
}

/** Refuse wrong options of a call. */
export function checkCallOptions(
  what: string,
  options: CallOptions | undefined,
  known: readonly string[] = CALL_OPTIONS,
): void {
  checkOptions(what, options, known);
  const { signal, timeout, transfer, priority } = options ?? {};
  checkSignal(what, signal);
  if (timeout !== undefined) checkDuration(what, "timeout", timeout);
  if (transfer !== undefined) checkTransfer(what, transfer);
  if (priority !== undefined) checkPriority(what, priority);
}

/** Refuse wrong options of a `map`. */
export function checkMapOptions(what: string, options: MapOptions | undefined): void {
  checkOptions(what, options, MAP_OPTIONS);
  const { signal, timeout, chunksize, buffersize, onProgress } = options ?? {};
  checkSignal(what, signal);
  if (timeout !== undefined) checkDuration(what, "timeout", timeout);
  if (chunksize !== undefined) checkInteger(what, "chunksize", chunksize, 1);
  if (buffersize !== undefined) checkInteger(what, "buffersize", buffersize, 1);
  if (onProgress !== undefined) checkFunction(what, "onProgress", onProgress);
}

/** Refuse wrong options of a shutdown, and fill in what they leave open. */
export function readShutdownOptions(
  what: string,
  options: ShutdownOptions | undefined,
): Required<ShutdownOptions> {
  checkOptions(what, options, SHUTDOWN_OPTIONS);
  const { wait = true, cancelFutures = false } = options ?? {};
  checkBoolean(what, "wait", wait);
  checkBoolean(what, "cancelFutures", cancelFutures);
  return { wait, cancelFutures };
}

function checkBoolean(what: string, name: string, value: unknown): void {
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot ${what}: ${name} must be a boolean, received ${show(value)}`);
  }
}

function checkPriority(what: string, priority: unknown): void {
  if (typeof priority !== "number") {
    throw new TypeError(`Cannot ${what}: priority must be a number, received ${show(priority)}`);
  }
  if (Number.isNaN(priority)) {
    throw new RangeError(`Cannot ${what}: priority must be a number, received NaN`);
  }
}

/** How many calls wait, in words: `1 call waits`. */
export function showWaiting(count: number): string {
  return count === 1 ? "1 call waits" : `${count} calls wait`;
}
