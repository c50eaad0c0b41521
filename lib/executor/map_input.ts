import { checkIteratorResult } from "../base/check_iterator_result.ts";
import { report } from "../base/report.ts";
import { Future, futureInternals } from "../core/future.ts";
import { cancelledError } from "../core/cancellation.ts";
import { type Task, taskInternals } from "../core/task.ts";

/** What the input of a `map` is read into. */
export interface Sink {
  /** Whether the sink wants one more item now. */
  wants(): boolean;
  /** An item was read. */
  take(item: unknown): void;
  /** The input has no more items; `error` is what reading it failed with. */
  end(failure?: { error: unknown }): void;
}

/** The input of a `map`, read as far as its sink wants. */
export interface Input {
  /** How many items there are, if that can be known without reading them. */
  readonly total: number | undefined;
  /** Read on while the sink wants more. */
  read(): void;
  /** Read no more, and let the source clean up. */
  stop(): void;
}

/** Make the reader that fits the source. */
export function inputOf(source: Iterable<unknown> | AsyncIterable<unknown>, sink: Sink): Input {
  if (Array.isArray(source)) return new ArrayInput(source, sink);
  const { [Symbol.asyncIterator]: async } = source as Partial<AsyncIterable<unknown>>;
  if (async !== undefined) return new AsyncInput(source as AsyncIterable<unknown>, sink);
  return new SyncInput(source as Iterable<unknown>, sink);
}

class ArrayInput implements Input {
  readonly total: number;
  readonly #source: readonly unknown[];
  readonly #sink: Sink;
  #next = 0;
  #over = false;

  constructor(source: readonly unknown[], sink: Sink) {
    this.#source = source;
    this.total = source.length;
    this.#sink = sink;
  }

  read(): void {
    if (this.#over) return;
    while (this.#next < this.total) {
      if (!this.#sink.wants()) return;
      this.#sink.take(this.#source[this.#next++]);
      if (this.#over) return;
    }
    this.#over = true;
    this.#sink.end();
  }

  stop(): void {
    this.#over = true;
  }
}

class SyncInput implements Input {
  readonly total: number | undefined;
  readonly #source: Iterable<unknown>;
  readonly #sink: Sink;
  #iterator: Iterator<unknown> | undefined;
  #over = false;
  #reading = false;
  #leave = false;

  constructor(source: Iterable<unknown>, sink: Sink) {
    this.#source = source;
    this.total = sizeOf(source);
    this.#sink = sink;
  }

  read(): void {
    if (this.#over || this.#reading) return;
    this.#reading = true;
    try {
      this.#iterator ??= this.#source[Symbol.iterator]();
      while (!this.#over && this.#sink.wants()) {
        const { done, value } = checkIteratorResult(this.#iterator.next());
        if (done) {
          this.#over = true;
          this.#sink.end();
        } else if (!this.#over) this.#sink.take(value);
      }
    } catch (error) {
      if (this.#over) report(error);
      this.#over = true;
      this.#sink.end({ error });
    } finally {
      this.#reading = false;
      if (this.#leave) this.#close();
    }
  }

  stop(): void {
    if (this.#over) return;
    this.#over = true;
    // A source that is at work, and stops the map itself, can be closed only when it has come back.
    if (this.#reading) this.#leave = true;
    else this.#close();
  }

  #close(): void {
    this.#leave = false;
    try {
      this.#iterator?.return?.();
    } catch (error) {
      report(error);
    }
  }
}

class AsyncInput implements Input {
  readonly total: undefined = undefined;
  readonly #source: AsyncIterable<unknown>;
  readonly #sink: Sink;
  #reader: Task<void> | undefined;
  #gate: Future<void> | undefined;
  #stopped = false;

  constructor(source: AsyncIterable<unknown>, sink: Sink) {
    this.#source = source;
    this.#sink = sink;
  }

  read(): void {
    if (this.#stopped) return;
    this.#openGate();
    if (this.#reader !== undefined) return;
    // A task of its own, so that a wait within the source can be called off.
    const reader = taskInternals.create(() => this.#readAll());
    this.#reader = reader;
    futureInternals.subscribe(reader, {
      run: () => {
        if (this.#stopped) {
          if (futureInternals.failed(reader)) report(futureInternals.error(reader));
          return;
        }
        const failed = reader.cancelled() || futureInternals.failed(reader);
        this.#sink.end(failed ? { error: futureInternals.error(reader) } : undefined);
      },
    });
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#openGate();
    if (this.#reader !== undefined) {
      futureInternals.stop(this.#reader, cancelledError("The results are not wanted any more"));
    }
  }

  #openGate(): void {
    if (this.#gate !== undefined) futureInternals.resolve(this.#gate, undefined);
    this.#gate = undefined;
  }

  async #readAll(): Promise<void> {
    const iterator = this.#source[Symbol.asyncIterator]();
    let over = false;
    try {
      for (;;) {
        while (!this.#stopped && !this.#sink.wants()) {
          // A future, so that a `run` that ends can call the wait off.
          await (this.#gate = new Future<void>());
        }
        if (this.#stopped) return;
        over = true;
        const { done, value } = checkIteratorResult(await iterator.next());
        if (done) return;
        over = false;
        if (this.#stopped) return;
        this.#sink.take(value);
      }
    } finally {
      if (!over) await iterator.return?.();
    }
  }
}

function sizeOf(source: object): number | undefined {
  if (source instanceof Set || source instanceof Map) return source.size;
  if (ArrayBuffer.isView(source)) return (source as Uint8Array).length;
  return undefined;
}
