import { startTimer } from "../base/clock.ts";
import type { EngineQueue } from "./engine.ts";

/** A job on its way to the queue. */
export interface Outgoing {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: Record<string, unknown>;
}

/** What the outbox tells of its jobs. */
export interface OutboxOwner {
  /** Whether the job is still to be added. */
  isWanted(job: Outgoing): boolean;
  /** It is about to be added: it may be on the queue from here on. */
  onSending(job: Outgoing): void;
  /** It is on the queue, or has been. */
  onAdded(job: Outgoing): void;
  /** The engine does not take it. */
  onRefused(job: Outgoing, error: unknown): void;
}

/** How many jobs are added with one message. */
const BATCH = 200;

/** After how many milliseconds it is tried again, if the connection broke. */
const AGAIN_MS = 200;

/** Errors of Redis that pass: it is loading its data, or another one takes its place. */
const PASSING = /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS)\b/;

/** Adds jobs to the queue, many with one message, and for as long as it takes. */
export class Outbox {
  readonly #queue: EngineQueue;
  readonly #owner: OutboxOwner;
  #batch: Outgoing[] = [];
  readonly #pauses = new Set<() => void>();
  #closed = false;

  constructor(queue: EngineQueue, owner: OutboxOwner) {
    this.#queue = queue;
    this.#owner = owner;
  }

  /** Add a job, together with those that are given in the same step. */
  add(job: Outgoing): void {
    this.#batch.push(job);
    if (this.#batch.length === 1) queueMicrotask(() => this.#flush());
    else if (this.#batch.length === BATCH) this.#flush();
  }

  /** Try nothing again. */
  close(): void {
    this.#closed = true;
    for (const end of this.#pauses) end();
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const jobs = this.#batch;
    this.#batch = [];
    void this.#send(jobs);
  }

  #addAll(jobs: readonly Outgoing[]): Promise<unknown> {
    const all = jobs.map(({ id, name, data, opts }) => {
      return { name, data, opts: { jobId: id, ...opts } };
    });
    const [one] = all;
    // Alone it goes without a transaction around it.
    return all.length === 1
      ? this.#queue.add(one!.name, one!.data, one!.opts)
      : this.#queue.addBulk(all);
  }

  async #send(jobs: readonly Outgoing[]): Promise<void> {
    for (;;) {
      // Some may have been called off while the Redis was away.
      const wanted = jobs.filter((job) => this.#owner.isWanted(job));
      if (wanted.length === 0) return;
      for (const job of wanted) this.#owner.onSending(job);
      try {
        await this.#addAll(wanted);
        for (const job of wanted) this.#owner.onAdded(job);
        return;
      } catch (error) {
        if (this.#closed) return;
        if (isFinal(error)) {
          for (const job of wanted) this.#owner.onRefused(job, error);
          return;
        }
        // The connection broke. What is there already under its name is not added twice.
        await this.#pause();
        if (this.#closed) return;
      }
    }
  }

  /** Wait for a moment, or until this is closed. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        timer.stop();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = startTimer(AGAIN_MS, end);
      this.#pauses.add(end);
    });
  }
}

/** Whether the Redis or the engine has said no, and would say so again. */
function isFinal(error: unknown): boolean {
  const { name, message } = Object(error ?? {}) as Partial<Error>;
  if (name === "ReplyError") return !PASSING.test(String(message));
  return !/clos|connect|ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|abort|socket|stream|retries/i
    .test(`${name} ${message}`);
}
