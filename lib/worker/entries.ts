/**
 * The modules that workers and processes begin with, named in a way that tools can follow.
 *
 * Whoever starts a worker names its module by URL, which tells `deno cache`, `deno install` and
 * `deno compile` nothing: a program that has only what they found could not start one. So here they
 * are imported, in a function that nobody calls.
 */
export function followEntries(): Promise<unknown>[] {
  return [import("./entry_web.ts"), import("./entry_node.ts"), import("./entry_process.ts")];
}
