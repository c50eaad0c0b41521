import { QueueShutDown } from "../errors.ts";
import { isInstance } from "../base/instance.ts";

/** The items of a queue, each taken out; it ends when the queue is shut down and drained. */
export class QueueItems<T> implements AsyncIterator<T, undefined> {
  readonly #queue: { get(): Promise<T> };
  #ended = false;

  constructor(queue: { get(): Promise<T> }) {
    this.#queue = queue;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return this.return();
    return this.#queue.get().then(
      (value) => ({ done: false, value }),
      (error) => {
        if (!isInstance(error, QueueShutDown)) throw error;
        return this.return();
      },
    );
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#ended = true;
    return Promise.resolve({ done: true, value: undefined });
  }
}
