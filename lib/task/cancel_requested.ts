import { currentScope } from "../core/context.ts";

let probe: (() => boolean) | undefined;

/** Let a worker's calls learn of a request that no message can bring while they are busy. */
export function probeWith(ask: () => boolean): void {
  probe = ask;
}

/**
 * Whether the running code has been asked to stop: its task, or, in a worker, its call.
 *
 * It is cheap, so that a loop that never awaits can poll it. In a worker it reads shared memory
 * and so learns of a cancellation in the middle of the loop.
 *
 * CPython: the `threading.Event` that such programs pass around by hand.
 *
 * @returns `true` from the request on, also while cleaning up; `false` outside any task or call.
 *
 * @example
 * ```ts
 * import { cancelRequested, createTask, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: boolean[] = [];
 * const task = createTask(async () => {
 *   seen.push(cancelRequested());
 *   try {
 *     await sleep(60_000);
 *   } finally {
 *     seen.push(cancelRequested());
 *   }
 * });
 * await sleep(0);
 * task.cancel();
 * await Promise.allSettled([task]);
 * assertEquals(seen, [false, true]);
 * ```
 */
export function cancelRequested(): boolean {
  const scope = currentScope();
  return (scope !== undefined && scope.requested() > 0) || (probe?.() ?? false);
}
