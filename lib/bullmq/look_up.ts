import type { RedisClient } from "./engine.ts";
import { LOST, type OutcomeText, parseJson } from "./job_data.ts";

/** What BullMQ fails a job with whose workers were lost too often. */
const STALLED = /\bstalled\b/;

/** What Redis has of a job: its outcome, that it is under way, or nothing. */
export type Found = { outcome: OutcomeText } | "under way" | "missing";

/** Look up what has become of a job: what it holds is the truth. */
export async function lookUp(redis: RedisClient, key: string): Promise<Found> {
  const [finished, value, reason, progress, timestamp] = await redis.hmget(
    key,
    "finishedOn",
    "returnvalue",
    "failedReason",
    "progress",
    "timestamp",
  );
  if (!timestamp) return "missing";
  if (!finished) return "under way";
  if (!reason) return { outcome: textOf(parseJson(value)) };
  const { strand } = Object(parseJson(progress) ?? {}) as { strand?: unknown };
  if (typeof strand === "string" && !STALLED.test(reason)) return { outcome: strand };
  return {
    outcome: STALLED.test(reason)
      ? `${LOST}Every server that ran the call was lost: too many for its queue`
      : `${LOST}The queue has failed the call: ${reason}`,
  };
}

function textOf(value: unknown): OutcomeText {
  return typeof value === "string" ? value : `${LOST}The queue has no result of the call`;
}
