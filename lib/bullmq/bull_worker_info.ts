import type { RedisClient } from "./engine.ts";
import { parseJson } from "./job_data.ts";

/** A server of the queue, as it said of itself less than some seconds ago. */
export interface BullWorkerInfo {
  /** Its name. */
  readonly name: string;
  /** How many calls it runs at a time. */
  readonly slots: number;
  /** How many it runs. */
  readonly active: number;
  /** How many it has run … */
  readonly done: number;
  /** … and how many of them failed. */
  readonly failed: number;
}

/** How often servers report, in milliseconds. */
export const REPORT_MS = 2_000;

/** Whoever was not heard of for so many milliseconds does not count … */
const SILENT_MS = 15_000;
/** … and after so many is forgotten. */
const GONE_MS = 60_000;

/** The clock of the Redis: those of the machines may differ. */
async function redisTime(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time() as (string | number)[];
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** Write down what a server says of itself. `id` tells it from others of the same name. */
export async function writeReport(
  redis: RedisClient,
  key: string,
  id: string,
  info: BullWorkerInfo,
): Promise<void> {
  const at = await redisTime(redis);
  await redis.hset(key, id, JSON.stringify({ ...info, at }));
}

/** What the servers that live say of themselves. */
export async function readReports(redis: RedisClient, key: string): Promise<BullWorkerInfo[]> {
  const [time, reports] = await Promise.all([redisTime(redis), redis.hgetall(key)]);
  const infos: BullWorkerInfo[] = [];
  const gone: string[] = [];
  for (const [id, text] of Object.entries(reports)) {
    const report = readReport(text);
    if (report === undefined || time - report.at > GONE_MS) gone.push(id);
    else if (time - report.at <= SILENT_MS) {
      const { name, slots, active, done, failed } = report;
      infos.push({ name, slots, active, done, failed });
    }
  }
  if (gone.length > 0) await redis.hdel(key, ...gone);
  return infos;
}

function readReport(text: string): (BullWorkerInfo & { at: number }) | undefined {
  const report = Object(parseJson(text) ?? {}) as Record<string, unknown>;
  const { name, slots, active, done, failed, at } = report;
  const counts = [slots, active, done, failed, at];
  const whole = typeof name === "string" && counts.every((n) => typeof n === "number" && n >= 0);
  return whole ? report as unknown as BullWorkerInfo & { at: number } : undefined;
}
