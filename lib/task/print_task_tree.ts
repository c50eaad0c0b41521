import { formatTaskTree } from "./format_task_tree.ts";

/**
 * Print what lives now on stderr: runs, groups, tasks and calls of pools, what each waits for and who
 * holds it.
 *
 * CPython: `asyncio.print_call_graph`, new in 3.14.
 *
 * @example
 * ```ts
 * import { createTask, Event, printTaskTree, sleep, taskTree } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const stop = new Event();
 * await using _task = createTask(() => stop.wait(), { name: "runner" });
 * await sleep(1);
 * assertEquals(taskTree().length, 1);
 * printTaskTree(); // task "runner" waiting 1 ms for Event
 * ```
 */
export function printTaskTree(): void {
  console.error(formatTaskTree().trimEnd());
}
