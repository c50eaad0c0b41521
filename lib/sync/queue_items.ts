import { QueueShutDown } from "../errors.ts";
import { isInstance } from "../base/instance.ts";
import { heldWait, holdWait, noHeldWait } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";

/** The items of a queue, each taken out; it ends when the queue is shut down and drained. */
export class QueueItems<T> implements AsyncIterator<T, undefined> {
  readonly #queue: { get(): Promise<T> };
  #ended = false;

  constructor(queue: { get(): Promise<T> }) {
    this.#queue = queue;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return this.return();
    const got = this.#queue.get();
    const next = got.then<IteratorResult<T, undefined>, IteratorResult<T, undefined>>(
      (value) => ({ done: false, value }),
      (error) => {
        if (!isInstance(error, QueueShutDown)) throw error;
        return this.return();
      },
    );
    const wait = heldWait(got);
    return wait === undefined ? holdWait(next, noHeldWait) : racedWait(next, wait);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#ended = true;
    return Promise.resolve({ done: true, value: undefined });
  }
}
