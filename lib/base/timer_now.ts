import { now } from "./clock.ts";

/** How Deno, Node, Bun and browsers show their own `Date`, and no fake shows itself. */
const REAL_DATE = /^function Date\(\) \{\s*\[native code\]/;

let lastDate: unknown;
let faked = false;

/**
 * The time by the clock that timers go by, in milliseconds on some scale: that of
 * `performance.now()`, and while a test fakes time that of its `Date`, as not every fake has a
 * `performance` of its own.
 */
export function timerNow(): number {
  if (Date !== lastDate) {
    lastDate = Date;
    faked = !REAL_DATE.test(Function.prototype.toString.call(Date));
  }
  return faked ? Date.now() : now();
}
