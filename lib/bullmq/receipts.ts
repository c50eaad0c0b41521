import { startTimer, type Timer } from "../base/clock.ts";
import type { RedisClient } from "./engine.ts";
import type { QueueKeys } from "./queue_keys.ts";

/** Receipts of so many milliseconds go out together. */
const TOGETHER_MS = 50;

/** A job is looked for so many times among the finished: its outcome may arrive before it is there. */
const TIMES = 20;

/**
 * Takes jobs out of Redis whose outcome has arrived, many at a time: of one that is finished nothing
 * is left but its hash, and its place among the finished. One that is not there yet waits for the
 * next time.
 */
export class Receipts {
  readonly #redis: RedisClient;
  readonly #keys: QueueKeys;
  readonly #times = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(redis: RedisClient, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** The outcome of a job has arrived. */
  add(id: string): void {
    this.#times.set(id, TIMES);
    this.#schedule();
  }

  /** Take them out now. */
  async flush(): Promise<void> {
    this.#timer?.stop();
    this.#timer = undefined;
    const batch = [...this.#times];
    this.#times.clear();
    try {
      const finished = await Promise.all(batch.map(([id]) => this.#wasFinished(id)));
      const keys = batch.filter((_, i) => finished[i]).map(([id]) => this.#keys.job(id));
      if (keys.length > 0) await this.#redis.unlink(...keys);
      for (const [i, [id, times]] of batch.entries()) {
        if (!finished[i] && times > 1) this.#times.set(id, times - 1);
      }
      if (this.#times.size > 0) this.#schedule();
    } catch {
      // The connection is gone for good: they go when their time is over.
    }
  }

  /** Look for nothing again. */
  stop(): void {
    this.#timer?.stop();
    this.#times.clear();
  }

  #schedule(): void {
    this.#timer ??= startTimer(TOGETHER_MS, () => void this.flush());
  }

  async #wasFinished(id: string): Promise<boolean> {
    const { completed, failed } = this.#keys;
    return await this.#redis.zrem(completed, id) === 1 || await this.#redis.zrem(failed, id) === 1;
  }
}
