import { CancelledError, InvalidStateError, TimeoutError } from "../task_errors.ts";
import type { Timer } from "../base/clock.ts";
import { inspect } from "../base/inspect.ts";
import { isInstance } from "../base/instance.ts";
import { Deque } from "../base/deque.ts";
import { cancelledError } from "../core/cancellation.ts";
import { runInScope } from "../core/context.ts";
import { Future, futureInternals, type Stoppable } from "../core/future.ts";
import { holdWait, WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { startLimit } from "../core/start_limit.ts";
import { noWait } from "../core/waiter.ts";
import { type Subscription, whenAborted } from "../core/when_aborted.ts";
import type { MapOptions } from "./executor.ts";
import { type Input, inputOf, type Sink } from "./map_input.ts";

/** What a map, or a piece of it, ended with instead of results. */
export interface MapFailure {
  error: unknown;
  cancelled: boolean;
}

/** Some of a map's items that are done together: one item, or a chunk of them. */
export interface Piece {
  /** Whether the piece is done, one way or another. */
  readonly over: boolean;
  /** How many results the piece has. */
  readonly size: number;
  /** What came after those results, if the piece failed. */
  readonly failure: MapFailure | undefined;
  /** One of the results. */
  result(at: number): unknown;
}

/** A map, as the pool knows it that carries it out: something that goes on making jobs. */
export interface MapSource {
  /** The pool takes no new work: finish what there is to finish. */
  onClosing(): void;
  /** The pool calls off what has not begun, and begins nothing more. */
  onCancelled(error: CancelledError): void;
  /** The pool cannot go on. */
  fail(error: unknown): void;
  /** The pool has room for a job again. */
  onRoom(): void;
}

/**
 * The results of a map, for every kind of pool: awaited as an array, or iterated one by one.
 *
 * ```text
 * input -> take -> piece in flight -> [pieces, in order] -> all results at once, or one by one
 * ```
 *
 * A subclass says when the map wants more input, makes pieces of it, and has them done. Which result
 * comes when, and what a failure leaves of the others, is decided here, in one place:
 *
 * - Results that come before a failure, in the order of the map, are handed out before it, also to
 *   a loop that begins after the failure.
 * - What was begun is finished and handed out when the pool calls off what waits.
 * - A loop that was left gets nothing more.
 *
 * `tests/executor/maps_test.ts` runs one table over the maps of both kinds of pool.
 */
export abstract class MapOutput<P extends Piece>
  implements PromiseLike<unknown[]>, AsyncIterable<unknown>, MapSource, Sink, Stoppable {
  protected readonly options: MapOptions;
  /** Whether results come in the order of the items. */
  protected readonly ordered: boolean;
  /** How many items were read. */
  protected taken = 0;
  /** How many results were handed out. */
  protected handed = 0;
  /** Whether somebody waits for all results at once. */
  protected collecting = false;
  /** Whether no more items are read. */
  protected inputOver = false;
  /** Whether the outcome is settled, and nothing in flight any more. */
  protected over = false;
  readonly #input: Input;
  readonly #outcome: Future<unknown[]> = new Future();
  readonly #all: unknown[] = [];
  /** In a map with order every piece that was begun; in one without those that are over. */
  readonly #pieces = new Deque<P>();
  /** How many results of the first piece were handed out. */
  #at = 0;
  /** How many results there are. */
  #done = 0;
  #iterating = false;
  #detached = false;
  /** What comes when all pieces were handed out. */
  #inputFailure: MapFailure | undefined;
  /** Whether the pool has called off what had not begun. */
  #calledOff = false;
  /** What a loop ends with, after the results that are left for it. */
  #failure: MapFailure | undefined;
  #gate: Future<void> | undefined;
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;

  constructor(
    items: Iterable<unknown> | AsyncIterable<unknown>,
    ordered: boolean,
    options: MapOptions,
  ) {
    this.options = options;
    this.ordered = ordered;
    this.#input = inputOf(items, this);
    futureInternals.stopWith(this.#outcome, this);
    holdWait(this, {
      detach: () => this.#detached = true,
      withdraw: (error) => this.stop(error),
      over: () => this.#outcome.done(),
    });
  }

  /** For the constructor of a subclass, when everything is in place. */
  protected start(): void {
    const { timeout, signal } = this.options;
    if (timeout !== undefined && timeout < Infinity) {
      this.#timer = startLimit(timeout, () => {
        this.fail(new TimeoutError("The map took longer than its time limit"));
      });
    }
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.stop(cancelledError(signal.reason)));
    }
    queueMicrotask(() => this.read());
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
    const promise = () => futureInternals.promise(this.#outcome);
    // Handed to `shield`, say, it no longer hangs on the task around it. Whoever is handed it calls
    // this once; those who await it beside that do so as any other.
    const results = this.#detached ? runInScope(undefined, promise) : promise();
    this.#detached = false;
    return results.then(onFulfilled, onRejected);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    futureInternals.markRetrieved(this.#outcome);
    if (this.collecting) return this.#iterateAll();
    this.#iterating = true;
    return {
      next: () => this.#next(),
      return: (value?: unknown) => {
        this.#leave(cancelledError("The loop was left"));
        return Promise.resolve({ done: true, value });
      },
    };
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const { total } = this;
    const done = `${this.#done}${total === undefined ? "" : ` of ${total}`} done`;
    return `MapResult [${this.over ? "ended, " : ""}${done}]`;
  }

  /** The map is cancelled, by its signal or by whoever waits for all of it. */
  stop(error: CancelledError): boolean {
    if (this.over) return false;
    this.#finish({ error, cancelled: true });
    return true;
  }

  fail(error: unknown): void {
    this.#finish({ error, cancelled: false });
  }

  onRoom(): void {
    this.read();
  }

  onClosing(): void {
    // Nobody has asked for the results yet: what was begun is done nevertheless.
    if (!this.#iterating) this.#collect();
  }

  onCancelled(error: CancelledError): void {
    // Not `stop`: what has begun goes on, and its results are handed out before the cancellation.
    //
    //   const squares = pool.map(slowSquare, [1, 2, 3]);      // one worker
    //   for await (const square of squares) {                 // gets 1, then CancelledError
    //     void pool.shutdown({ cancelFutures: true });
    //   }
    //
    // The pool cancels the pieces that wait right after this; `ended` hears of each.
    if (this.over) return;
    this.#calledOff = true;
    if (this.inputOver) return;
    this.#input.stop();
    this.#endInput({ error, cancelled: true });
  }

  /** Whether there is room for one more item. */
  abstract wants(): boolean;
  /** Take an item of the input, and have it done. */
  abstract take(item: unknown): void;

  end(failure?: { error: unknown }): void {
    if (this.inputOver || this.over) return;
    this.flush();
    if (failure === undefined) return this.#endInput(undefined);
    const { error } = failure;
    this.#endInput({ error, cancelled: isInstance(error, CancelledError) });
  }

  /** How many pieces are begun or wait for their turn. */
  protected abstract get inFlight(): number;
  /** Cancel what is in flight: what comes after `failed`, or all of it. */
  protected abstract drop(failed: P | undefined, error: CancelledError): void;
  /** Tell the pool that the map makes no more jobs. */
  protected abstract leavePool(): void;
  /** Have done what was taken and is held back. */
  protected flush(): void {}

  /** How many items there are, if that is known. */
  protected get total(): number | undefined {
    return this.#input.total ?? (this.inputOver ? this.taken : undefined);
  }

  /** How many pieces wait for the reader. */
  protected get kept(): number {
    return this.#pieces.size;
  }

  /** For the subclass: a piece is in flight. */
  protected begun(piece: P): void {
    if (this.ordered) this.#pieces.push(piece);
  }

  /** For the subclass: a piece that was in flight is over. */
  protected ended(piece: P): void {
    this.#done += piece.size;
    // That the pool called a piece off is no failure of the piece: what was begun still counts, also
    // what was begun later, or ends later in a map without order.
    const calledOff = this.#calledOff && piece.failure?.cancelled === true;
    if (calledOff) this.#inputFailure ??= piece.failure;
    if (!this.ordered && !calledOff) this.#pieces.push(piece);
    if (piece.failure !== undefined && !calledOff) {
      this.inputOver = true;
      this.#input.stop();
      this.drop(piece, cancelledError("Another item failed"));
    }
    if (piece.size > 0) this.#progress();
    this.#deliver();
    this.read();
  }

  /** Read on as far as the subclass wants. */
  protected read(): void {
    if (!this.over && !this.inputOver) this.#input.read();
  }

  #endInput(failure: MapFailure | undefined): void {
    this.inputOver = true;
    this.#inputFailure = failure;
    this.#deliver();
  }

  #collect(): void {
    if (this.collecting) return;
    this.collecting = true;
    this.#deliver();
    this.read();
  }

  #progress(): void {
    const { onProgress } = this.options;
    if (onProgress === undefined || this.over) return;
    try {
      const { total } = this;
      if (total === undefined) onProgress(this.#done);
      else onProgress(this.#done, total);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Give what is due to whoever wants it. */
  #deliver(): void {
    if (this.over) return;
    const allDone = this.inputOver && this.inFlight === 0;
    if (this.#iterating) {
      if (allDone) this.#release();
      return this.#openGate();
    }
    if (!this.collecting) {
      // Nobody has asked yet. A failure is to be heard of nevertheless, as that of a task is; the
      // results before it stay for a loop that begins later.
      const failure = allDone ? this.#firstFailure() : undefined;
      if (failure !== undefined) this.#finish(failure);
      else if (allDone) this.#release();
      return;
    }
    for (let head = this.#pieces.peek(); head?.over; head = this.#pieces.peek()) {
      this.handed += head.size;
      for (let i = 0; i < head.size; i++) this.#all.push(head.result(i));
      if (head.failure !== undefined) return this.#finish(head.failure);
      this.#pieces.shift();
    }
    if (allDone && this.#pieces.size === 0) this.#finish(this.#inputFailure);
  }

  #firstFailure(): MapFailure | undefined {
    for (const piece of this.#pieces) if (piece.failure !== undefined) return piece.failure;
    return this.#inputFailure;
  }

  #next(): Promise<IteratorResult<unknown>> {
    const head = this.#pieces.peek();
    if (head?.over && this.#at < head.size) return noWait(this.#hand(head));
    const chain = new WaitChain();
    return racedWait(this.#wait(chain), chain);
  }

  #hand(head: P): IteratorResult<unknown> {
    const value = head.result(this.#at++);
    this.handed++;
    // A piece that failed stays: its failure comes after its last result.
    if (this.#at === head.size && head.failure === undefined) this.#shift();
    if (this.wants()) this.read();
    return { done: false, value };
  }

  #shift(): void {
    this.#pieces.shift();
    this.#at = 0;
  }

  async #wait(chain: WaitChain): Promise<IteratorResult<unknown>> {
    for (;;) {
      const head = this.#pieces.peek();
      if (head?.over) {
        if (this.#at < head.size) return this.#hand(head);
        if (head.failure === undefined) {
          this.#shift();
          continue;
        }
        this.#finish(head.failure);
      } else if (this.inputOver && this.#pieces.size === 0 && this.inFlight === 0) {
        this.#finish(this.#inputFailure);
      }
      if (this.over) {
        const failure = this.#failure;
        this.#forget();
        if (failure !== undefined) throw failure.error;
        return { done: true, value: undefined };
      }
      await chain.step(futureInternals.promise(this.#gate ??= this.#makeGate()));
    }
  }

  #makeGate(): Future<void> {
    const gate = new Future<void>();
    // A task that is cancelled while it waits for the next result does not come back for it.
    futureInternals.stopWith(gate, {
      stop: (error) => {
        this.#leave(error);
        return futureInternals.settleCancelled(gate, error);
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
    try {
      await futureInternals.promise(this.#outcome);
    } finally {
      yield* this.#all;
    }
  }

  /** The loop is left: whoever takes up the map again finds the end of it. */
  #leave(error: CancelledError): void {
    this.stop(error);
    this.#forget();
  }

  #forget(): void {
    this.#failure = undefined;
    this.#pieces.clear();
    this.#at = 0;
  }

  /** The map is over, with all results or with a failure; what is in flight is not wanted. */
  #finish(failure: MapFailure | undefined): void {
    if (this.over) return;
    this.over = true;
    this.#failure = failure;
    this.#input.stop();
    const error = failure?.cancelled
      ? failure.error as CancelledError
      : cancelledError("The map is over");
    this.drop(undefined, error);
    if (this.collecting || (this.#iterating && failure?.cancelled)) this.#pieces.clear();
    else this.#keepDone();
    this.#release();
    if (failure === undefined) futureInternals.resolve(this.#outcome, this.#all);
    else if (failure.cancelled) {
      futureInternals.settleCancelled(this.#outcome, failure.error as CancelledError);
    } else futureInternals.reject(this.#outcome, failure.error);
    this.#openGate();
  }

  /** Keep the pieces whose results a loop can have before it hears of the failure. */
  #keepDone(): void {
    let done = 0;
    for (const piece of this.#pieces) {
      if (!piece.over) break;
      done++;
      if (piece.failure !== undefined) break;
    }
    while (this.#pieces.size > done) this.#pieces.pop();
  }

  #release(): void {
    this.#timer?.stop();
    this.#subscription?.end();
    this.leavePool();
  }
}
