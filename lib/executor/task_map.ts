import { CancelledError, InvalidStateError, TimeoutError } from "../errors.ts";
import type { Timer } from "../base/clock.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { Deque } from "../base/deque.ts";
import { contextSnapshot, currentRunContext, type RunContext } from "../core/context.ts";
import { Future, futureInternals, type Stoppable } from "../core/future.ts";
import { startLimit } from "../core/limit.ts";
import { wentOn } from "../core/scheduler.ts";
import { cancelledError } from "../core/cancel_scope.ts";
import type { MapOptions } from "./executor.ts";
import { type Input, inputOf, type Sink } from "./map_input.ts";
import { type Subscription, whenAborted } from "../task/abort_signals.ts";
import { type MapFailure, type MapItems, TaskItem } from "./task_item.ts";
import type { TaskRunner, TaskSource } from "./task_runner.ts";

/** So many items per worker are taken from an input of unknown length ahead of who reads. */
const AHEAD = 8;

/**
 * A `map` under way on a `TaskPool`: it reads its input as there is room for the items, and puts the
 * results in order.
 */
export class TaskMap
  implements PromiseLike<unknown[]>, AsyncIterable<unknown>, TaskSource, Sink, Stoppable, MapItems {
  readonly call: (item: unknown) => unknown;
  readonly #runner: TaskRunner;
  readonly runContext: RunContext = currentRunContext();
  readonly around: ContextSnapshot = contextSnapshot();
  readonly #options: MapOptions;
  readonly #input: Input;
  readonly #most: number;
  readonly #outcome: Future<unknown[]> = new Future();
  readonly #all: unknown[] = [];
  /** Items whose results are not handed over: in order of input, or as they were done. */
  readonly #line = new Deque<TaskItem>();
  /** Of those whose results come as they are done: begun, or waiting for their turn. */
  readonly #loose: Set<TaskItem> | undefined;
  /** How many items are begun, or waiting for their turn. */
  #flying = 0;
  #taken = 0;
  #handed = 0;
  #done = 0;
  #collecting = false;
  #iterating = false;
  #inputOver = false;
  #inputFailure: MapFailure | undefined;
  #over = false;
  /** What the loop that iterates is to end with. */
  #failure: MapFailure | undefined;
  #gate: Future<void> | undefined;
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;

  constructor(
    runner: TaskRunner,
    call: (item: unknown) => unknown,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    ordered: boolean,
    options: MapOptions,
  ) {
    this.call = call;
    this.#runner = runner;
    this.#loose = ordered ? undefined : new Set();
    this.#options = options;
    this.#input = inputOf(items, this);
    const known = this.#input.total !== undefined;
    this.#most = options.buffersize ?? (known ? Infinity : AHEAD * runner.maxWorkers);
    futureInternals.stopWith(this.#outcome, this);
    runner.enter(this);
    const { timeout, signal } = options;
    if (timeout !== undefined && timeout < Infinity) {
      this.#timer = startLimit(timeout, () => {
        const error = new TimeoutError("The map took longer than its time limit");
        this.#finish({ error, cancelled: false });
      });
    }
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.stop(cancelledError(signal.reason)));
    }
    queueMicrotask(() => this.#read());
  }

  then<A = unknown[], B = never>(
    onFulfilled?: ((results: unknown[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#iterating) {
      const error = new InvalidStateError("Cannot await a map: it is being iterated already");
      return Promise.reject(error).then(onFulfilled, onRejected);
    }
    this.#collect();
    return this.#outcome.then(onFulfilled, onRejected);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    futureInternals.look(this.#outcome);
    if (this.#collecting) return this.#iterateAll();
    this.#iterating = true;
    return {
      next: () => this.#next(),
      return: (value?: unknown) => {
        this.stop(cancelledError("The loop was left"));
        this.#failure = undefined;
        return Promise.resolve({ done: true, value });
      },
    };
  }

  /** For the future: what its `cancel` does. */
  stop(error: CancelledError): boolean {
    if (this.#over) return false;
    this.#finish({ error, cancelled: true });
    return true;
  }

  onClosing(): void {
    // Nobody has asked for the results yet: what was begun is done nevertheless.
    if (!this.#iterating) this.#collect();
  }

  onCancelled(error: CancelledError): void {
    if (this.#over) return;
    const waiting = this.#flyingItems().filter((item) => this.#runner.withdraw(item));
    if (this.#inputOver && waiting.length === 0) return;
    this.#input.stop();
    this.#flying -= waiting.length;
    for (const item of waiting) {
      // Items are begun in order, so those that wait are the last.
      if (this.#loose === undefined) this.#line.pop();
      else this.#loose.delete(item);
    }
    this.#endInput({ error, cancelled: true });
  }

  onItemOver(item: TaskItem, failure: MapFailure | undefined): void {
    if (item.over) return;
    item.over = true;
    item.failure = failure;
    this.#flying--;
    if (this.#loose?.delete(item)) this.#line.push(item);
    if (failure === undefined) {
      this.#done++;
      if (this.#options.onProgress !== undefined) this.#progress(this.#options.onProgress);
    } else this.#stopAfter(item);
    this.#deliver();
    this.#read();
  }

  wants(): boolean {
    if (this.#over || this.#inputOver || this.#flying >= this.#runner.maxWorkers) return false;
    if (this.#collecting && this.#options.buffersize === undefined) return true;
    return this.#taken - this.#handed < this.#most;
  }

  take(value: unknown): void {
    const item = new TaskItem(this.#runner, this, this.#taken++, value);
    this.#flying++;
    if (this.#loose === undefined) this.#line.push(item);
    else this.#loose.add(item);
    this.#runner.add(item);
  }

  end(failure?: { error: unknown }): void {
    if (this.#inputOver || this.#over) return;
    if (failure === undefined) return this.#endInput(undefined);
    const { error } = failure;
    this.#endInput({ error, cancelled: error instanceof CancelledError });
  }

  #endInput(failure: MapFailure | undefined): void {
    this.#inputOver = true;
    this.#inputFailure = failure;
    this.#deliver();
  }

  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    this.#deliver();
    this.#read();
  }

  #read(): void {
    if (!this.#over && !this.#inputOver) this.#input.read();
  }

  #progress(onProgress: NonNullable<MapOptions["onProgress"]>): void {
    if (this.#over) return;
    try {
      const total = this.#input.total ?? (this.#inputOver ? this.#taken : undefined);
      if (total === undefined) onProgress(this.#done);
      else onProgress(this.#done, total);
    } catch (error) {
      this.#finish({ error, cancelled: false });
    }
  }

  /** What comes after a failure is not wanted any more. */
  #stopAfter(failed: TaskItem): void {
    this.#inputOver = true;
    this.#input.stop();
    const error = cancelledError("Another item failed");
    for (const item of this.#flyingItems()) {
      if (this.#loose !== undefined || item.index > failed.index) this.#dismiss(item, error);
    }
  }

  #flyingItems(): TaskItem[] {
    return this.#loose === undefined
      ? [...this.#line].filter(({ over }) => !over)
      : [...this.#loose];
  }

  #dismiss(item: TaskItem, error: CancelledError): void {
    item.over = true;
    this.#flying--;
    // Where results come in order it stays in line, behind the failure that ends the map.
    item.failure = { error, cancelled: true };
    this.#loose?.delete(item);
    if (!this.#runner.withdraw(item)) item.ask(error);
  }

  /** Hand over what is due, if nobody iterates, and see whether that was all. */
  #deliver(): void {
    if (this.#over) return;
    const allDone = this.#inputOver && this.#flying === 0;
    if (this.#iterating) {
      if (allDone) this.#letGo();
      this.#openGate();
      return;
    }
    if (!this.#collecting) {
      // Nobody listens yet. A failure is to be heard of nevertheless.
      const failure = allDone ? this.#firstFailure() : undefined;
      if (failure !== undefined) this.#finish(failure);
      else if (allDone) this.#letGo();
      return;
    }
    for (let head = this.#line.peek(); head?.over; head = this.#line.peek()) {
      if (head.failure !== undefined) return this.#finish(head.failure);
      this.#line.shift();
      this.#handed++;
      this.#all.push(head.value);
    }
    if (allDone && this.#line.size === 0) this.#finish(this.#inputFailure);
  }

  #firstFailure(): MapFailure | undefined {
    for (const item of this.#line) if (item.failure !== undefined) return item.failure;
    return this.#inputFailure;
  }

  #next(): Promise<IteratorResult<unknown>> {
    const head = this.#line.peek();
    if (!head?.over || head.failure !== undefined) return this.#wait();
    wentOn();
    return Promise.resolve(this.#hand(head));
  }

  #hand(head: TaskItem): IteratorResult<unknown> {
    this.#line.shift();
    this.#handed++;
    this.#read();
    return { done: false, value: head.value };
  }

  async #wait(): Promise<IteratorResult<unknown>> {
    for (;;) {
      const head = this.#line.peek();
      if (head?.over) {
        if (head.failure === undefined) return this.#hand(head);
        this.#finish(head.failure);
      } else if (this.#inputOver && this.#line.size === 0 && this.#flying === 0) {
        this.#finish(this.#inputFailure);
      }
      if (this.#over) {
        const failure = this.#failure;
        this.#failure = undefined;
        if (failure !== undefined) throw failure.error;
        return { done: true, value: undefined };
      }
      await futureInternals.promise(this.#gate ??= this.#makeGate());
    }
  }

  #makeGate(): Future<void> {
    const gate = new Future<void>();
    // A task that is cancelled while it waits for the next result does not come back for it.
    futureInternals.stopWith(gate, {
      stop: (error) => {
        this.stop(error);
        this.#failure = undefined;
        return futureInternals.abandon(gate, error);
      },
    });
    return gate;
  }

  #openGate(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    if (gate !== undefined) futureInternals.resolve(gate, undefined);
  }

  async *#iterateAll(): AsyncGenerator<unknown> {
    yield* await futureInternals.promise(this.#outcome);
  }

  /** It is over. If it was cancelled, what has not been handed over is not wanted any more. */
  #finish(failure: MapFailure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#input.stop();
    const error = failure?.cancelled
      ? failure.error as CancelledError
      : cancelledError("The map is over");
    for (const item of this.#flyingItems()) this.#dismiss(item, error);
    if (!this.#iterating || failure?.cancelled) this.#line.clear();
    else this.#keepDone();
    this.#letGo();
    if (failure === undefined) futureInternals.resolve(this.#outcome, this.#all);
    else if (failure.cancelled) {
      futureInternals.abandon(this.#outcome, failure.error as CancelledError);
    } else futureInternals.reject(this.#outcome, failure.error);
    this.#openGate();
  }

  /** Leave in the line what the loop can have before it hears of the failure. */
  #keepDone(): void {
    let done = 0;
    for (const item of this.#line) {
      if (!item.over || item.failure !== undefined) break;
      done++;
    }
    while (this.#line.size > done) this.#line.pop();
  }

  #letGo(): void {
    this.#timer?.stop();
    this.#subscription?.end();
    this.#runner.leave(this);
  }
}
