import type { EngineQueue } from "./engine.ts";

/** The keys and channels of Redis that are used beside those of the engine, below the queue's own. */
export class QueueKeys {
  /** Who serves the queue: a hash of reports by name. */
  readonly workers: string;
  /** Tells the workers of calls that are cancelled. */
  readonly control: string;
  /** Tells the submitters of calls with keys that are over. */
  readonly keyed: string;
  /** The engine's own: the jobs that are completed … */
  readonly completed: string;
  /** … or have failed. */
  readonly failed: string;
  readonly #queue: EngineQueue;

  constructor(queue: EngineQueue) {
    this.#queue = queue;
    this.workers = queue.toKey("strand:workers");
    this.control = queue.toKey("strand:control");
    this.keyed = queue.toKey("strand:keyed");
    this.completed = queue.toKey("completed");
    this.failed = queue.toKey("failed");
  }

  /** The engine's own: what a job holds, and what has become of it. */
  job(id: string): string {
    return this.#queue.toKey(id);
  }

  /** There as long as the submitter was heard of lately. */
  lease(submitter: string): string {
    return this.#queue.toKey(`strand:lease:${submitter}`);
  }

  /** Tells a submitter of what is over. */
  replies(submitter: string): string {
    return this.#queue.toKey(`strand:replies:${submitter}`);
  }

  /** There if a call, or the chunks of a map, are cancelled. */
  cancelled(id: string): string {
    return this.#queue.toKey(`strand:cancelled:${id}`);
  }
}
