import { nextTurn } from "../base/clock.ts";
import type { EngineQueue, RedisClient } from "./engine.ts";
import { mapOf } from "./job_ids.ts";
import type { QueueKeys } from "./queue_keys.ts";
import type { Cancelled } from "./running_jobs.ts";

/** For so many milliseconds a worker that missed the message finds that a call is cancelled. */
const MARK_MS = 600_000;

/**
 * Tells the workers what is cancelled: one message for all of one turn, in which a map is named once,
 * with the chunk from which on it is cancelled. First it is marked in Redis, in case that the message
 * does not arrive; and what no worker has yet is taken off the queue.
 */
export class CancelSender {
  readonly #queue: EngineQueue;
  readonly #redis: RedisClient;
  readonly #keys: QueueKeys;
  #ids: string[] = [];
  #sending: Promise<unknown> = Promise.resolve();
  #message = "";

  constructor(queue: EngineQueue, redis: RedisClient, keys: QueueKeys) {
    this.#queue = queue;
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Cancel a job that is, or may be, on the queue. */
  cancel(id: string, message: string): void {
    this.#ids.push(id);
    this.#message = message;
    if (this.#ids.length === 1) nextTurn(() => void this.flush());
  }

  /** Send what is to be sent; resolves when that and all before is done. */
  flush(): Promise<unknown> {
    return this.#sending = Promise.all([this.#sending, this.#send()]);
  }

  async #send(): Promise<void> {
    const ids = this.#ids;
    this.#ids = [];
    if (ids.length === 0) return;
    const all = cancelledOf(ids, this.#message);
    const redis = this.#redis;
    try {
      const marked = all.map((one) => {
        return redis.set(this.#keys.cancelled(one[0]), JSON.stringify(one), "PX", MARK_MS);
      });
      await Promise.all([...marked, redis.publish(this.#keys.control, JSON.stringify(all))]);
      await Promise.all(ids.map((id) => this.#remove(id)));
    } catch {
      // The connection is gone for good: what runs is for nobody, and its lease ends.
    }
  }

  async #remove(id: string): Promise<void> {
    const removed = await this.#queue.remove(id);
    if (removed === 1) await this.#redis.unlink(this.#keys.cancelled(id));
  }
}

/** What is cancelled if these jobs are: of each map the chunks from the first of them on. */
export function cancelledOf(ids: readonly string[], message: string): Cancelled[] {
  const all: Cancelled[] = [];
  const maps = new Map<string, number>();
  for (const id of ids) {
    const chunk = mapOf(id);
    if (chunk === undefined) all.push([id, 0, message]);
    else maps.set(chunk.map, Math.min(maps.get(chunk.map) ?? Infinity, chunk.order));
  }
  for (const [map, from] of maps) all.push([map, from, message]);
  return all;
}
