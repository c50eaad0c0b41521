import { type CancelledError, TimeoutError } from "../task_errors.ts";
import type { Timer } from "../base/clock.ts";
import { Future, futureInternals } from "../core/future.ts";
import { startLimit } from "../core/start_limit.ts";
import { cancelledError } from "../core/cancellation.ts";
import type { CallOptions } from "./executor.ts";
import { type Subscription, whenAborted } from "../core/when_aborted.ts";
import { type RunningCall, TaskJob, type TaskRunner } from "./task_runner.ts";

export type CallFunction = (...args: unknown[]) => unknown;

/** One call of a function, and the future that its caller has. */
export class TaskCall extends TaskJob implements RunningCall {
  override readonly priority: number;
  runningSlot = -1;
  readonly future: Future<unknown> = new Future();
  readonly #timeout: number;
  #fn: CallFunction | undefined;
  #args: unknown[];
  #timer: Timer | undefined = undefined;
  #subscription: Subscription | undefined = undefined;

  constructor(runner: TaskRunner, fn: CallFunction, args: unknown[], options?: CallOptions) {
    super(runner);
    this.priority = options?.priority ?? 0;
    this.#fn = fn;
    this.#args = args;
    this.#timeout = options?.timeout ?? Infinity;
    futureInternals.stopWith(this.future, this);
    const signal = options?.signal;
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.future.cancel(signal.reason));
    }
  }

  override begin(number: number): void {
    super.begin(number);
    this.runner.calls.append(this);
    if (this.#timeout < Infinity) {
      this.#timer = startLimit(this.#timeout, () => {
        const message = "The call took longer than its time limit";
        if (!futureInternals.reject(this.future, new TimeoutError(message))) return;
        this.runner.counts.cancelled++;
        this.#giveUp(cancelledError(message));
      });
    }
  }

  /** The future is cancelled. Whoever does that need not wait for a call that cleans up. */
  override stop(error: CancelledError): boolean {
    if (!futureInternals.settleCancelled(this.future, error)) return false;
    this.runner.counts.cancelled++;
    this.#giveUp(error);
    return true;
  }

  override cancelled(error: CancelledError): void {
    this.#over();
    if (futureInternals.settleCancelled(this.future, error)) this.runner.counts.cancelled++;
  }

  protected override invoke(): unknown {
    const fn = this.#fn!;
    return fn(...this.#args);
  }

  protected override succeeded(value: unknown): void {
    this.#over();
    if (futureInternals.resolve(this.future, value)) this.runner.counts.completed++;
  }

  protected override failed(error: unknown): void {
    this.#over();
    if (futureInternals.reject(this.future, error)) this.runner.counts.failed++;
  }

  #giveUp(error: CancelledError): void {
    this.#settle();
    if (!this.runner.withdraw(this)) super.stop(error);
  }

  #over(): void {
    this.runner.calls.remove(this);
    this.#settle();
  }

  #settle(): void {
    this.#fn = undefined;
    this.#args = [];
    this.#timer?.stop();
    this.#subscription?.end();
  }
}
