import { type CancelledError, TimeoutError } from "../../errors.ts";
import { startTimer, type Timer } from "../../base/clock.ts";
import { Future, futureInternals, type Stoppable } from "../../core/future.ts";
import { cancelledError } from "../../core/cancel_scope.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/function_codec.ts";
import { examine, pack } from "../../wire/packing.ts";
import type { CallOptions } from "../../executor/executor.ts";
import { type List, ToWorkerKind } from "../protocol.ts";
import { type CallSite, linesOf, placeAt } from "./caller_stack.ts";
import type { Pool } from "./pool.ts";
import { PoolJob } from "./pool_job.ts";
import { decode, type WorkerHandle } from "./worker_handle.ts";
import { type Subscription, whenAborted } from "../../task/abort_signals.ts";

/** Above this weight, few calls are sent ahead: their arguments would pile up. */
const HEAVY = 1024;

/** One call of a function, and the future that its caller has. */
export class Call extends PoolJob implements Stoppable {
  readonly future: Future<unknown> = new Future();
  readonly #args: unknown[];
  readonly #special: boolean;
  readonly #extras: CallOptions | undefined;
  readonly #site: CallSite | undefined;
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;

  constructor(
    pool: Pool,
    fn: Described,
    args: unknown[],
    site: CallSite | undefined,
    extras?: CallOptions,
  ) {
    super(pool, fn, extras?.priority ?? 0);
    this.#args = args;
    this.#site = site;
    this.#extras = extras;
    const weight = weigh(args);
    this.#special = weight < 0;
    const alone = this.#special || extras?.timeout !== undefined || extras?.transfer !== undefined;
    this.company = alone ? 1 : weight > HEAVY ? 2 : Infinity;
    futureInternals.stopWith(this.future, this);
    const signal = extras?.signal;
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.future.cancel(signal.reason));
    }
  }

  post(worker: WorkerHandle): void {
    if (this.company > 1) return worker.addCall(this, this.#args);
    const transfer = [...this.#extras?.transfer ?? []];
    const list: List = this.#special ? pack(this.#args, transfer, this.pool.refuse) : this.#args;
    worker.post([ToWorkerKind.Calls, this.call, this.fn.number, list], transfer);
    this.moved = transfer.length > 0;
  }

  override onSent(): void {
    const timeout = this.#extras?.timeout;
    if (timeout === undefined || timeout === Infinity) return;
    // It may have been sent before, to a worker that died before it began.
    this.#timer?.stop();
    this.#timer = startTimer(timeout, () => {
      if (this.answered) return;
      this.#giveUp(cancelledError("The call took longer than its time limit"));
      const error = new TimeoutError("The call took longer than its time limit");
      futureInternals.reject(this.future, placeAt(error, this.#site));
    });
  }

  onDone(value: unknown): void {
    this.#settled();
    this.pool.counts.completed++;
    futureInternals.resolve(this.future, value);
  }

  onFailed(error: unknown, cancelled: boolean): void {
    this.#settled();
    const decoded = decode(error as Parameters<typeof decode>[0], linesOf(this.#site));
    if (cancelled) {
      this.pool.counts.cancelled++;
      futureInternals.abandon(this.future, decoded as CancelledError);
    } else {
      this.pool.counts.failed++;
      futureInternals.reject(this.future, decoded);
    }
  }

  onLost(error: unknown): void {
    this.#settled();
    this.pool.counts.failed++;
    futureInternals.reject(this.future, placeAt(this.#named(error), this.#site));
  }

  onCancelled(error: CancelledError): void {
    this.#settled();
    this.pool.counts.cancelled++;
    futureInternals.abandon(this.future, error);
  }

  /** For the future: what its `cancel` does. */
  stop(error: CancelledError): boolean {
    this.#giveUp(error);
    return futureInternals.abandon(this.future, error);
  }

  #giveUp(error: CancelledError): void {
    this.#settled();
    this.pool.counts.cancelled++;
    this.pool.withdraw(this, error);
  }

  #settled(): void {
    this.answered = true;
    this.#timer?.stop();
    this.#subscription?.end();
    this.pool.jobEnded();
  }

  /** Say which argument it is that cannot be cloned. */
  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    const transfer = this.#extras?.transfer ?? [];
    return cloneErrorIn(this.#args, (i) => `argument ${i + 1}`, transfer, error);
  }
}

/** As `examine`; what cannot even be looked at is left to be found out when it is sent. */
function weigh(args: unknown[]): number {
  try {
    return examine(args);
  } catch {
    return -1;
  }
}
