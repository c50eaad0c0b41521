/**
 * The modules that workers and processes load by name, in a way that tools can follow.
 *
 * Whoever starts a worker names its module by URL, which tells `deno cache`, `deno install`,
 * `deno compile` and whoever packs the library nothing: a program that has only what they found
 * could not start one. So here they are imported, in a function that nobody calls.
 */
export function followEntries(): Promise<unknown>[] {
  return [
    import("./entry_web.js"),
    import("./entry_browser.js"),
    import("./entry_node.js"),
    import("./entry_process.js"),
    import("./shared_types.js"),
  ];
}
