import { currentScope } from "../core/context.ts";
import type { Task } from "../core/task.ts";

/**
 * The task that the running code belongs to.
 *
 * It is right after every `await`, also in nested functions and in callbacks that the task set up,
 * until the task has ended. Where the runtime has no `AsyncLocalStorage` (browsers), it is known
 * only until the first `await`.
 *
 * CPython: `asyncio.current_task`.
 *
 * @returns The task, or `undefined` outside any.
 *
 * @example
 * ```ts
 * import { createTask, currentTask, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const task = createTask(async () => {
 *   await sleep(1);
 *   return currentTask()?.name;
 * }, { name: "me" });
 * assertEquals(await task, "me");
 * assertEquals(currentTask(), undefined);
 * ```
 */
export function currentTask(): Task<unknown> | undefined {
  return currentScope()?.task;
}
