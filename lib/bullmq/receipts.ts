import { startTimer, type Timer } from "../base/clock.ts";
import type { RedisClient } from "./engine.ts";
import type { QueueKeys } from "./queue_keys.ts";

/** Receipts of so many milliseconds go out together. */
const TOGETHER_MS = 50;

/**
 * Takes jobs out of Redis whose outcome has arrived, many at a time: of one that is finished nothing
 * is left but its hash, and its place among the finished.
 */
export class Receipts {
  readonly #redis: RedisClient;
  readonly #keys: QueueKeys;
  #ids: string[] = [];
  #timer: Timer | undefined;

  constructor(redis: RedisClient, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** The outcome of a job has arrived. */
  add(id: string): void {
    this.#ids.push(id);
    this.#timer ??= startTimer(TOGETHER_MS, () => void this.flush());
  }

  /** Take them out now. */
  async flush(): Promise<void> {
    this.#timer?.stop();
    this.#timer = undefined;
    const ids = this.#ids;
    if (ids.length === 0) return;
    this.#ids = [];
    const { completed, failed } = this.#keys;
    try {
      await Promise.all([
        this.#redis.zrem(completed, ...ids),
        this.#redis.zrem(failed, ...ids),
        this.#redis.unlink(...ids.map((id) => this.#keys.job(id))),
      ]);
    } catch {
      // The connection is gone for good: they go when their time is over.
    }
  }
}
