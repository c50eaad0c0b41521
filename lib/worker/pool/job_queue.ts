import { LinkedList } from "../../base/linked_list.ts";
import type { PoolJob } from "./pool_job.ts";

/** Jobs that wait for a worker: the higher priority first, and among equals in order of arrival. */
export class JobQueue {
  /** One line per priority; the highest last. */
  readonly #lanes: { priority: number; line: LinkedList<PoolJob> }[] = [];
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Add a new job, behind its equals. */
  add(job: PoolJob): void {
    this.#line(job.priority).append(job);
    this.#size++;
  }

  /** Add a job that waited here before: it is older than nearly all that wait now. */
  putBack(job: PoolJob): void {
    const line = this.#line(job.priority);
    let older: PoolJob | undefined = undefined;
    for (const waiting of line) {
      if (waiting.order > job.order) break;
      older = waiting;
    }
    line.insertAfter(older, job);
    this.#size++;
  }

  /** The next job, left where it is. */
  peek(): PoolJob | undefined {
    for (let i = this.#lanes.length - 1; i >= 0; i--) {
      const first = this.#lanes[i]!.line.first;
      if (first !== undefined) return first;
      if (i > 0) this.#lanes.length = i;
    }
    return undefined;
  }

  /** Take a job out; `false` if it does not wait here. */
  remove(job: PoolJob): boolean {
    for (const { priority, line } of this.#lanes) {
      if (priority !== job.priority) continue;
      if (!line.remove(job)) return false;
      this.#size--;
      return true;
    }
    return false;
  }

  /** Take every job out. */
  clear(): PoolJob[] {
    const all: PoolJob[] = [];
    for (let job = this.peek(); job !== undefined; job = this.peek()) {
      this.remove(job);
      all.push(job);
    }
    return all;
  }

  #line(priority: number): LinkedList<PoolJob> {
    let at = this.#lanes.length;
    while (at > 0 && this.#lanes[at - 1]!.priority > priority) at--;
    const found = this.#lanes[at - 1];
    if (found?.priority === priority) return found.line;
    const line = new LinkedList<PoolJob>();
    this.#lanes.splice(at, 0, { priority, line });
    return line;
  }
}
