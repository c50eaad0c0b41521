import { CancelledError } from "../errors.ts";
import { isInstance } from "../base/instance.ts";
import { onUnhandledRejection } from "../base/runtime.ts";

/** What was delivered with an error: how many waits it rejected, and how many heard of it in vain. */
interface Delivery {
  waits: number;
  unheard: number;
  /** Nobody at all has heard of it. */
  readonly onUnheard: () => void;
}

/** The errors of cancellations, which waits reject with. */
const deliveries = new WeakMap<CancelledError, Delivery | undefined>();

// When this is loaded, before the program can have listeners of its own: they are not to hear of it.
onUnhandledRejection(isDelivered);

/**
 * Make the error for `cancel(reason)`: a string is its message, anything else its cause.
 *
 * A cancellation rejects every wait of a task, also one in an async function that nobody awaits yet.
 * That promise then rejects unhandled, which must not end the program:
 *
 *     const user = loadUser();            // starts early …
 *     const config = await loadConfig();  // … a limit ends the task here …
 *     return [config, await user];        // … and nobody comes to await the other
 */
export function cancelledError(reason: unknown): CancelledError {
  const error = isInstance(reason, CancelledError) ? reason : makeError(reason);
  if (!deliveries.has(error)) deliveries.set(error, undefined);
  return error;
}

function makeError(reason: unknown): CancelledError {
  if (reason === undefined) return new CancelledError("The task was cancelled");
  if (typeof reason === "string") return new CancelledError(reason);
  return new CancelledError("The task was cancelled", { cause: reason });
}

/** Whether an unhandled rejection with this reason is that of a cancelled wait. */
export function isDelivered(reason: unknown): boolean {
  if (!isInstance(reason, CancelledError) || !deliveries.has(reason)) return false;
  const delivery = deliveries.get(reason);
  if (delivery !== undefined && ++delivery.unheard === delivery.waits) {
    deliveries.set(reason, undefined);
    delivery.onUnheard();
  }
  return true;
}

/** A scope is being cancelled with `error`: call `onUnheard` if none of its waits has a listener. */
export function watchDelivery(error: CancelledError, onUnheard: () => void): void {
  // The same error for several scopes, as that of a group for its children: who has heard of it
  // cannot be told apart.
  const shared = deliveries.get(error) !== undefined;
  deliveries.set(error, shared ? undefined : { waits: 0, unheard: 0, onUnheard });
}

/** A wait is about to reject with `error`. */
export function noteDelivery(error: CancelledError): void {
  const delivery = deliveries.get(error);
  if (delivery !== undefined) delivery.waits++;
}

/**
 * The same cancellation for code outside any task: nothing of ours will hear of it there, so that it
 * has to be reported if nobody does.
 *
 *     await run(main);   // at the top level, rejects: the program must not end in silence
 */
export function outcomeError(error: CancelledError): CancelledError {
  if (!deliveries.has(error)) return error;
  const { message, cause, stack } = error;
  const outcome = new CancelledError(message, "cause" in error ? { cause } : undefined);
  if (stack !== undefined) {
    Object.defineProperty(outcome, "stack", { value: stack, writable: true, configurable: true });
  }
  return outcome;
}
