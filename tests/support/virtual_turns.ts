/**
 * Turns of the event loop that take no longer than some microtasks, for tests of what needs nothing
 * else from it. Has to be imported before the library, which looks for its timers as it is loaded.
 *
 * @module
 */
import { provideBuiltin } from "../../lib/base/builtins.ts";
import { microtasks, turn as realTurn } from "./virtual_time.ts";

let due: (() => void)[] = [];

const setImmediate = (fn: () => void) => void due.push(fn);

provideBuiltin("node:timers", { setTimeout: globalThis.setTimeout, setImmediate });
Object.defineProperty(globalThis, "setImmediate", {
  value: setImmediate,
  configurable: true,
  writable: true,
});

/** There the library takes its turns by messages. */
const byMessages = /^2\.[0-5]\./.test(Deno.version.deno);

/**
 * Let everything happen that needs no time: microtasks, and two turns of the event loop. Tells whether
 * anybody had asked for one of these.
 */
export async function turn(): Promise<boolean> {
  if (byMessages) {
    await realTurn();
    return true;
  }
  let asked = false;
  for (let i = 0; i < 2 && due.length > 0; i++) {
    asked = true;
    const fns = due;
    due = [];
    for (const fn of fns) fn();
    await microtasks();
  }
  return asked;
}
