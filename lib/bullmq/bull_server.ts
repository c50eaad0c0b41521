import { CancelledError } from "../task_errors.ts";
import { nextTurn, now, startTimer, type Timer } from "../base/clock.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { runInScope } from "../core/context.ts";
import type { EngineJob, EngineQueue, EngineWorker, RedisClient } from "./engine.ts";
import {
  DONE,
  type JobData,
  LOST,
  ORPHANED,
  type OutcomeText,
  parseJson,
  readJobData,
  wordsOf,
} from "./job_data.ts";
import { isKeyed } from "./job_ids.ts";
import { ownClient } from "./own_client.ts";
import { QueueKeys } from "./queue_keys.ts";
import { encodeFailure, runJob } from "./run_job.ts";
import { type Cancelled, type RunningJob, RunningJobs } from "./running_jobs.ts";
import {
  readServeOptions,
  type ServeBullOptions,
  type ServeSettings,
} from "./serve_bull_options.ts";
import { type BullWorkerInfo, REPORT_MS, writeReport } from "./bull_worker_info.ts";
import type { NamedFunction } from "../wire/function_ref.ts";

/** Outcomes of more characters than this are looked up by who waits for them, and not pushed. */
const PUSHED = 65_536;

/** For so many milliseconds it is believed that a submitter lives. */
const LEASE_MS = 1_000;

/** So many jobs that nobody has taken are kept at most. */
const KEPT = 10_000;

/** How many events BullMQ's stream keeps. Nothing here reads them. */
export const EVENTS_KEPT = 100;

/** On Deno, BullMQ sees a retry that is due only when such a wait is over; in seconds. */
const DRAIN_DELAY = 0.25;

/** After an outage BullMQ waits so many milliseconds before it fetches again. */
const RETRY_MS = 1_000;

/** Closing does not wait for a Redis that is away for longer than so many milliseconds. */
const CLOSE_MS = 5_000;

/** What a job rejects with on the engine's side, and the outcome for its submitter. */
interface JobFailure extends Error {
  outcome?: OutcomeText;
}

/**
 * A machine that serves a queue; {@linkcode serveBull} makes it.
 */
export class BullServer implements AsyncDisposable {
  /** Resolves when it takes calls. */
  readonly ready: Promise<void>;
  readonly #settings: ServeSettings;
  readonly #id: string = crypto.randomUUID();
  readonly #redis: RedisClient;
  readonly #hearing: RedisClient;
  readonly #queue: EngineQueue;
  readonly #worker: EngineWorker;
  readonly #keys: QueueKeys;
  readonly #jobs = new RunningJobs();
  /** Until when submitters are believed to live. */
  readonly #leases = new Map<string, number>();
  #timer: Timer | undefined;
  #done = 0;
  #failed = 0;
  #closed: Promise<void> | undefined;

  /** As {@linkcode serveBull}. */
  constructor(options: ServeBullOptions) {
    const settings = readServeOptions("serve a queue", options);
    const { bullmq, queue, prefix, connection, resultTtl } = settings;
    this.#settings = settings;
    // What goes on here belongs to no task that happens to make the server.
    const [redis, hearing, engineQueue, worker] = runInScope(undefined, () => {
      const redis = ownClient(connection);
      const hearing = ownClient(connection);
      const streams = { events: { maxLen: EVENTS_KEPT } };
      const engineQueue = new bullmq.Queue(queue, { connection: redis, prefix, streams });
      const kept = { age: Math.ceil(resultTtl / 1_000), count: KEPT };
      const worker = new bullmq.Worker(queue, this.#run, {
        connection: redis,
        prefix,
        name: settings.name,
        concurrency: settings.concurrency,
        drainDelay: DRAIN_DELAY,
        runRetryDelay: RETRY_MS,
        lockDuration: settings.lockDuration,
        stalledInterval: settings.stalledInterval,
        maxStalledCount: settings.maxCrashes,
        removeOnComplete: kept,
        removeOnFail: kept,
      });
      return [redis, hearing, engineQueue, worker] as const;
    });
    this.#redis = redis;
    this.#hearing = hearing;
    this.#queue = engineQueue;
    this.#worker = worker;
    this.#keys = new QueueKeys(engineQueue);
    engineQueue.on("error", () => {});
    worker.on("error", () => {});
    worker.on("completed", this.#onCompleted);
    worker.on("failed", this.#onFailed);
    hearing.on("message", (_channel: string, text: string) => this.#onControl(text));
    this.ready = runInScope(undefined, () => this.#connect());
    // It is for those who ask.
    this.ready.catch(() => {});
  }

  /** Its name. */
  get name(): string {
    return this.#settings.name;
  }

  /** What it is doing and has done, as of now. */
  get stats(): BullWorkerInfo {
    return {
      name: this.name,
      slots: this.#settings.concurrency,
      active: this.#jobs.size,
      done: this.#done,
      failed: this.#failed,
    };
  }

  /**
   * Take no more calls, and end. What runs may end within `drainTimeout`; the rest is stopped, and
   * put back on the queue at once for others.
   *
   * @returns When it has ended.
   */
  close(): Promise<void> {
    return this.#closed ??= runInScope(undefined, () => this.#close());
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What `console.log` shows: `BullServer "a1" [8 slots, 3 active]`. */
  [inspect](): string {
    const { slots, active } = this.stats;
    const state = this.#closed === undefined ? [] : ["closed"];
    const parts = [...showCounts({ slots, active }), ...state];
    return `BullServer ${JSON.stringify(this.name)} [${parts.join(", ")}]`;
  }

  async #connect(): Promise<void> {
    await this.#hearing.subscribe(this.#keys.control);
    await this.#worker.waitUntilReady();
    await this.#report();
    this.#tick();
  }

  #tick(): void {
    if (this.#closed !== undefined) return;
    this.#timer = startTimer(REPORT_MS, async () => {
      try {
        await this.#report();
        await this.#lookForCancelled();
      } catch {
        // Redis is away: the next time.
      }
      this.#tick();
    });
  }

  async #report(): Promise<void> {
    await writeReport(this.#redis, this.#keys.workers, this.#id, this.stats);
  }

  /** Messages get lost when connections do: what is cancelled is also marked. */
  async #lookForCancelled(): Promise<void> {
    this.#jobs.forget();
    const names = this.#jobs.names();
    if (names.length === 0) return;
    const marks = await this.#redis.mget(...names.map((name) => this.#keys.cancelled(name)));
    for (const mark of marks) this.#cancel(parseJson(mark));
  }

  #onControl(text: string): void {
    const all = parseJson(text);
    if (Array.isArray(all)) { for (const one of all) this.#cancel(one); }
  }

  #cancel(given: unknown): void {
    if (!Array.isArray(given)) return;
    const [id, from, message] = given;
    if (typeof id !== "string" || typeof from !== "number" || typeof message !== "string") return;
    this.#jobs.cancel([id, from, message] satisfies Cancelled);
  }

  readonly #run = async (job: EngineJob, token?: string): Promise<OutcomeText> => {
    const id = job.id!;
    let data: JobData;
    let ref: NamedFunction;
    try {
      data = readJobData(job.data, this.name);
      ref = this.#find(job.name);
    } catch (error) {
      throw await this.#fail(job, encodeFailure(error), true);
    }
    if (!data[6] && !await this.#isLeased(data[3])) {
      throw await this.#fail(job, `${ORPHANED}Its submitter is gone`, true);
    }
    // Not before the lease is known: from here on the job is stopped by what cancels it.
    if (this.#jobs.isCancelled(id)) throw await this.#fail(job, `${LOST}It was cancelled`, true);
    const running = this.#jobs.begin(id);
    try {
      return await this.#runIn(job, token, data, ref, running);
    } finally {
      this.#jobs.end(running);
    }
  };

  async #runIn(
    job: EngineJob,
    token: string | undefined,
    [, , form, , input, timeout]: JobData,
    { module, name }: NamedFunction,
    running: RunningJob,
  ): Promise<OutcomeText> {
    const { pool, bullmq } = this.#settings;
    const options = timeout === null ? undefined : { timeout };
    let outcome: OutcomeText;
    try {
      const call = running.call = pool.apply(runJob, [module, name, form, input], options);
      outcome = await call;
    } catch (error) {
      if (running.stopped === "drained") {
        await job.moveToWait(token);
        throw new bullmq.WaitingError();
      }
      if (running.stopped === "cancelled") {
        throw await this.#fail(job, `${LOST}It was cancelled`, true);
      }
      // Its time was over, its worker died, or the pool is broken.
      throw await this.#fail(job, encodeFailure(error, error instanceof CancelledError), false);
    }
    if (outcome.startsWith(DONE)) {
      // Right behind the command that finishes the job, on the same connection. Should that fail, as
      // the job is not ours any more, the outcome is as good as that of the one who has it.
      nextTurn(() => this.#reply(job, outcome));
      return outcome;
    }
    throw await this.#fail(job, outcome, false);
  }

  #find(name: string): NamedFunction {
    const { names } = this.#settings;
    const ref = names.refOf(name);
    if (ref !== undefined) return ref;
    throw new TypeError(
      `Cannot run "${name.slice(0, 200)}": worker "${this.name}" has no such module, it has ` +
        names.known,
    );
  }

  /** The error that BullMQ is to fail a job with. The outcome is kept beside it. */
  async #fail(job: EngineJob, outcome: OutcomeText, final: boolean): Promise<JobFailure> {
    const { UnrecoverableError } = this.#settings.bullmq;
    const last = final || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    // BullMQ keeps only the message of an error, which people read there.
    if (last && !outcome.startsWith(LOST)) await job.updateProgress({ strand: outcome });
    const error: JobFailure = final
      ? new UnrecoverableError(wordsOf(outcome))
      : new Error(wordsOf(outcome));
    error.outcome = outcome;
    return error;
  }

  async #isLeased(submitter: string): Promise<boolean> {
    const known = this.#leases.get(submitter);
    if (known !== undefined && known > now()) return true;
    if (this.#leases.size > 1_000) this.#leases.clear();
    const there = await this.#redis.exists(this.#keys.lease(submitter)) === 1;
    if (there) this.#leases.set(submitter, now() + LEASE_MS);
    return there;
  }

  readonly #onCompleted = (): void => void this.#done++;

  readonly #onFailed = (job: EngineJob | undefined, error: JobFailure): void => {
    if (job === undefined) return;
    const { outcome } = error;
    const final = error.name === "UnrecoverableError" ||
      job.attemptsMade >= (job.opts.attempts ?? 1);
    if (!final) return;
    this.#done++;
    this.#failed++;
    // Without an outcome it is BullMQ that has failed it, or may have.
    this.#reply(job, outcome ?? "");
    if (outcome?.startsWith(LOST)) this.#remove(job.id!);
  };

  /** Nobody waits for it any more. */
  async #remove(id: string): Promise<void> {
    try {
      await this.#queue.remove(id);
      await this.#redis.del(this.#keys.cancelled(id));
    } catch {
      // Redis is away: it goes when its time is over.
    }
  }

  /** Tell who waits for a job that it is over. Where that gets lost, it is looked up. */
  #reply(job: EngineJob, outcome: OutcomeText): void {
    const id = job.id!;
    const submitter = Array.isArray(job.data) ? job.data[3] : undefined;
    if (typeof submitter !== "string") return;
    const pushed = typeof outcome === "string" && outcome.length <= PUSHED ? outcome : "";
    const message = JSON.stringify([id, pushed, this.name]);
    this.#redis.publish(this.#keys.replies(submitter), message).catch(() => {});
    if (isKeyed(id)) this.#redis.publish(this.#keys.keyed, id).catch(() => {});
  }

  async #close(): Promise<void> {
    const { drainTimeout, pool, ownsPool } = this.#settings;
    const drain = startTimer(drainTimeout, () => this.#jobs.drain());
    let giveUp: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      giveUp = startTimer(drainTimeout + CLOSE_MS, resolve);
    });
    await Promise.race([this.#end().catch(() => {}), late]);
    drain.stop();
    giveUp!.stop();
    this.#timer?.stop();
    this.#hearing.disconnect();
    this.#redis.disconnect();
    if (ownsPool) await pool.terminate();
  }

  async #end(): Promise<void> {
    await this.#worker.close();
    await this.#redis.hdel(this.#keys.workers, this.#id);
    await this.#queue.close();
  }
}
