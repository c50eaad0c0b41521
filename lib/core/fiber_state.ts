import { now } from "../base/clock.ts";
import { currentScope } from "./context.ts";
import type { Fiber } from "./fiber.ts";
import type { TaskInfo } from "./instrument.ts";
import type { Waiter } from "./waiter.ts";

/** The wait that a fiber is in: of several side by side, one that nothing has happened to yet. */
export function waitOf(fiber: Fiber): Waiter<unknown, unknown> | undefined {
  let found: Waiter<unknown, unknown> | undefined;
  for (const wait of fiber.waits()) {
    if (wait.waiting) return wait;
    found ??= wait;
  }
  return found;
}

/** What a fiber does; `wait` is the one that it is in. */
export function stateOf(
  fiber: Fiber,
  wait: Waiter<unknown, unknown> | undefined,
): TaskInfo["state"] {
  if (fiber.ended) return "done";
  const runs = currentScope()?.fiber === fiber;
  // Also of one that is asked to stop: this is the word by which a task that cannot be reached is found.
  if (fiber.started && !runs && wait === undefined) return "native";
  if (fiber.cancelsRequested > 0) return "cancelling";
  if (!fiber.started) return "ready";
  if (runs) return "running";
  return wait!.waiting ? "waiting" : "ready";
}

/** For how many milliseconds it has done that. */
export function sinceOf(fiber: Fiber, wait: Waiter<unknown, unknown> | undefined): number {
  const asked = stateOf(fiber, wait) === "cancelling";
  const since = asked ? fiber.scope.cancelledAt : wait?.begunAt ?? fiber.since;
  return Math.max(0, now() - since);
}
