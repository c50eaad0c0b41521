/**
 * Options of the `await using` form of a group.
 *
 * @example
 * ```ts
 * import { Event, sleep, TaskGroup, type TaskGroupOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For children that only accompany the work of the block, such as a heartbeat.
 * const company: TaskGroupOptions = { onExit: "cancel" };
 *
 * const log: string[] = [];
 * const beaten = new Event();
 * {
 *   await using group = new TaskGroup(company);
 *   group.createTask(async () => {
 *     for (;; await sleep(60_000)) {
 *       log.push("beat");
 *       beaten.set();
 *     }
 *   });
 *   await beaten.wait();
 *   log.push("work");
 * } // the heartbeat is cancelled here, and has ended
 * assertEquals(log, ["beat", "work"]);
 * ```
 */
export interface TaskGroupOptions {
  /**
   * What leaving the block does with children that still run: `"join"` waits for them (the
   * default), `"cancel"` cancels them unless `join` was awaited.
   */
  onExit?: "join" | "cancel";
}

/**
 * Options of `TaskGroup.run`.
 *
 * @example
 * ```ts
 * import { TaskGroup, type TaskGroupRunOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const options: TaskGroupRunOptions = { name: "downloads", signal: AbortSignal.timeout(60_000) };
 * assertEquals(await TaskGroup.run(() => "done", options), "done");
 * ```
 */
export interface TaskGroupRunOptions {
  /** What the group is called where tasks are shown. Default: `"TaskGroup"`. */
  name?: string;
  /** Aborting it cancels the group as from outside; aborted already, the body is never begun. */
  signal?: AbortSignal;
}
