import { checkOptions, checkSignal } from "../base/validate.ts";
import { whenAborted } from "../core/when_aborted.ts";
import { Callback, futureInternals } from "../core/future.ts";
import { type Coroutine, type Task, taskInternals, type TaskOptions } from "../core/task.ts";
import { hearRaces } from "../core/race_entry.ts";

hearRaces();

/**
 * Start a function as a task of its own.
 *
 * It begins to run in a later microtask, never inside this call. Prefer `TaskGroup` where the task
 * should not outlive the code that started it. As a task of asyncio inherits context variables, it
 * inherits what `AsyncLocalStorage`s hold where it is created.
 *
 * CPython: `asyncio.create_task`.
 *
 * @typeParam T What the function returns or resolves with.
 * @param coro Called once, with the task's abort signal.
 * @param options `name`: the task's name, `"Task-1"` … by default; `signal`: aborting it cancels the
 *   task.
 * @returns The task.
 * @throws {TypeError} If `coro` is not a function or the name not a string.
 *
 * @example
 * ```ts
 * import { createTask, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const task = createTask(async (signal) => {
 *   await sleep(1); // a cancellation ends it by itself
 *   const response = await fetch(url, { signal }); // what is not the library's needs the signal
 *   return await response.text();
 * }, { name: "greeting" });
 * assertEquals(await task, "hello");
 * assertEquals(task.name, "greeting");
 * ```
 */
export function createTask<T>(coro: Coroutine<T>, options?: TaskOptions): Task<T> {
  checkOptions("create a task", options, OPTIONS);
  const signal = options?.signal;
  checkSignal("create a task", signal);
  const task = taskInternals.create(coro, options);
  if (signal !== undefined) cancelWith(signal, task);
  return task;
}

const OPTIONS = ["name", "signal"];

// In a function of its own: what a closure captures is allocated whether there is one or not.
function cancelWith(signal: AbortSignal, task: Task<unknown>): void {
  const subscription = whenAborted(signal, () => task.cancel(signal.reason));
  futureInternals.subscribeQuietly(task, new Callback(() => subscription.end()));
}
