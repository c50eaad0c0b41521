/**
 * What the permissions of a worker may be: Deno's `Deno.PermissionOptions`.
 *
 * @example
 * ```ts
 * import { ProcessPool, type WorkerPermissions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For code of others: it may compute, and nothing else.
 * const sandbox: WorkerPermissions = "none";
 *
 * await using pool = new ProcessPool({ maxWorkers: 1, permissions: sandbox });
 * const peek = pool.submit(() => {
 *   try {
 *     return Deno.env.get("HOME");
 *   } catch (error) {
 *     return (error as Error).name;
 *   }
 * });
 * assertEquals(await peek, "NotCapable");
 * ```
 */
export type WorkerPermissions = "inherit" | "none" | {
  /** Environment variables, by name. */
  env?: "inherit" | boolean | string[];
  /** Foreign functions, by the path of their library. */
  ffi?: "inherit" | boolean | (string | URL)[];
  /**
   * Where modules may come from, by host. A process without it imports local files, and packages of a
   * `node_modules` that the program looks after itself; none from npm.
   */
  import?: "inherit" | boolean | string[];
  /** The network, by host. */
  net?: "inherit" | boolean | string[];
  /** Files to read, by path. */
  read?: "inherit" | boolean | (string | URL)[];
  /** Programs to run, by command. */
  run?: "inherit" | boolean | (string | URL)[];
  /** What the system tells of itself, by kind. */
  sys?: "inherit" | boolean | string[];
  /** Files to write, by path. */
  write?: "inherit" | boolean | (string | URL)[];
};
