import { WaitQueues } from "./wait_queues.ts";
import type { ThreadIdentity, Words } from "./words.ts";

const QUEUE = 0;

/** The queue of those who wait at a condition to be notified. */
export class ConditionProtocol {
  /** How many words it takes. */
  static readonly SIZE: number = WaitQueues.size(1);

  readonly queues: WaitQueues;
  readonly #thread: ThreadIdentity;

  constructor(words: Words, at: number, thread: ThreadIdentity, slots?: number) {
    this.#thread = thread;
    this.queues = new WaitQueues(words, at, thread, 1, slots);
  }

  /** Stand in the queue; `mine` as for {@linkcode WaitQueues.enqueue}. */
  join(mine: number): number {
    const slot = this.queues.locked(() => this.queues.enqueue(QUEUE, mine));
    if (slot === undefined) this.#thread.checkAlive();
    return slot ?? 0;
  }

  /** Notify the first in the queue. Gives its slot, or 0. */
  notify(): number {
    const { queues } = this;
    if (queues.first(QUEUE) === 0) return 0;
    const slot = queues.locked(() => queues.wakeOne(QUEUE)) ?? 0;
    if (slot !== 0) queues.notify(slot);
    return slot;
  }

  /** Take the dead out of the queue. Who was notified and died before going on passes that on. */
  recover(isDead: (id: number) => boolean): void {
    this.queues.recover(isDead, 1 << QUEUE);
  }
}
