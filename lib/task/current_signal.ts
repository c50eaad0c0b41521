import { currentScope } from "../core/context.ts";

/** That of code outside any task: nothing aborts it. */
const never: AbortSignal = /* @__PURE__ */ new AbortController().signal;

/**
 * The abort signal of the running code: that of the innermost limit, group or task around it.
 *
 * For promises that are not the library's, such as `fetch`, deep inside functions that were handed no
 * signal.
 *
 * CPython: none; anyio's cancel scopes reach such calls by themselves.
 *
 * @returns The signal; outside any task one that is never aborted. Where there is no asynchronous
 *   context, as in browsers, it is known only until the first `await` of a task.
 *
 * @example
 * ```ts
 * import { currentSignal, timeout } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * async function load(url: string): Promise<string> {
 *   const response = await fetch(url, { signal: currentSignal() });
 *   return await response.text();
 * }
 *
 * assertEquals(await timeout(5_000, () => load("data:text/plain,hello")), "hello");
 * ```
 */
export function currentSignal(): AbortSignal {
  return currentScope()?.signal ?? never;
}
