import { now } from "../../base/clock.ts";

/** Where a call was made, to be told when it fails. */
export interface CallSite {
  stack?: string;
}

/** Keeping a place costs some microseconds: of many calls in a millisecond, so many pay them. */
const PER_MILLISECOND = 8;

let kept = 0;
let since = 0;

interface ErrorWithCapture {
  captureStackTrace?(target: object, above?: unknown): void;
}

/** Remember from where `above` was called; `undefined` where calls come too fast for that. */
export function callSite(above: unknown): CallSite | undefined {
  if (kept === PER_MILLISECOND) {
    if (now() - since < 1) return undefined;
    kept = 0;
  }
  if (kept++ === 0) since = now();
  const site: CallSite = {};
  (Error as ErrorWithCapture).captureStackTrace?.(site, above);
  return site;
}

/** The lines of the stack, without the first, which names an error. */
export function linesOf(site: CallSite | undefined): string | undefined {
  const stack = site?.stack;
  return stack === undefined ? undefined : stack.slice(stack.indexOf("\n") + 1);
}

/** Let an error that was made elsewhere say from where the call was made. */
export function placeAt<E>(error: E, site: CallSite | undefined): E {
  const lines = linesOf(site);
  if (lines !== undefined && error instanceof Error) {
    error.stack = `${error.name}: ${error.message}\n${lines}`;
  }
  return error;
}
