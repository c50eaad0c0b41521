import { type CancelledError, TimeoutError } from "../../errors.ts";
import type { Timer } from "../../base/clock.ts";
import { Future, internals, type Stoppable } from "../../task/future.ts";
import { startLimit } from "../../task/limit.ts";
import { cancelledError } from "../../task/scope.ts";
import type { Coroutine, Task, TaskOptions } from "../../task/task.ts";
import type { CallOptions } from "../executor.ts";
import { type Subscription, whenAborted } from "../pool/signals.ts";
import { TaskJob, type TaskRunner } from "./task_runner.ts";

type AnyFunction = (...args: unknown[]) => unknown;

/** One call of a function, and the future that its caller has. */
export class TaskCall extends TaskJob implements Stoppable {
  readonly future: Future<unknown> = new Future();
  readonly #timeout: number;
  #fn: AnyFunction | undefined;
  #args: unknown[];
  #timer: Timer | undefined = undefined;
  #subscription: Subscription | undefined = undefined;

  constructor(runner: TaskRunner, fn: AnyFunction, args: unknown[], options?: CallOptions) {
    super(runner, options?.priority ?? 0);
    this.#fn = fn;
    this.#args = args;
    this.#timeout = options?.timeout ?? Infinity;
    internals.stopWith(this.future, this);
    const signal = options?.signal;
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.future.cancel(signal.reason));
    }
  }

  override begin(options: TaskOptions | undefined): void {
    super.begin(options);
    if (this.#timeout < Infinity) {
      this.#timer = startLimit(this.#timeout, () => {
        const message = "The call took longer than its time limit";
        if (!internals.reject(this.future, new TimeoutError(message))) return;
        this.#giveUp(cancelledError(message));
      });
    }
  }

  /** For the future: what its `cancel` does. Its caller need not wait for a call that cleans up. */
  stop(error: CancelledError): boolean {
    if (!internals.abandon(this.future, error)) return false;
    this.#giveUp(error);
    return true;
  }

  asked(): boolean {
    return this.task !== undefined && internals.asked(this.task);
  }

  onCancelled(error: CancelledError): void {
    this.#settle();
    internals.abandon(this.future, error);
  }

  protected coroutine(): Coroutine<unknown> {
    const fn = this.#fn!;
    const args = this.#args;
    return () => fn(...args);
  }

  protected onEnded(task: Task<unknown>): void {
    this.#settle();
    const { future } = this;
    const error = internals.error(task);
    if (task.cancelled()) internals.abandon(future, error as CancelledError);
    else if (internals.failed(task)) internals.reject(future, error);
    else internals.resolve(future, task.result());
  }

  #giveUp(error: CancelledError): void {
    this.#settle();
    if (!this.runner.withdraw(this)) this.stopTask(error);
  }

  #settle(): void {
    this.#fn = undefined;
    this.#args = [];
    this.#timer?.stop();
    this.#subscription?.end();
  }
}
