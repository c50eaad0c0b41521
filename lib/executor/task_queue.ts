import { Heap } from "../base/heap.ts";
import { type Slotted, WaitQueue } from "../base/slot_queue.ts";

/** What can wait in a {@linkcode TaskQueue}. */
export interface Waiting extends Slotted {
  /** The priority: the higher goes first. */
  readonly priority: number;
}

/** The slot of what waits in the heap: there it has none. */
const IN_HEAP = -2;

/** A heap is cleaned when more than so many of its entries have left it, and more than stay. */
const MOST_DEAD = 64;

const higherFirst = (a: Waiting, b: Waiting): number => {
  // Not the difference: two infinities have none.
  return a.priority > b.priority ? -1 : a.priority < b.priority ? 1 : 0;
};

/**
 * Jobs that wait: the higher priority first, and among equals in order of arrival. Nearly all are of
 * priority 0, and those stand in a queue that needs no comparing; any job can leave in O(1).
 */
export class TaskQueue<J extends Waiting> {
  readonly #plain: WaitQueue<J> = new WaitQueue();
  #others: Heap<J> = new Heap<J>(higherFirst);
  #othersAlive = 0;

  /** How many jobs wait. */
  get size(): number {
    return this.#plain.size + this.#othersAlive;
  }

  /** Add a job behind those of the same priority. */
  add(job: J): void {
    if (job.priority === 0) return this.#plain.append(job);
    this.#others.push(job);
    job.slot = IN_HEAP;
    this.#othersAlive++;
  }

  /** Take the next job. */
  shift(): J | undefined {
    if (this.#othersAlive === 0) return this.#plain.shift();
    while (this.#others.peek()!.slot !== IN_HEAP) this.#others.pop();
    if (this.#others.peek()!.priority < 0 && this.#plain.size > 0) return this.#plain.shift();
    const job = this.#others.pop()!;
    job.slot = -1;
    this.#othersAlive--;
    return job;
  }

  /** Take a job out; `false` if it does not wait here. */
  remove(job: J): boolean {
    if (job.slot !== IN_HEAP) return this.#plain.remove(job);
    job.slot = -1;
    this.#othersAlive--;
    const dead = this.#others.size - this.#othersAlive;
    if (dead > MOST_DEAD && dead > this.#othersAlive) this.#clean();
    return true;
  }

  #clean(): void {
    const old = this.#others;
    this.#others = new Heap<J>(higherFirst);
    // In their order, so that equals stay as they came.
    for (let job = old.pop(); job !== undefined; job = old.pop()) {
      if (job.slot === IN_HEAP) this.#others.push(job);
    }
  }
}
