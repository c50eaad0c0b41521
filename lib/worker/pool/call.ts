import { type CancelledError, TimeoutError } from "../../task_errors.ts";
import { roughNow, startTimer, type Timer } from "../../base/clock.ts";
import { currentFiber } from "../../core/context.ts";
import { Callback, Future, futureInternals, type Stoppable } from "../../core/future.ts";
import type { Outcome } from "../../core/instrument.ts";
import type { WaitSubject } from "../../core/wait_subject.ts";
import { type CallEntry, callSources } from "../../task/task_tree.ts";
import { cancelledError } from "../../core/cancellation.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/describe_function.ts";
import { survey } from "../../wire/packing.ts";
import type { CallOptions } from "../../executor/executor.ts";
import { type List, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { type CallSite, placeAt } from "./caller_stack.ts";
import { Job, type JobOwner } from "./job.ts";
import { nameOf } from "./told_call.ts";
import { type Subscription, whenAborted } from "../../core/when_aborted.ts";

/** Above this weight, few calls are sent ahead: their arguments would pile up. */
export const HEAVY = 1024;

const DONE: Outcome = { state: "done" };

/** The calls that have no answer yet. */
const live = new Set<Call>();

const liveCalls = { calls: () => Array.from(live, ({ entry }) => entry) };

/** One call of a function, and the future that its caller has. */
export class Call extends Job implements Stoppable {
  readonly form = "call";
  readonly special: boolean;
  readonly future: Future<unknown> = new Future();
  /** The number of the task that submitted it. */
  readonly #creator: number = currentFiber();
  #begun: string | undefined;
  /** Since when it waits, or its worker is at it, on the scale of the clock. */
  #since: number = roughNow();
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
    const alone = this.special || options?.transfer !== undefined;
    this.maxBatch = alone ? 1 : weight > HEAVY ? 2 : Infinity;
    futureInternals.stopWith(this.future, this);
    live.add(this);
    if (live.size === 1) callSources.add(liveCalls);
    if (this.told !== undefined) {
      futureInternals.subscribeQuietly(this.future, new Callback(() => this.#tellEnded()));
    }
    const signal = options?.signal;
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.future.cancel(signal.reason));
    }
  }

  message(list: List): ToWorker {
    return [ToWorkerKind.Calls, this.call, this.fn.number, list];
  }

  override onBegun(worker: string): void {
    this.#begun = worker;
    this.#since = roughNow();
    super.onBegun(worker);
  }

  /** How the tree of tasks shows it. */
  get entry(): CallEntry {
    return {
      name: nameOf(this.fn),
      state: this.#begun === undefined ? "ready" : "running",
      since: this.#since,
      worker: this.#begun,
      creator: this.#creator,
    };
  }

  override onTurn(): void {
    const timeout = this.options?.timeout;
    if (timeout === undefined || timeout === Infinity) return;
    if (this.#timer !== undefined || this.answered) return;
    this.#timer = startTimer(timeout, () => {
      if (this.answered) return;
      this.#giveUp(cancelledError("The call took longer than its time limit"));
      const error = new TimeoutError("The call took longer than its time limit");
      futureInternals.reject(this.future, placeAt(error, this.site));
    });
  }

  override onTakenBack(): void {
    this.#timer = void this.#timer?.stop();
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
      futureInternals.settleCancelled(this.future, error as CancelledError);
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
    futureInternals.settleCancelled(this.future, error);
  }

  /** For those who look at the program: what those wait for who await its future. */
  subject(): WaitSubject {
    return { kind: "call", name: nameOf(this.fn) };
  }

  /** For the future: what its `cancel` does. */
  stop(error: CancelledError): boolean {
    this.#giveUp(error);
    return futureInternals.settleCancelled(this.future, error);
  }

  #giveUp(error: CancelledError): void {
    this.#settled();
    this.owner.counts.cancelled++;
    this.owner.withdraw(this, error);
  }

  #tellEnded(): void {
    const { future } = this;
    const error = futureInternals.error(future);
    if (future.cancelled()) this.told!.ended({ state: "cancelled", error });
    else this.told!.ended(futureInternals.failed(future) ? { state: "failed", error } : DONE);
  }

  #settled(): void {
    live.delete(this);
    if (live.size === 0) callSources.delete(liveCalls);
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
