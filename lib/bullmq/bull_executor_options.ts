import { checkInteger, show } from "../base/validate.ts";
import { CALL_OPTIONS } from "../executor/checks.ts";
import type { CallOptions } from "../executor/executor.ts";
import { checkKinds, checkSide, checkText } from "./checks.ts";
import type { Engine, RedisLike } from "./engine.ts";
import { ModuleNames, type TaskModules } from "./module_names.ts";

/** Options of one call of a {@linkcode BullExecutor}. */
export interface BullCallOptions extends CallOptions {
  /** How often it may be tried if it fails. Default: what the executor has. */
  attempts?: number;
  /**
   * Milliseconds before it is tried for the second time, doubled before each further time. Default:
   * what the executor has.
   */
  backoff?: number;
  /** How many milliseconds pass before it may begin. Default: 0. */
  delay?: number;
  /**
   * Calls of a function with the same key are one call, whoever makes them, as long as Redis has its
   * result or failure: `resultTtl` of the servers. It is done even if nobody waits for it any more,
   * and cancelling it ends only the waiting.
   */
  key?: string;
}

/** Options of a {@linkcode BullExecutor}. */
export interface BullExecutorOptions {
  /** The module: `import * as bullmq from "npm:bullmq@6"`. */
  bullmq: Engine;
  /** A client of `ioredis`, as a template: the executor makes its own ones like it. */
  connection: RedisLike;
  /** The name of the queue. */
  queue: string;
  /** The modules whose functions are called, by the names that they have on the queue. */
  modules: TaskModules;
  /** The name of the executor, in errors. Default: that of the queue. */
  name?: string;
  /** What the keys in Redis begin with, as in BullMQ. Default: `"bull"`. */
  prefix?: string;
  /** How often a call may be tried if it fails, and a chunk of a map. Default: 1. */
  attempts?: number;
  /**
   * Milliseconds before a call is tried for the second time, doubled before each further time.
   * Default: 0.
   */
  backoff?: number;
  /**
   * How many bytes the arguments of a call may take, and the items of a chunk of a map. A call with
   * more rejects with a `RangeError`. Default: 1,048,576.
   */
  maxPayload?: number;
  /**
   * How many milliseconds a chunk of a map ought to take. Default: 100, or 0.35 for each slot of the
   * servers if that is more, so that one Redis can keep them busy.
   */
  chunkMs?: number;
  /**
   * For how many milliseconds calls are done for an executor that was not heard of. Default: 30,000.
   */
  lease?: number;
}

/** What an executor was asked to be. */
export interface ExecutorSettings {
  readonly bullmq: Engine;
  readonly connection: RedisLike;
  readonly queue: string;
  readonly names: ModuleNames;
  readonly name: string;
  readonly prefix: string;
  readonly attempts: number;
  readonly backoff: number;
  readonly maxPayload: number;
  readonly chunkMs: number | undefined;
  readonly lease: number;
}

const OPTIONS = [
  "bullmq",
  "connection",
  "queue",
  "modules",
  "name",
  "prefix",
  "attempts",
  "backoff",
  "maxPayload",
  "chunkMs",
  "lease",
];

/** Check the options of an executor, and fill in what they leave open. */
export function readExecutorOptions(what: string, options: BullExecutorOptions): ExecutorSettings {
  checkSide(what, options, OPTIONS, {
    attempts: "count",
    backoff: "span",
    maxPayload: "count",
    chunkMs: "period",
    lease: "period",
  });
  const { bullmq, connection, queue, modules, chunkMs } = options;
  return {
    bullmq,
    connection,
    queue,
    names: new ModuleNames(what, modules),
    name: options.name ?? queue,
    prefix: options.prefix ?? "bull",
    attempts: options.attempts ?? 1,
    backoff: options.backoff ?? 0,
    maxPayload: options.maxPayload ?? 2 ** 20,
    chunkMs,
    lease: options.lease ?? 30_000,
  };
}

/** The options of a call that there are. */
export const BULL_CALL_OPTIONS: readonly string[] = [
  ...CALL_OPTIONS,
  "attempts",
  "backoff",
  "delay",
  "key",
];

/** BullMQ's priorities go up to 2 ** 21, the lowest first: 0 is in the middle. */
const PRIORITY_ZERO = 2 ** 20;
const MOST_PRIORITY = 1_000_000;

/** Refuse wrong values of those options of a call that other executors do not have. */
export function checkBullCallOptions(what: string, options: BullCallOptions | undefined): void {
  if (typeof options !== "object" || options === null) return;
  checkKinds(what, options, { attempts: "count", backoff: "span", delay: "span" });
  const { key, priority } = options;
  checkText(what, "key", key);
  if (key !== undefined && !isWellFormed(key)) {
    throw new RangeError(`Cannot ${what}: key must be well-formed text, received ${show(key)}`);
  }
  if (priority === undefined) return;
  checkInteger(what, "priority", priority, -MOST_PRIORITY);
  if (priority > MOST_PRIORITY) {
    throw new RangeError(
      `Cannot ${what}: priority must be at most ${MOST_PRIORITY}, received ${priority}`,
    );
  }
}

/** What BullMQ calls that priority. */
export function enginePriority(priority: number): number {
  return PRIORITY_ZERO - priority;
}

function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
