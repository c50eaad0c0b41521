import { startTimer, type Timer } from "../base/clock.ts";
import type { RedisClient } from "./engine.ts";
import type { QueueKeys } from "./queue_keys.ts";

/** Receipts of so many milliseconds go out together. */
const TOGETHER_MS = 50;

/** A job is looked for so many times: its outcome may arrive before the engine has finished it. */
const TIMES = 20;

/** For so many jobs at a time nobody else is served. */
const BATCH = 500;

/**
 * Takes out the jobs that are finished, and returns the others that are there: of one that is finished
 * nothing is left but its hash, and its place in one of the lists. Both go in one step, so that a hash
 * that no list knows, and which would stay for ever, is left neither by a submitter that dies nor by a
 * command that a broken connection has sent twice.
 */
const TAKE_OUT = `
local left = {}
for i, id in ipairs(ARGV) do
  local job = KEYS[i + 2]
  if redis.call("ZREM", KEYS[1], id) == 1 or redis.call("ZREM", KEYS[2], id) == 1
      or redis.call("HEXISTS", job, "finishedOn") == 1 then
    redis.call("UNLINK", job)
  elseif redis.call("EXISTS", job) == 1 then
    left[#left + 1] = id
  end
end
return left`;

/**
 * Takes jobs out of Redis whose outcome has arrived, many at a time. One that is not finished yet waits
 * for the next time.
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
    const times = new Map(this.#times);
    this.#times.clear();
    const ids = [...times.keys()];
    try {
      for (let at = 0; at < ids.length; at += BATCH) {
        for (const id of await this.#takeOut(ids.slice(at, at + BATCH))) {
          const more = times.get(id)! - 1;
          if (more > 0) this.#times.set(id, more);
        }
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

  async #takeOut(ids: readonly string[]): Promise<string[]> {
    const { completed, failed } = this.#keys;
    const keys = [completed, failed, ...ids.map((id) => this.#keys.job(id))];
    return await this.#redis.eval(TAKE_OUT, keys.length, ...keys, ...ids) as string[];
  }
}
