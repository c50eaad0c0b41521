import { runContexts } from "../core/context.ts";
import type { Task } from "../core/task.ts";

/**
 * Every task that has not ended yet.
 *
 * CPython: `asyncio.all_tasks`.
 *
 * @returns A new set.
 *
 * @example
 * ```ts
 * import { allTasks, createTask } from "@strand/strand";
 * import { assert, assertFalse } from "@std/assert";
 *
 * const task = createTask(() => 1);
 * assert(allTasks().has(task));
 * await task;
 * assertFalse(allTasks().has(task));
 * ```
 */
export function allTasks(): Set<Task<unknown>> {
  return new Set([...runContexts].flatMap((runContext) => runContext.allTasks()));
}
