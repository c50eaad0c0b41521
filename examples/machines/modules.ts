/**
 * The task modules, by the names that they have on the queue.
 *
 * @module
 */
export const modules = { tasks: new URL("./tasks.ts", import.meta.url) };
