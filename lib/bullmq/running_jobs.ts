import { now } from "../base/clock.ts";
import type { Future } from "../core/future.ts";
import { mapOf } from "./job_ids.ts";

/** What is cancelled: a call by its name, or the chunks of a map from one of them on. */
export type Cancelled = readonly [id: string, from: number, message: string];

/** Why a job was stopped. */
export type StopReason = "cancelled" | "drained";

/** A job that runs here. */
export interface RunningJob {
  readonly id: string;
  /** The call of the pool that runs it. */
  call: Future<unknown> | undefined;
  /** Why it was asked to stop, if it was. */
  stopped: StopReason | undefined;
}

/** For so many milliseconds it is kept in mind what is cancelled: the job may be on its way here. */
const REMEMBER_MS = 60_000;

/** What runs on a server, and what is not to. */
export class RunningJobs {
  readonly #running = new Map<string, RunningJob>();
  readonly #cancelled = new Map<string, { cancelled: Cancelled; at: number }>();

  /** How many run. */
  get size(): number {
    return this.#running.size;
  }

  /** Note down that a job begins. */
  begin(id: string): RunningJob {
    const job: RunningJob = { id, call: undefined, stopped: undefined };
    this.#running.set(id, job);
    return job;
  }

  /** Note down that it is over. */
  end(job: RunningJob): void {
    if (this.#running.get(job.id) === job) this.#running.delete(job.id);
  }

  /** Whether a job is cancelled before it has begun. */
  isCancelled(id: string): boolean {
    for (const name of namesOf(id)) {
      const found = this.#cancelled.get(name);
      if (found !== undefined && concerns(found.cancelled, id)) return true;
    }
    return false;
  }

  /** Stop what is cancelled, and begin none of it. */
  cancel(cancelled: Cancelled): void {
    this.#cancelled.set(cancelled[0], { cancelled, at: now() });
    for (const job of this.#running.values()) {
      if (concerns(cancelled, job.id)) stop(job, "cancelled", cancelled[2]);
    }
  }

  /** Stop everything: it is put back. */
  drain(): void {
    for (const job of this.#running.values()) stop(job, "drained", "The server is closing");
  }

  /** By which names what runs could be cancelled. */
  names(): string[] {
    const names = new Set<string>();
    for (const id of this.#running.keys()) for (const name of namesOf(id)) names.add(name);
    return [...names];
  }

  /** Forget what was cancelled long ago. */
  forget(): void {
    const late = now() - REMEMBER_MS;
    for (const [id, { at }] of this.#cancelled) if (at < late) this.#cancelled.delete(id);
  }
}

function stop(job: RunningJob, reason: StopReason, message: string): void {
  if (job.stopped !== undefined) return;
  job.stopped = reason;
  job.call?.cancel(message);
}

function namesOf(id: string): string[] {
  const map = mapOf(id)?.map;
  return map === undefined ? [id] : [id, map];
}

function concerns([name, from]: Cancelled, id: string): boolean {
  if (name === id) return true;
  const chunk = mapOf(id);
  return chunk !== undefined && chunk.map === name && chunk.order >= from;
}
