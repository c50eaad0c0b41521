import { CancelledError } from "../task_errors.ts";
import { isInstance } from "../base/instance.ts";
import { onUnhandledRejection } from "../base/runtime.ts";

/** What was delivered with an error: how many waits it rejected, and how many heard of it in vain. */
interface Delivery {
  waits: number;
  unheard: number;
  /** Whether it was found, once, that nobody at all has heard of it. */
  over: boolean;
  readonly listener: DeliveryListener;
}

/** What wants to know whether anybody hears of a cancellation. */
export interface DeliveryListener {
  /** Nobody at all has heard of it; `again`: nor when it was delivered once more. */
  onUnheard(again: boolean): void;
  /** Somebody has come to hear of it after that. */
  onHeardLate(): void;
}

/** Gives a private field to an object that exists already. */
class Existing {
  constructor(object: object) {
    return object as Existing;
  }
}

/**
 * What an error of a cancellation, which waits reject with, knows of its delivery. Not in a `WeakMap`:
 * with many tasks to cancel its entries cost the collector more than all the rest.
 */
class Cancelling extends Existing {
  #delivery: Delivery | undefined = undefined;

  static has(error: unknown): error is CancelledError {
    return isInstance(error, CancelledError) && #delivery in error;
  }

  static get(error: unknown): Delivery | undefined {
    return Cancelling.has(error) ? (error as unknown as Cancelling).#delivery : undefined;
  }

  static set(error: CancelledError, delivery: Delivery | undefined): void {
    if (!Cancelling.has(error)) new Cancelling(error);
    (error as unknown as Cancelling).#delivery = delivery;
  }
}

// When this is loaded, before the program can have listeners of its own: they are not to hear of it.
onUnhandledRejection(isDelivered, isHeardLate);

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
  if (!Cancelling.has(error)) Cancelling.set(error, undefined);
  return error;
}

function makeError(reason: unknown): CancelledError {
  if (reason === undefined) return new CancelledError("The task was cancelled");
  if (typeof reason === "string") return new CancelledError(reason);
  return new CancelledError("The task was cancelled", { cause: reason });
}

/** Whether an unhandled rejection with this reason is that of a cancelled wait. */
export function isDelivered(reason: unknown): boolean {
  if (!Cancelling.has(reason)) return false;
  const delivery = Cancelling.get(reason);
  if (delivery !== undefined && ++delivery.unheard === delivery.waits) {
    // It is delivered again, and may be so in vain again.
    delivery.waits = delivery.unheard = 0;
    const again = delivery.over;
    delivery.over = true;
    delivery.listener.onUnheard(again);
  }
  return true;
}

/** Whether a rejection that was unhandled, and is handled now, is that of a cancelled wait. */
export function isHeardLate(reason: unknown): boolean {
  if (!Cancelling.has(reason)) return false;
  const delivery = Cancelling.get(reason);
  if (delivery !== undefined) {
    // What it has reached since, when it was delivered again, need not be heard of any more:
    //     await Promise.race([queue.get(), ready]);   // lost, and reached by the second delivery
    //     try { await early; } finally { await sleep(0); }   // heard of here: tests/task/races_test.ts
    delivery.waits = Infinity;
    if (delivery.over) delivery.listener.onHeardLate();
  }
  return true;
}

/** Whether it is the error of a cancellation, with which waits reject. */
export const isOfCancellation: (error: unknown) => boolean = Cancelling.has;

/** A scope is being cancelled with `error`: tell `listener` if none of its waits is listened to. */
export function watchDelivery(error: CancelledError, listener: DeliveryListener): void {
  // The same error for several scopes, as that of a group for its children: who has heard of it
  // cannot be told apart.
  const shared = Cancelling.get(error) !== undefined;
  Cancelling.set(error, shared ? undefined : { waits: 0, unheard: 0, over: false, listener });
}

/** A wait is about to reject with `error`. */
export function noteDelivery(error: unknown): void {
  const delivery = Cancelling.get(error);
  if (delivery !== undefined) delivery.waits++;
}

/**
 * The same cancellation for code outside any task: nothing of ours will hear of it there, so that it
 * has to be reported if nobody does.
 *
 *     await run(main);   // at the top level, rejects: the program must not end in silence
 */
export function outcomeError(error: CancelledError): CancelledError {
  if (!Cancelling.has(error)) return error;
  const { stackTraceLimit } = Error;
  // It has the stack of the other: a new one would be taken for nothing, and that of the other is
  // made into text only when somebody reads it.
  Error.stackTraceLimit = 0;
  const outcome = new CancelledError(
    error.message,
    "cause" in error ? { cause: error.cause } : undefined,
  );
  Error.stackTraceLimit = stackTraceLimit;
  Object.defineProperty(outcome, "stack", {
    get: () => error.stack,
    set: (stack) => Object.defineProperty(outcome, "stack", { value: stack, writable: true }),
    configurable: true,
  });
  return outcome;
}
