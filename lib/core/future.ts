import { type CancelledError, InvalidStateError } from "../task_errors.ts";
import { inspect, showError } from "../base/inspect.ts";
import { report } from "../base/report.ts";
import { checkFunction } from "../base/validate.ts";
import { contextSnapshot, currentScope, runInScope } from "./context.ts";
import { callSoon, type Handle } from "./scheduler.ts";
import { cancelledError, outcomeError } from "./cancellation.ts";
import { type again, type CancelOutcome, Waiter } from "./waiter.ts";
import type { WaitSubject } from "./wait_subject.ts";
import type { Fiber } from "./fiber.ts";

// Not the method of a promise that is looked at for races.
const { then } = Promise.prototype;

const PENDING = 0;
const DONE = 1;
const FAILED = 2;
const CANCELLED = 3;

/** What carries out `cancel` for a future that stands for work going on elsewhere. */
export interface Stoppable {
  /** Ask the work to stop. `false` if there is nothing left to stop. */
  stop(error: CancelledError): boolean;
  /** What those wait for who await the future. */
  subject?(): WaitSubject;
  /** The future has a subscriber, after a time without. */
  subscribed?(): void;
  /** The future has no subscriber any more. */
  unsubscribed?(): void;
  /** Whether it is being asked right now, so that asking it again would go round in a circle. */
  beingStopped?(): boolean;
  /** Whether the result is on its way, and there is nobody to give it back to. */
  onItsWay?(): boolean;
}

/** Called in a turn of its own once the future is done. */
export class Callback implements Handle {
  readonly call: () => void;

  constructor(call: () => void) {
    this.call = call;
  }

  run(): void {
    this.call();
  }
}

class UserCallback extends Callback {
  readonly fn: unknown;
  readonly #around = contextSnapshot();

  constructor(fn: unknown, call: () => void) {
    super(call);
    this.fn = fn;
  }

  override run(): void {
    try {
      runInScope(undefined, this.call, this.#around);
    } catch (error) {
      report(error);
    }
  }
}

/** What the rest of the library may do with a future and its users may not. */
export interface FutureInternals {
  /** Settle it; `false` if it was done. */
  resolve<T>(future: Future<T>, value: T): boolean;
  /** Fail it; `false` if it was done. */
  reject(future: Future<unknown>, error: unknown): boolean;
  /** End it as cancelled; `false` if it was done. */
  settleCancelled(future: Future<unknown>, error: CancelledError): boolean;
  /** Ask it to stop: `cancel` with the error made already. */
  stop(future: Future<unknown>, error: CancelledError): boolean;
  /** Whether it is being asked to stop right now. */
  beingStopped(future: Future<unknown>): boolean;
  /** Let `stoppable` carry out its `cancel`. */
  stopWith(future: Future<unknown>, stoppable: Stoppable): void;
  /** Give `handle` a turn once it is done, or now if it is. Counts as looking at it. */
  subscribe(future: Future<unknown>, handle: Handle): void;
  /** The same, without looking: a failure that nobody else looks at is still reported. */
  subscribeQuietly(future: Future<unknown>, handle: Handle): void;
  /** Take the handle back, in O(1). */
  unsubscribe(future: Future<unknown>, handle: Handle): boolean;
  /** Count it as looked at: its failure is not reported as unhandled. */
  markRetrieved(future: Future<unknown>): void;
  /** A promise for its outcome: a wait of the current task, linked to the future. */
  promise<T>(future: Future<T>): Promise<T>;
  /** What those wait for who await it. */
  subject(future: Future<unknown>): WaitSubject;
  /** The tasks that await it. */
  awaiters(future: Future<unknown>): Fiber[];
  /** How it ended, in words. */
  show(future: Future<unknown>): string;
  /** Whether somebody has looked at its outcome. */
  retrieved(future: Future<unknown>): boolean;
  /** Whether it failed; a cancellation is no failure. */
  failed(future: Future<unknown>): boolean;
  /** The error it ended with, failure or cancellation; `undefined` if it has none. */
  error(future: Future<unknown>): unknown;
}

/** Filled by the class below. */
export let futureInternals: FutureInternals;

/**
 * A result that is not there yet: awaitable, and settled by hand with `setResult` and
 * `setException`.
 *
 * - Awaiting it in a task links the two: cancelling the task cancels the future.
 * - Callbacks run in a later turn, in the order in which they were added.
 * - A failure that nobody looks at (`await`, `then`, `result`, `exception`) surfaces as an
 *   unhandled rejection; a cancellation never does.
 *
 * CPython: `asyncio.Future`, `concurrent.futures.Future`.
 *
 * @typeParam T What it resolves with.
 *
 * @example
 * ```ts
 * import { Future } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const future = new Future<number>();
 * setTimeout(() => future.setResult(42), 1);
 * assertEquals(await future, 42);
 * assertEquals(future.result(), 42);
 * ```
 */
export class Future<T> implements Promise<T> {
  #state = PENDING;
  #outcome: unknown = undefined;
  #retrieved = false;
  #report: Promise<never> | undefined = undefined;
  #stoppable: Stoppable | undefined = undefined;
  // Nearly every future has one: a set is made for the second.
  #subscriber: Handle | undefined = undefined;
  #subscribers: Set<Handle> | undefined = undefined;

  /** Code that awaits a future: cancelling it asks the future to stop. */
  static #Await = class<T> extends Waiter<T, void> {
    readonly #future: Future<T>;

    constructor(future: Future<T>) {
      super();
      this.#future = future;
    }

    override interrupt(error: CancelledError): boolean {
      // The next wait takes the cancellation.
      return !this.#future.#stoppable?.onItsWay?.() && super.interrupt(error);
    }

    override describe(): WaitSubject {
      return futureInternals.subject(this.#future);
    }

    protected override onWithdraw(error: CancelledError): CancelOutcome {
      const future = this.#future;
      if (future.#stoppable?.beingStopped?.()) {
        future.#unsubscribe(this);
        return "left";
      }
      return future.#stop(error) ? "delegated" : "refused";
    }

    protected override errorFor(interruption: CancelledError): CancelledError {
      const future = this.#future;
      return future.#state === CANCELLED ? future.#outcome as CancelledError : interruption;
    }

    protected override onResume(): T | typeof again {
      const future = this.#future;
      if (future.#state === CANCELLED) throw future.#readError(this.inTask);
      return future.result();
    }
  };

  static {
    futureInternals = {
      resolve: (future, value) => future.#settle(DONE, value),
      reject: (future, error) => future.#settle(FAILED, error),
      settleCancelled: (future, error) => future.#settle(CANCELLED, error),
      stop: (future, error) => future.#stop(error),
      beingStopped: (future) => future.#stoppable?.beingStopped?.() ?? false,
      stopWith: (future, stoppable) => {
        future.#stoppable = stoppable;
      },
      subscribe: (future, handle) => {
        future.#markRetrieved();
        future.#subscribe(handle);
      },
      subscribeQuietly: (future, handle) => future.#subscribe(handle),
      unsubscribe: (future, handle) => future.#unsubscribe(handle),
      markRetrieved: (future) => future.#markRetrieved(),
      promise: (future) => {
        future.#markRetrieved();
        return future.#promise();
      },
      subject: (future) => future.#stoppable?.subject?.() ?? { kind: "Future" },
      awaiters: (future) =>
        [future.#subscriber, ...future.#subscribers ?? []].flatMap((one) =>
          one?.awaiters?.() ?? []
        ),
      show: (future) => future.#show(),
      retrieved: (future) => future.#retrieved,
      failed: (future) => future.#state === FAILED,
      error: (future) =>
        future.#state === PENDING || future.#state === DONE ? undefined : future.#outcome,
    };
  }

  /** Whether it has a result, has failed or was cancelled. */
  done(): boolean {
    return this.#state !== PENDING;
  }

  /** Whether it ended as cancelled. */
  cancelled(): boolean {
    return this.#state === CANCELLED;
  }

  /**
   * Its result.
   *
   * @returns What it was resolved with.
   * @throws {InvalidStateError} If it is not done.
   * @throws {CancelledError} If it was cancelled.
   * @throws What it failed with, as it is.
   */
  result(): T {
    this.#markRetrieved();
    if (this.#state === DONE) return this.#outcome as T;
    if (this.#state === PENDING) {
      throw new InvalidStateError("Cannot read the result of a future: it is not done");
    }
    throw this.#outcome;
  }

  /**
   * What it failed with.
   *
   * @returns The failure, or `undefined` if it succeeded.
   * @throws {InvalidStateError} If it is not done.
   * @throws {CancelledError} If it was cancelled.
   */
  exception(): unknown {
    this.#markRetrieved();
    if (this.#state === PENDING) {
      throw new InvalidStateError("Cannot read the exception of a future: it is not done");
    }
    if (this.#state === CANCELLED) throw this.#outcome;
    return this.#state === FAILED ? this.#outcome : undefined;
  }

  /**
   * Resolve it.
   *
   * @param value The result; a promise is stored as it is, not awaited.
   * @throws {InvalidStateError} If it is done already.
   */
  setResult(value: T): void {
    if (!this.#settle(DONE, value)) {
      throw new InvalidStateError("Cannot set the result of a future: it is done already");
    }
  }

  /**
   * Fail it.
   *
   * @param error What to fail with, usually an `Error`.
   * @throws {InvalidStateError} If it is done already.
   */
  setException(error: unknown): void {
    if (!this.#settle(FAILED, error)) {
      throw new InvalidStateError("Cannot set the exception of a future: it is done already");
    }
  }

  /**
   * Cancel it, or ask the work it stands for to stop.
   *
   * @param reason A string becomes the message of the `CancelledError`, anything else its `cause`.
   * @returns `false` if it is done already.
   */
  cancel(reason?: unknown): boolean {
    if (this.#state !== PENDING) return false;
    return this.#stop(cancelledError(reason));
  }

  /**
   * Have `fn` called once it is done, in a later turn, outside any task.
   *
   * An error that `fn` throws is reported as an uncaught error, and the other callbacks run.
   *
   * @param fn Called with this future.
   * @throws {TypeError} If `fn` is not a function.
   *
   * @example
   * ```ts
   * import { createTask, Queue, sleep } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * const ended = new Queue<string>();
   * for (const [name, ms] of [["slow", 20], ["quick", 1]] as const) {
   *   createTask(() => sleep(ms), { name }).addDoneCallback((task) => ended.putNowait(task.name));
   * }
   * assertEquals([await ended.get(), await ended.get()], ["quick", "slow"]);
   * ```
   */
  addDoneCallback(fn: (future: this) => void): void {
    checkFunction("add a done callback", "fn", fn);
    this.#subscribe(new UserCallback(fn, () => fn(this)));
  }

  /**
   * Take back a callback.
   *
   * @param fn The function that was added.
   * @returns How many times it had been added.
   */
  removeDoneCallback(fn: (future: this) => void): number {
    const added = [this.#subscriber, ...this.#subscribers ?? []];
    const found = added.filter((one) => one instanceof UserCallback && one.fn === fn);
    for (const callback of found) this.#unsubscribe(callback!);
    return found.length;
  }

  /**
   * As `Promise.prototype.then`. Inside a task it is a wait: cancelling the task cancels this.
   *
   * @param onFulfilled Called with the result.
   * @param onRejected Called with the failure, or with the `CancelledError`.
   */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#markRetrieved();
    return then.call(this.#promise(), onFulfilled, onRejected) as Promise<A | B>;
  }

  /**
   * As `Promise.prototype.catch`.
   *
   * @param onRejected Called with the failure, or with the `CancelledError`.
   */
  catch<B = never>(
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  /**
   * As `Promise.prototype.finally`.
   *
   * @param onFinally Called without arguments once it is done, whatever the outcome.
   */
  finally(onFinally?: (() => void) | null): Promise<T> {
    this.#markRetrieved();
    return this.#promise().finally(onFinally);
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `Future (${this.#show()})`;
  }

  /** The name of the class, for `Object.prototype.toString`. */
  get [Symbol.toStringTag](): string {
    return "Future";
  }

  #show(): string {
    if (this.#state === DONE) return "done";
    if (this.#state === CANCELLED) return "cancelled";
    return this.#state === FAILED ? `failed: ${showError(this.#outcome)}` : "pending";
  }

  #promise(): Promise<T> {
    // Not `Promise.resolve`: a result that is itself thenable would be awaited away twice over.
    if (this.#state === DONE) return new Promise((resolve) => resolve(this.#outcome as T));
    if (this.#state !== PENDING) {
      return Promise.reject(this.#readError(currentScope() !== undefined));
    }
    if (currentScope()?.task as unknown === this) {
      return Promise.reject(new InvalidStateError("Cannot await a task: it is the current one"));
    }
    const waiter = new Future.#Await(this);
    this.#subscribe(waiter);
    return waiter.begin();
  }

  #subscribe(handle: Handle): void {
    if (this.#state !== PENDING) callSoon(handle);
    else if (this.#subscriber === undefined && !this.#subscribers?.size) {
      this.#subscriber = handle;
      this.#stoppable?.subscribed?.();
    } else (this.#subscribers ??= new Set()).add(handle);
  }

  #unsubscribe(handle: Handle): boolean {
    if (this.#subscriber === handle) this.#subscriber = undefined;
    else if (!this.#subscribers?.delete(handle)) return false;
    if (this.#subscriber === undefined && !this.#subscribers?.size) {
      this.#stoppable?.unsubscribed?.();
    }
    return true;
  }

  #stop(error: CancelledError): boolean {
    if (this.#state !== PENDING) return false;
    if (this.#stoppable !== undefined) return this.#stoppable.stop(error);
    return this.#settle(CANCELLED, error);
  }

  #settle(state: number, outcome: unknown): boolean {
    if (this.#state !== PENDING) return false;
    this.#state = state;
    this.#outcome = outcome;
    const first = this.#subscriber;
    const rest = this.#subscribers;
    this.#subscriber = this.#subscribers = undefined;
    if (first !== undefined) Future.#notify(first);
    if (rest !== undefined) { for (const handle of rest) Future.#notify(handle); }
    if (state === FAILED && !this.#retrieved) {
      // A callback may still look at it, and timers and I/O may come before its turn.
      if (first === undefined && rest === undefined) this.#reportFailure();
      else callSoon(new Callback(() => this.#reportFailure()));
    }
    return true;
  }

  static #notify(handle: Handle): void {
    if (handle instanceof Future.#Await) handle.wake(undefined);
    else callSoon(handle);
  }

  #readError(inTask: boolean): unknown {
    const cancelled = this.#state === CANCELLED && !inTask;
    return cancelled ? outcomeError(this.#outcome as CancelledError) : this.#outcome;
  }

  #reportFailure(): void {
    if (!this.#retrieved) this.#report = Promise.reject(this.#outcome);
  }

  #markRetrieved(): void {
    if (this.#retrieved) return;
    this.#retrieved = true;
    if (this.#report !== undefined) {
      this.#report.catch(() => {});
      this.#report = undefined;
    }
  }
}
