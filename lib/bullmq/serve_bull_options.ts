import type { CallOptions } from "../executor/executor.ts";
import { WorkerPool } from "../worker/worker_pool.ts";
import { mostWorkersOf } from "../worker/pool/pool_executor.ts";
import { processorCount } from "../base/runtime.ts";
import type { Future } from "../core/future.ts";
import { checkKinds, checkMethods, checkSide } from "./checks.ts";
import type { Engine, RedisLike } from "./engine.ts";
import { ModuleNames, type TaskModules } from "./module_names.ts";

/** The pool that runs the calls of a server: a `WorkerPool` or a `ProcessPool`. */
export interface ServerPool {
  /** Run a function in a worker. */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>>;
  /** End all workers at once. */
  terminate(): Promise<void>;
}

/** Options of {@linkcode serveBull}. */
export interface ServeBullOptions {
  /** The module: `import * as bullmq from "npm:bullmq@6"`. */
  bullmq: Engine;
  /** A client of `ioredis`, as a template: the server makes its own ones like it. */
  connection: RedisLike;
  /** The name of the queue. */
  queue: string;
  /**
   * The modules whose functions may be called, by the names that they have on the queue. Whoever can
   * write to the Redis can call everything that they export: list modules that are made for it.
   */
  modules: TaskModules;
  /**
   * How many threads run the calls, or the pool that does. Threads that the server starts are those
   * of `new WorkerPool({ host: "node" })`, which can be stopped. A pool that is given is left as it
   * is when the server closes. Default: the number of logical processors.
   */
  pool?: number | ServerPool;
  /** How many calls run at a time; no more are fetched. Default: how many workers the pool may have. */
  concurrency?: number;
  /** How others see the server, in `workers()` and in errors. Default: one that is unique. */
  name?: string;
  /** What the keys in Redis begin with, as in BullMQ. Default: `"bull"`. */
  prefix?: string;
  /**
   * For how many milliseconds a call belongs to this server without its being heard of. It is renewed
   * twice in that time. Default: 15,000.
   */
  lockDuration?: number;
  /** After how many milliseconds it is looked again for calls whose server was lost. Default: 5,000. */
  stalledInterval?: number;
  /** How many servers may be lost with a call before it rejects. Default: 3. */
  maxCrashes?: number;
  /** How many milliseconds `close` leaves to what runs before it is put back. Default: 10,000. */
  drainTimeout?: number;
  /**
   * For how many milliseconds Redis keeps what nobody has taken: results of calls with a key, and of
   * calls whose submitter is gone. Default: 3,600,000, an hour.
   */
  resultTtl?: number;
}

/** What a server was asked to be. */
export interface ServeSettings {
  readonly bullmq: Engine;
  readonly connection: RedisLike;
  readonly queue: string;
  readonly names: ModuleNames;
  readonly pool: ServerPool;
  /** Whether the pool ends with the server. */
  readonly ownsPool: boolean;
  readonly concurrency: number;
  readonly name: string;
  readonly prefix: string;
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxCrashes: number;
  readonly drainTimeout: number;
  readonly resultTtl: number;
}

const OPTIONS = [
  "bullmq",
  "connection",
  "queue",
  "modules",
  "pool",
  "concurrency",
  "name",
  "prefix",
  "lockDuration",
  "stalledInterval",
  "maxCrashes",
  "drainTimeout",
  "resultTtl",
];

/** Check the options of a server, and fill in what they leave open. */
export function readServeOptions(what: string, options: ServeBullOptions): ServeSettings {
  checkSide(what, options, OPTIONS, {
    concurrency: "count",
    lockDuration: "period",
    stalledInterval: "period",
    maxCrashes: "count",
    drainTimeout: "span",
    resultTtl: "period",
  });
  const { bullmq, connection, queue, modules, pool = processorCount() } = options;
  const names = new ModuleNames(what, modules);
  const ownsPool = typeof pool === "number";
  if (ownsPool) checkKinds(what, { pool }, { pool: "count" });
  else checkMethods(what, "pool", pool, ["apply", "terminate"]);
  return {
    bullmq,
    connection,
    queue,
    names,
    pool: ownsPool ? new WorkerPool({ maxWorkers: pool, host: "node", name: queue }) : pool,
    ownsPool,
    concurrency: options.concurrency ??
      (ownsPool ? pool : mostWorkersOf(pool) ?? processorCount()),
    name: options.name ?? `server-${crypto.randomUUID().slice(0, 8)}`,
    prefix: options.prefix ?? "bull",
    lockDuration: options.lockDuration ?? 15_000,
    stalledInterval: options.stalledInterval ?? 5_000,
    maxCrashes: options.maxCrashes ?? 3,
    drainTimeout: options.drainTimeout ?? 10_000,
    resultTtl: options.resultTtl ?? 3_600_000,
  };
}
