import { type CancelledError, TimeoutError } from "../../errors.ts";
import { startTimer, type Timer } from "../../base/clock.ts";
import { Future, futureInternals, type Stoppable } from "../../core/future.ts";
import { cancelledError } from "../../core/cancellation.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/function_codec.ts";
import { survey } from "../../wire/packing.ts";
import type { CallOptions } from "../../executor/executor.ts";
import { type List, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { type CallSite, placeAt } from "./caller_stack.ts";
import { Job, type JobOwner } from "./job.ts";
import { type Subscription, whenAborted } from "../../core/abort_signals.ts";

/** Above this weight, few calls are sent ahead: their arguments would pile up. */
const HEAVY = 1024;

/** One call of a function, and the future that its caller has. */
export class Call extends Job implements Stoppable {
  readonly form = "call";
  readonly special: boolean;
  readonly future: Future<unknown> = new Future();
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;

  constructor(
    owner: JobOwner,
    fn: Described,
    args: unknown[],
    site: CallSite | undefined,
    options?: CallOptions,
  ) {
    super(owner, fn, args, site, options);
    const weight = weigh(args);
    this.special = weight < 0;
    const alone = this.special || options?.timeout !== undefined || options?.transfer !== undefined;
    this.maxBatch = alone ? 1 : weight > HEAVY ? 2 : Infinity;
    futureInternals.stopWith(this.future, this);
    const signal = options?.signal;
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.future.cancel(signal.reason));
    }
  }

  message(list: List): ToWorker {
    return [ToWorkerKind.Calls, this.call, this.fn.number, list];
  }

  override onSent(): void {
    const timeout = this.options?.timeout;
    if (timeout === undefined || timeout === Infinity) return;
    // It may have been sent before, to a worker that died before it began.
    this.#timer?.stop();
    this.#timer = startTimer(timeout, () => {
      if (this.answered) return;
      this.#giveUp(cancelledError("The call took longer than its time limit"));
      const error = new TimeoutError("The call took longer than its time limit");
      futureInternals.reject(this.future, placeAt(error, this.site));
    });
  }

  override onDone(value: unknown): void {
    this.#settled();
    this.owner.counts.completed++;
    futureInternals.resolve(this.future, value);
  }

  onFailed(error: unknown, cancelled: boolean): void {
    this.#settled();
    if (cancelled) {
      this.owner.counts.cancelled++;
      futureInternals.abandon(this.future, error as CancelledError);
    } else {
      this.owner.counts.failed++;
      futureInternals.reject(this.future, error);
    }
  }

  onLost(error: unknown): void {
    this.#settled();
    this.owner.counts.failed++;
    futureInternals.reject(this.future, placeAt(this.#named(error), this.site));
  }

  onCancelled(error: CancelledError): void {
    this.#settled();
    this.owner.counts.cancelled++;
    futureInternals.abandon(this.future, error);
  }

  /** For the future: what its `cancel` does. */
  stop(error: CancelledError): boolean {
    this.#giveUp(error);
    return futureInternals.abandon(this.future, error);
  }

  #giveUp(error: CancelledError): void {
    this.#settled();
    this.owner.counts.cancelled++;
    this.owner.withdraw(this, error);
  }

  #settled(): void {
    this.answered = true;
    this.#timer?.stop();
    this.#subscription?.end();
    this.owner.jobEnded();
  }

  /** Say which argument it is that cannot be cloned. */
  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    const transfer = this.options?.transfer ?? [];
    return cloneErrorIn(this.input, (i) => `argument ${i + 1}`, transfer, error);
  }
}

/** As `survey`, which see; what cannot even be looked at is left to be found out when it is sent. */
export function weigh(args: unknown[]): number {
  try {
    return survey(args);
  } catch {
    return -1;
  }
}
