import { CancelledError, InvalidStateError, TimeoutError } from "../../errors.ts";
import { startTimer, type Timer } from "../../base/clock.ts";
import { Deque } from "../../base/deque.ts";
import { Future, futureInternals, type Stoppable } from "../../core/future.ts";
import { cancelledError } from "../../core/cancel_scope.ts";
import type { Described } from "../../wire/function_codec.ts";
import type { MapOptions } from "../../executor/executor.ts";
import type { CallSite } from "./caller_stack.ts";
import { Chunk } from "./chunk.ts";
import { type Input, inputOf, type Sink } from "../../executor/map_input.ts";
import type { Pool, Producer } from "./pool.ts";
import { type Subscription, whenAborted } from "../../task/abort_signals.ts";

/** How long a chunk ought to take, in milliseconds. */
const CHUNK_MS = 8;
const LARGEST_CHUNK = 4096;
/** How much larger a chunk may be than the one before. */
const GROWTH = 8;
/** How many chunks per worker may be under way … */
const FLYING = 2;
/** … and how many may be there whose results nobody has taken … */
const KEPT = 8;
/** … but no more items per worker than this, or than were taken already. */
const FIRST_KEPT = 16;

/** Which kind of map it is. */
export interface MapKind {
  /** Whether the results come in the order of the items. */
  readonly ordered: boolean;
  /** Whether each item is a list of arguments. */
  readonly spread: boolean;
}

interface Failure {
  error: unknown;
  cancelled: boolean;
}

/**
 * A `map` under way. It reads its input as far as workers and readers need it, cuts it into chunks,
 * and puts the results in order.
 */
export class MapRun
  implements PromiseLike<unknown[]>, AsyncIterable<unknown>, Producer, Sink, Stoppable {
  readonly pool: Pool;
  readonly fn: Described;
  readonly spread: boolean;
  readonly site: CallSite | undefined;
  /** Whether the caller said how large chunks are. */
  readonly fixed: boolean;
  readonly #ordered: boolean;
  readonly #options: MapOptions;
  readonly #input: Input;
  readonly #outcome: Future<unknown[]> = new Future();
  /** Chunks whose results are not taken: in order of input, or in that in which they were done. */
  readonly #line = new Deque<Chunk>();
  readonly #flying = new Set<Chunk>();
  readonly #all: unknown[] = [];
  #pending: unknown[] = [];
  #taken = 0;
  #handed = 0;
  #done = 0;
  #size: number;
  #perItem = 0;
  #collecting = false;
  #iterating = false;
  #filling = false;
  #inputOver = false;
  #inputFailure: Failure | undefined;
  #over = false;
  /** What comes after `current`. */
  #failure: Failure | undefined;
  /** What ended the whole, and comes after everything that was done by then. */
  #last: Failure | undefined;
  #current: unknown[] = [];
  #at = 0;
  #gate: Future<void> | undefined;
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;

  constructor(
    pool: Pool,
    fn: Described,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    kind: MapKind,
    options: MapOptions,
    site: CallSite | undefined,
  ) {
    this.pool = pool;
    this.fn = fn;
    this.spread = kind.spread;
    this.site = site;
    this.fixed = options.chunksize !== undefined;
    this.#ordered = kind.ordered;
    this.#options = options;
    this.#size = options.chunksize ?? 1;
    this.#input = inputOf(items, this);
    futureInternals.stopWith(this.#outcome, this);
    pool.enter(this);
    const { timeout, signal } = options;
    if (timeout !== undefined && timeout < Infinity) {
      this.#timer = startTimer(timeout, () => {
        const error = new TimeoutError("The map took longer than its time limit");
        this.#finish({ error, cancelled: false }, true);
      });
    }
    if (signal !== undefined) {
      this.#subscription = whenAborted(signal, () => this.stop(cancelledError(signal.reason)));
    }
    queueMicrotask(() => this.#fill());
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
        this.#finish({ error: cancelledError("The loop was left"), cancelled: true }, true);
        return Promise.resolve({ done: true, value });
      },
    };
  }

  /** For the future: what its `cancel` does. */
  stop(error: CancelledError): boolean {
    if (this.#over) return false;
    this.#finish({ error, cancelled: true }, true);
    return true;
  }

  onClosing(): void {
    // Nobody has asked for the results yet: what was begun is done nevertheless.
    if (!this.#iterating) this.#collect();
  }

  onCancelled(error: CancelledError): void {
    this.#finish({ error, cancelled: true }, true);
  }

  onBroken(error: unknown): void {
    this.#finish({ error, cancelled: false }, true);
  }

  /** For chunks: how long the items took. */
  learnPace(ms: number, items: number): void {
    if (items === 0) return;
    const perItem = ms / items;
    this.#perItem = this.#perItem === 0 ? perItem : this.#perItem * 0.5 + perItem * 0.5;
    if (this.fixed) return;
    const wanted = Math.min(CHUNK_MS / Math.max(this.#perItem, 1e-6), items * GROWTH);
    this.#size = Math.min(Math.max(Math.floor(wanted), 1), LARGEST_CHUNK);
  }

  /** For chunks: it is over, one way or the other. */
  onChunkOver(chunk: Chunk): void {
    if (!this.#flying.delete(chunk)) return;
    this.#done += chunk.results!.length;
    if (!this.#ordered) this.#line.push(chunk);
    if (chunk.failure !== undefined) this.#stopAfter(chunk);
    this.#progress();
    this.#deliver();
    this.#fill();
  }

  wants(): boolean {
    const workers = this.pool.settings.maxWorkers;
    if (this.#over || this.#inputOver || this.#flying.size >= FLYING * workers) return false;
    if (this.#taken - this.#handed >= this.#window()) return false;
    return this.#collecting || this.#line.size < KEPT * workers;
  }

  take(item: unknown): void {
    this.#taken++;
    this.#pending.push(item);
    const full = this.#pending.length >= this.#nextSize();
    // Outside `fill` the items come one by one, as they are there: nobody knows when the next will.
    if (full || (!this.#filling && this.#flying.size < this.pool.settings.maxWorkers)) this.#send();
  }

  end(failure?: { error: unknown }): void {
    if (this.#inputOver || this.#over) return;
    this.#inputOver = true;
    if (failure !== undefined) {
      const { error } = failure;
      this.#inputFailure = { error, cancelled: error instanceof CancelledError };
    }
    this.#send();
    this.#deliver();
  }

  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    this.#deliver();
    this.#fill();
  }

  #fill(): void {
    if (this.#filling || this.#over) return;
    this.#filling = true;
    this.#input.read();
    if (!this.#over) this.#send();
    this.#filling = false;
  }

  #send(): void {
    if (this.#pending.length === 0) return;
    const items = this.#pending;
    this.#pending = [];
    const chunk = new Chunk(this, this.#taken - items.length, items);
    this.#flying.add(chunk);
    if (this.#ordered) this.#line.push(chunk);
    this.pool.add(chunk);
  }

  /** How many items may have been read whose results nobody has taken. */
  #window(): number {
    const { buffersize } = this.#options;
    if (buffersize !== undefined) return buffersize;
    if (this.#collecting) return Infinity;
    return Math.max(FIRST_KEPT * this.pool.settings.maxWorkers, this.#handed);
  }

  #nextSize(): number {
    if (this.fixed) return this.#size;
    const { maxWorkers, maxTasksPerWorker } = this.pool.settings;
    const parts = FLYING * maxWorkers;
    let size = Math.min(this.#size, maxTasksPerWorker, Math.floor(this.#window() / parts));
    // Towards the end chunks get smaller, so that all workers end together.
    const { total } = this.#input;
    if (total !== undefined) {
      size = Math.min(size, Math.ceil((total - this.#taken + this.#pending.length) / parts));
    }
    return Math.max(size, 1);
  }

  #progress(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined || this.#over) return;
    try {
      const total = this.#input.total ?? (this.#inputOver ? this.#taken : undefined);
      if (total === undefined) onProgress(this.#done);
      else onProgress(this.#done, total);
    } catch (error) {
      this.#finish({ error, cancelled: false }, true);
    }
  }

  /** What comes after a failure is not wanted any more. */
  #stopAfter(failed: Chunk): void {
    this.#inputOver = true;
    this.#input.stop();
    this.#pending = [];
    const error = cancelledError("Another item failed");
    const later = [...this.#flying].filter((c) => !this.#ordered || c.start > failed.start);
    for (const chunk of later) {
      this.#flying.delete(chunk);
      chunk.giveUp(error);
    }
  }

  /** Hand over what is due, if nobody iterates, and see whether that was all. */
  #deliver(): void {
    if (this.#over) return;
    if (this.#iterating) {
      this.#openGate();
      return;
    }
    if (!this.#collecting) {
      // Nobody listens yet. A failure whose turn it would be has to be heard of nevertheless.
      for (const chunk of this.#line) {
        if (chunk.results === undefined) return;
        if (chunk.failure !== undefined) return this.#finish(chunk.failure, false);
      }
      if (this.#inputOver && this.#flying.size === 0 && this.#inputFailure !== undefined) {
        this.#finish(this.#inputFailure, false);
      }
      if (this.#inputOver && this.#flying.size === 0) this.#letGo();
      return;
    }
    for (let head = this.#line.peek(); head?.results !== undefined; head = this.#line.peek()) {
      this.#line.shift();
      this.#handed += head.results.length;
      for (const result of head.results) this.#all.push(result);
      if (head.failure !== undefined) return this.#finish(head.failure, true);
    }
    if (!this.#inputOver || this.#line.size > 0 || this.#flying.size > 0) return;
    this.#finish(this.#inputFailure, true);
  }

  #next(): Promise<IteratorResult<unknown>> {
    if (this.#at < this.#current.length) return Promise.resolve(this.#hand());
    return this.#wait();
  }

  #hand(): IteratorResult<unknown> {
    const value = this.#current[this.#at++];
    this.#handed++;
    if (!this.#filling && this.wants()) this.#fill();
    return { done: false, value };
  }

  async #wait(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#at < this.#current.length) return this.#hand();
      if (this.#failure !== undefined) {
        const { error } = this.#failure;
        if (!this.#over) this.#finish(this.#failure, true);
        this.#failure = undefined;
        this.#last = undefined;
        this.#line.clear();
        throw error;
      }
      const head = this.#line.peek();
      if (head?.results !== undefined) {
        this.#line.shift();
        this.#current = head.results;
        this.#at = 0;
        this.#failure = head.failure;
        this.#fill();
        continue;
      }
      if (!this.#over && this.#inputOver && this.#line.size === 0 && this.#flying.size === 0) {
        this.#failure = this.#inputFailure;
        this.#inputFailure = undefined;
        if (this.#failure === undefined) this.#finish(undefined, true);
        continue;
      }
      if (this.#over) {
        if (this.#last === undefined) return { done: true, value: undefined };
        this.#failure = this.#last;
        continue;
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

  /** It is over. `drop`: what was not handed over is not wanted any more. */
  #finish(failure: Failure | undefined, drop: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#input.stop();
    const error = cancelledError("The map is over");
    const flying = [...this.#flying];
    this.#flying.clear();
    for (const chunk of flying) {
      chunk.giveUp(failure?.cancelled ? failure.error as CancelledError : error);
    }
    this.#letGo();
    if (drop && this.#iterating && failure !== undefined && !failure.cancelled) {
      this.#keepDone();
      this.#last = failure;
    } else if (drop) {
      this.#line.clear();
      this.#current = [];
      this.#at = 0;
      if (this.#iterating) this.#failure = failure;
    }
    if (failure === undefined) futureInternals.resolve(this.#outcome, this.#all);
    else if (failure.cancelled) {
      futureInternals.abandon(this.#outcome, failure.error as CancelledError);
    } else futureInternals.reject(this.#outcome, failure.error);
    this.#openGate();
  }

  /** Leave in the line what the loop can have before it hears of the failure. */
  #keepDone(): void {
    let done = 0;
    for (const chunk of this.#line) {
      if (chunk.results === undefined || chunk.failure !== undefined) break;
      done++;
    }
    while (this.#line.size > done) this.#line.pop();
  }

  #letGo(): void {
    this.#timer?.stop();
    this.#subscription?.end();
    this.pool.leave(this);
  }
}
