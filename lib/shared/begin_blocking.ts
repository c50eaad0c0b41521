import { builtin } from "../base/builtins.ts";
import { InvalidStateError } from "../task_errors.ts";
import { checkDuration } from "../base/validate.ts";
import { now } from "../base/clock.ts";
import { self as thread } from "./thread_registry.ts";
import type { SharedBlock } from "./shared_block.ts";

/** Found when first asked: Deno takes as long to load `node:worker_threads` as to start itself. */
let onMain: boolean | undefined;

/** Whether this is the main thread, where to block is to freeze the program. */
function isMainThread(): boolean {
  if (onMain !== undefined) return onMain;
  const { WorkerGlobalScope: Scope } = globalThis as { WorkerGlobalScope?: new () => object };
  if (Scope !== undefined && globalThis instanceof Scope) return onMain = false;
  return onMain = builtin<{ isMainThread: boolean }>("node:worker_threads")?.isMainThread ?? true;
}

/**
 * Refuse to block where that is not allowed.
 *
 * @param what Completes "Cannot …".
 * @param twin The verb to use instead.
 * @returns When to give up, on the scale of `performance.now()`.
 */
export function beginBlocking(block: SharedBlock, what: string, twin: string, ms?: number): number {
  if (ms !== undefined) checkDuration(what, "timeoutMs", ms);
  if (!block.allowBlockingMain && isMainThread()) {
    throw new InvalidStateError(
      `Cannot ${what}: it would block the main thread, where "${twin}" waits without blocking ` +
        `(or construct the object with allowBlockingMain)`,
    );
  }
  thread.checkAlive();
  return ms === undefined ? Infinity : now() + ms;
}
