import { checkIteratorResult } from "../base/check_iterator_result.ts";
import { show } from "../base/validate.ts";
import { ensureFuture } from "./ensure_future.ts";

/** What is read one by one, and given back when it is left early. */
interface Reader<T> {
  next(): PromiseLike<IteratorResult<T>>;
  /** `pending`: a `next` was given up and has not answered. */
  leave(pending: boolean, reason: unknown): PromiseLike<unknown>;
  done(): void;
}

function streamReader<T>(stream: ReadableStream<T>): Reader<T> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    leave: (_pending, reason) => reader.cancel(reason).finally(() => reader.releaseLock()),
    done: () => reader.releaseLock(),
  };
}

function iteratorReader<T>(source: AsyncIterable<T>): Reader<T> {
  const iterator = source[Symbol.asyncIterator]();
  return {
    // What is no promise is taken, too, as `for await` takes it; a thenable is asked only once.
    next: () => Promise.resolve(iterator.next()),
    leave: async (pending) => {
      const left = iterator.return?.();
      // A generator answers `return` only after the `next` that may never come.
      if (pending) left?.then(undefined, () => {});
      else await left;
    },
    done() {},
  };
}

/**
 * Iterate over a stream or an async iterable of somebody else so that each step is a cancellation
 * point, and the source is cancelled or returned when it is left early.
 *
 * CPython: `async for` over any source; in JavaScript a promise of somebody else is none by itself.
 *
 * @typeParam T What it gives.
 * @param source A `ReadableStream`, or anything with `Symbol.asyncIterator`.
 * @returns Its items, in order. Leaving the loop early cancels the stream, or calls `return` of the
 *   iterator.
 * @throws {TypeError} If `source` is neither.
 * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits for the next item.
 * @throws What the source throws, as a rejection.
 *
 * @example
 * ```ts
 * import { cancellable, moveOnAfter } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * let cancelled = false;
 * const silent = new ReadableStream<string>({
 *   start: (controller) => controller.enqueue("first"),
 *   cancel: () => void (cancelled = true),
 * });
 * const got: string[] = [];
 * await moveOnAfter(5, async () => {
 *   for await (const line of cancellable(silent)) got.push(line);
 * });
 * assertEquals([got, cancelled], [["first"], true]);
 * ```
 */
export function cancellable<T>(source: ReadableStream<T> | AsyncIterable<T>): AsyncIterable<T> {
  const { getReader, [Symbol.asyncIterator]: iterate } = Object(source ?? {});
  if (typeof getReader !== "function" && typeof iterate !== "function") {
    throw new TypeError(
      `Cannot iterate: source must be a ReadableStream or an async iterable, received ${
        show(source)
      }`,
    );
  }
  return typeof getReader === "function"
    ? read(() => streamReader(source as ReadableStream<T>))
    : read(() => iteratorReader(source as AsyncIterable<T>));
}

/** A source whose results cannot be read is not left either, as by `for await`. */
function isOver(result: IteratorResult<unknown>): boolean {
  try {
    return Boolean(result.done);
  } catch {
    return true;
  }
}

async function* read<T>(open: () => Reader<T>): AsyncGenerator<T> {
  const reader = open();
  let state: "between" | "reading" | "over" = "between";
  let reason: unknown;
  try {
    for (;;) {
      const step = reader.next();
      state = "reading";
      // A source that fails or ends is over: it need not be left.
      step.then((result) => isOver(result) && (state = "over"), () => state = "over");
      const { done, value } = checkIteratorResult(await ensureFuture(step));
      if (done) return;
      state = "between";
      yield value;
    }
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    if ((state as string) === "over") reader.done();
    else await reader.leave(state === "reading", reason);
  }
}
