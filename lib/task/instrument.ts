import { checkFunction, checkOptions } from "../base/validate.ts";
import type { Instrument } from "../core/instrument.ts";
import { HOOKS, install } from "./installed_instruments.ts";

/**
 * Have hooks called when something happens to tasks, waits, calls and workers of this thread.
 *
 * A hook runs in the midst of the library: it must not wait, and should do little. One that throws is
 * reported on stderr once, and goes on being called. Without any hook nothing is spent on this.
 *
 * CPython: none. trio: `trio.lowlevel.add_instrument`.
 *
 * @param hooks What to call; each is optional.
 * @returns Disposing it stops the calls.
 * @throws {TypeError} If `hooks` is not an object, has a hook that is not a function, or one of an
 *   unknown name.
 *
 * @example
 * ```ts
 * import { createTask, instrument, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * {
 *   using _ = instrument({
 *     taskStarted: (task) => void log.push(`${task.name} starts`),
 *     waitBegan: (task, wait) => void log.push(`${task.name} waits in ${wait.kind}`),
 *     taskEnded: (task, outcome) => void log.push(`${task.name} is ${outcome.state}`),
 *   });
 *   await createTask(() => sleep(1), { name: "nap" });
 * }
 * assertEquals(log, ["nap starts", "nap waits in sleep", "nap is done"]);
 * ```
 */
export function instrument(hooks: Instrument): Disposable {
  const what = "instrument the program";
  checkOptions(what, hooks ?? null, HOOKS, "hook");
  for (const name of HOOKS) {
    if (hooks[name] !== undefined) checkFunction(what, name, hooks[name]);
  }
  return install(hooks);
}
