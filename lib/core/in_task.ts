import { currentScope } from "./context.ts";
import { futureInternals } from "./future.ts";
import { taskInternals } from "./task.ts";

/** Run `fn` in the current task, or in a task of its own where there is none. */
export function inTask<T>(fn: () => Promise<T>): Promise<T> {
  if (currentScope() !== undefined) return fn();
  return futureInternals.promise(taskInternals.create(fn));
}
