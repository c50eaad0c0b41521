import { realms } from "./context.ts";
import type { Task } from "./task.ts";

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
  const tasks = new Set<Task<unknown>>();
  for (const realm of realms) {
    for (const { task } of realm.tasks) tasks.add(task);
  }
  return tasks;
}
