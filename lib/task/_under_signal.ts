import { cancelledError, outcomeError } from "../core/cancellation.ts";
import { CancelScope } from "../core/cancel_scope.ts";
import { currentScope, runInScope } from "../core/context.ts";
import { racedWait } from "../core/raced_wait.ts";
import { inTask } from "../core/in_task.ts";
import { whenAborted } from "../core/when_aborted.ts";

/**
 * Begin `fn`, in a task, so that aborting the signal cancels it as `cancel(signal.reason)` would.
 * With a signal that is aborted already it is never begun.
 */
export function underSignal<T>(
  signal: AbortSignal | undefined,
  fn: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return inTask(fn);
  if (signal.aborted) {
    const error = cancelledError(signal.reason);
    return Promise.reject(currentScope() === undefined ? outcomeError(error) : error);
  }
  return inTask(() => {
    const outer = currentScope()!;
    const scope = new CancelScope(outer.fiber, outer.runContext, outer);
    return racedWait(runUnder(signal, scope, fn), scope);
  });
}

async function runUnder<T>(
  signal: AbortSignal,
  scope: CancelScope,
  fn: () => Promise<T>,
): Promise<T> {
  const subscription = whenAborted(signal, () => scope.cancel(cancelledError(signal.reason)));
  try {
    return await runInScope(scope, fn);
  } finally {
    subscription.end();
    scope.close();
  }
}
