/**
 * What makes a Web Worker one of a pool: the entry for programs that are bundled.
 *
 * A bundler puts the modules of a program together, so that a worker can no longer load one of them
 * by its address. Such a program has a file for its workers, which imports this module and those whose
 * functions are to run there, registered under a name instead of an address:
 *
 * ```ts ignore
 * // tasks.js
 * import { remote } from "@strand/strand";
 * export const { isPrime } = remote({ url: "app:tasks" }, { isPrime: (n) => … });
 *
 * // my_worker.js
 * import "@strand/strand/worker";
 * import "./tasks.js";
 *
 * // main.js
 * import { WorkerPool } from "@strand/strand";
 * import { isPrime } from "./tasks.js";
 * const pool = new WorkerPool({
 *   worker: () => new Worker(new URL("./my_worker.js", import.meta.url), { type: "module" }),
 * });
 * await pool.map(isPrime, numbers);
 * ```
 *
 * @module
 */
import "./lib/worker/runtime/entry_browser.ts";
