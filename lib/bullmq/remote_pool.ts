import { type CancelledError, InvalidStateError, WorkerCrashedError } from "../errors.ts";
import { now, startTimer, type Timer } from "../base/clock.ts";
import { runInScope } from "../core/context.ts";
import { Future, futureInternals } from "../core/future.ts";
import { cancelledError } from "../core/cancellation.ts";
import { shield } from "../task/shield.ts";
import type { MapSource } from "../executor/map_output.ts";
import { refuseWhileLoading } from "../wire/import_task_module.ts";
import type { Counts, Job } from "../worker/pool/job.ts";
import type { ExecutorPool } from "../worker/pool/pool_executor.ts";
import { giveAnswer } from "./give_answer.ts";
import { EVENTS_KEPT } from "./bull_server.ts";
import { CancelSender } from "./cancel_sender.ts";
import type { EngineQueue, RedisClient } from "./engine.ts";
import { BULL_CALL_OPTIONS, type ExecutorSettings } from "./bull_executor_options.ts";
import { LOST, ORPHANED, type OutcomeText, parseJson, wordsOf } from "./job_data.ts";
import { isKeyed, nextId } from "./job_ids.ts";
import { JobWriter } from "./job_writer.ts";
import { lookUp } from "./look_up.ts";
import { Outbox, type OutboxOwner, type Outgoing } from "./outbox.ts";
import { ownClient } from "./own_client.ts";
import { QueueKeys } from "./queue_keys.ts";
import { Receipts } from "./receipts.ts";
import { type BullWorkerInfo, readReports } from "./bull_worker_info.ts";

/** As long as nothing is known of the servers, there are so many slots. */
const FIRST_SLOTS = 4;

/** How often it is looked for what may have got lost, in milliseconds. */
const LOOK_MS = 2_000;

/** How many jobs are looked up at a time. */
const LOOKED_UP = 2_000;

/** The least that a chunk of a map ought to take, in milliseconds … */
const CHUNK_MS = 100;
/** … and what each slot adds: at 10,000 slots one Redis has some 3,000 chunks a second to move. */
const CHUNK_MS_PER_SLOT = 0.35;

/** Closing does not wait for a Redis that is away for longer than so many milliseconds. */
const CLOSE_MS = 1_000;

/** A job that is on the queue, or on its way there, and who waits for it. */
interface Pending extends Outgoing {
  /** One, or some that have the same key. */
  readonly jobs: Job[];
  state: "held" | "sending" | "added";
  /** When it was last known to be there. */
  seen: number;
  /** How many times in a row it was not. */
  missing: number;
}

/**
 * The submitter's half: what pools of workers are to calls, chunks and maps, this is for the servers
 * of a queue. Nothing is told to a job before it is registered here; the outcome of each comes in one
 * of three ways, and the first counts: pushed, looked up, or missing for good.
 */
export class RemotePool implements ExecutorPool, OutboxOwner {
  readonly counts: Counts = { completed: 0, failed: 0, cancelled: 0, crashed: 0 };
  readonly callOptions = BULL_CALL_OPTIONS;
  readonly room: number = Infinity;
  readonly stuck = 0;
  readonly settings: ExecutorPool["settings"];
  readonly #settings: ExecutorSettings;
  readonly #submitter: string = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  readonly #redis: RedisClient;
  readonly #hearing: RedisClient;
  readonly #queue: EngineQueue;
  readonly #keys: QueueKeys;
  readonly #outbox: Outbox;
  readonly #cancels: CancelSender;
  readonly #receipts: Receipts;
  readonly #connected: Promise<void>;
  readonly #pending = new Map<string, Pending>();
  readonly #byJob = new WeakMap<Job, Pending>();
  readonly #sources = new Set<MapSource>();
  readonly #writer: JobWriter;
  #orders = 0;
  #open = 0;
  #slots = FIRST_SLOTS;
  #hearsKeyed = false;
  #timer: Timer | undefined;
  #closed = false;
  #released: Promise<void> | undefined;
  readonly #ended: Future<void> = new Future();

  constructor(settings: ExecutorSettings) {
    this.#settings = settings;
    this.#writer = new JobWriter(settings, this.#submitter);
    const slots = () => this.#slots;
    const { name, maxPayload, chunkMs } = settings;
    this.settings = {
      name,
      maxTasksPerWorker: Infinity,
      // What an item takes is only guessed before it is encoded.
      chunkBytes: maxPayload / 2,
      get maxWorkers() {
        return slots();
      },
      get chunkMs() {
        return chunkMs ?? Math.max(CHUNK_MS, CHUNK_MS_PER_SLOT * slots());
      },
    };
    const { bullmq, queue, prefix, connection } = settings;
    // What goes on here belongs to no task that happens to make the executor.
    const [redis, hearing, engineQueue] = runInScope(undefined, () => {
      const redis = ownClient(connection);
      const streams = { events: { maxLen: EVENTS_KEPT } };
      const engineQueue = new bullmq.Queue(queue, { connection: redis, prefix, streams });
      return [redis, ownClient(connection), engineQueue] as const;
    });
    this.#redis = redis;
    this.#hearing = hearing;
    this.#queue = engineQueue;
    this.#keys = new QueueKeys(engineQueue);
    this.#outbox = new Outbox(engineQueue, this);
    this.#cancels = new CancelSender(engineQueue, redis, this.#keys);
    this.#receipts = new Receipts(redis, this.#keys);
    engineQueue.on("error", () => {});
    hearing.on("message", (channel: string, text: string) => this.#onMessage(channel, text));
    // What was pushed while the connection was away went nowhere.
    hearing.on("ready", () => void this.#lookUpAll(Infinity));
    this.#connected = runInScope(undefined, () => this.#connect());
    this.#connected.catch(() => {});
  }

  get workers(): number {
    return this.#slots;
  }

  get busy(): number {
    return Math.min(this.#pending.size, this.#slots);
  }

  get queued(): number {
    return this.#pending.size - this.busy;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** How many jobs of the queue are in which state. */
  async jobCounts(): Promise<Record<string, number>> {
    return await this.#queue.getJobCounts(
      "waiting",
      "prioritized",
      "active",
      "delayed",
      "completed",
      "failed",
    );
  }

  /** Who serves the queue. */
  async reports(): Promise<BullWorkerInfo[]> {
    return await readReports(this.#redis, this.#keys.workers);
  }

  checkOpen(what: string): void {
    if (this.#closed) {
      throw new InvalidStateError(`Cannot ${what}: executor "${this.settings.name}" is shut down`);
    }
    refuseWhileLoading(what);
  }

  nextOrder(): number {
    this.#open++;
    return this.#orders++;
  }

  jobEnded(): void {
    this.#open--;
    this.#finishIfDone();
  }

  add(job: Job): void {
    if (job.answered) return;
    let outgoing: Outgoing;
    try {
      outgoing = this.#writer.write(job);
    } catch (error) {
      return job.onLost(error);
    }
    const same = this.#pending.get(outgoing.id);
    if (same !== undefined) {
      same.jobs.push(job);
      this.#byJob.set(job, same);
    } else this.#send({ ...outgoing, jobs: [job], state: "held", seen: now(), missing: 0 });
  }

  withdraw(job: Job, error: CancelledError): void {
    const pending = this.#byJob.get(job);
    if (pending === undefined) return;
    pending.jobs.splice(pending.jobs.indexOf(job), 1);
    if (pending.jobs.length > 0 || !this.#pending.delete(pending.id)) return;
    // What has a key may be of others, too.
    if (pending.state === "held" || isKeyed(pending.id)) return;
    this.#cancels.cancel(pending.id, error.message);
  }

  enter(source: MapSource): void {
    this.#sources.add(source);
  }

  leave(source: MapSource): void {
    if (this.#sources.delete(source)) this.#finishIfDone();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const source of [...this.#sources]) source.onClosing();
    this.#finishIfDone();
  }

  cancelWaiting(): void {
    const error = cancelledError("The executor was shut down");
    for (const source of [...this.#sources]) source.onCancelled(error);
    for (const pending of [...this.#pending.values()]) void this.#cancelIfWaiting(pending, error);
  }

  terminate(): void {
    this.#closed = true;
    const error = cancelledError("The executor was terminated");
    for (const source of [...this.#sources]) source.onCancelled(error);
    for (const { jobs } of [...this.#pending.values()]) {
      for (const job of [...jobs]) {
        this.withdraw(job, error);
        if (!job.answered) job.onCancelled(error);
      }
    }
    this.#finishIfDone();
  }

  async whenEnded(): Promise<void> {
    this.#finishIfDone();
    await shield(this.#ended);
  }

  isWanted({ id }: Outgoing): boolean {
    return this.#pending.has(id);
  }

  onSending({ id }: Outgoing): void {
    this.#pending.get(id)!.state = "sending";
  }

  onAdded({ id }: Outgoing): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.state = "added";
    pending.seen = now();
    // It may have been there before, and be done.
    if (isKeyed(id)) void this.#lookUp([id]);
  }

  onRefused({ id }: Outgoing, error: unknown): void {
    for (const job of this.#take(id)) if (!job.answered) job.onLost(error);
  }

  #send(pending: Pending): void {
    // Registered before it is sent, so that no answer can come too early.
    this.#pending.set(pending.id, pending);
    for (const job of pending.jobs) this.#byJob.set(job, pending);
    if (isKeyed(pending.id)) this.#hearKeyed();
    this.#outbox.add(pending);
  }

  async #connect(): Promise<void> {
    await this.#hearing.subscribe(this.#keys.replies(this.#submitter));
    await this.#beat();
    this.#tick();
  }

  #tick(): void {
    if (this.#released !== undefined) return;
    const ms = Math.min(LOOK_MS, this.#settings.lease / 3);
    this.#timer = startTimer(ms, async () => {
      try {
        await this.#beat();
        await this.#lookUpAll(LOOK_MS);
      } catch {
        // Redis is away: the next time.
      }
      this.#tick();
    });
  }

  /** Say that there is somebody who waits. */
  async #renewLease(): Promise<void> {
    const lease = this.#keys.lease(this.#submitter);
    await this.#redis.set(lease, "1", "PX", Math.ceil(this.#settings.lease));
  }

  async #beat(): Promise<void> {
    await this.#renewLease();
    const reports = await this.reports();
    const slots = reports.reduce((sum, { slots }) => sum + slots, 0);
    if (slots === 0 || slots === this.#slots) return;
    this.#slots = slots;
    for (const source of [...this.#sources]) source.onRoom();
  }

  #hearKeyed(): void {
    if (this.#hearsKeyed) return;
    this.#hearsKeyed = true;
    // Where it fails, they are looked up.
    this.#hearing.subscribe(this.#keys.keyed).catch(() => {});
  }

  #onMessage(channel: string, text: string): void {
    if (channel === this.#keys.keyed) {
      if (this.#pending.has(text)) void this.#lookUp([text]);
      return;
    }
    const message = parseJson(text);
    if (!Array.isArray(message)) return;
    const [id, outcome, server] = message;
    if (typeof id !== "string" || typeof outcome !== "string") return;
    if (outcome === "") void this.#lookUp([id]);
    else this.#settle(id, outcome, String(server));
  }

  #settle(id: string, outcome: OutcomeText, server: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    // The Redis was away for longer than the lease, and we were not.
    if (outcome.startsWith(ORPHANED)) return void this.#sendAgain(pending);
    for (const job of this.#take(id)) {
      if (job.answered) continue;
      job.onBegun(server);
      if (outcome.startsWith(LOST)) this.#lose(job, wordsOf(outcome));
      else giveAnswer(job, outcome);
    }
    if (!isKeyed(id)) this.#receipts.add(id);
  }

  /** Under another name, since the old one has failed. */
  async #sendAgain(pending: Pending): Promise<void> {
    // What is looked up, or cancelled, from here on is nothing that was added.
    pending.state = "held";
    try {
      await this.#renewLease();
    } catch {
      // The connection is gone for good.
    }
    if (this.#pending.get(pending.id) !== pending) return;
    this.#pending.delete(pending.id);
    this.#receipts.add(pending.id);
    const { id, name, data, opts, jobs } = pending;
    this.#send({ id: nextId(id), name, data, opts, jobs, state: "held", seen: now(), missing: 0 });
  }

  #lose(job: Job, words: string): void {
    this.counts.crashed++;
    job.onCrashed(new WorkerCrashedError(words));
  }

  #take(id: string): Job[] {
    const jobs = this.#pending.get(id)?.jobs ?? [];
    this.#pending.delete(id);
    return jobs;
  }

  /** Look up those that were not heard of for so many milliseconds; all, if it is `Infinity`. */
  async #lookUpAll(ms: number): Promise<void> {
    const late = ms === Infinity ? Infinity : now() - ms;
    const ids: string[] = [];
    for (const { id, state, seen } of this.#pending.values()) {
      if (state === "added" && seen <= late) ids.push(id);
      if (ids.length === LOOKED_UP && ms !== Infinity) break;
    }
    await this.#lookUp(ids);
  }

  async #lookUp(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map(async (id) => {
      const pending = this.#pending.get(id);
      if (pending === undefined) return;
      let found;
      try {
        found = await lookUp(this.#redis, this.#keys.job(id));
      } catch {
        // The connection is gone for good.
        return;
      }
      if (this.#pending.get(id) !== pending || pending.state !== "added") return;
      if (found === "missing") return this.#onMissing(pending);
      pending.missing = 0;
      if (found !== "under way") return this.#settle(id, found.outcome, "unknown");
      // Those that were looked up go to the end of the line.
      this.#pending.delete(id);
      this.#pending.set(id, pending);
      pending.seen = now();
    }));
  }

  /** It may have been answered just now, and taken out by another who has the same key. */
  #onMissing(pending: Pending): void {
    if (++pending.missing < 2) return;
    for (const job of this.#take(pending.id)) {
      if (!job.answered) this.#lose(job, "The queue has lost the call, or its result");
    }
  }

  async #cancelIfWaiting(pending: Pending, error: CancelledError): Promise<void> {
    const { id, state, jobs } = pending;
    const keyed = isKeyed(id);
    try {
      if (state !== "held" && !keyed && await this.#queue.remove(id) !== 1) return;
    } catch {
      // Redis is away: nobody will begin it either.
    }
    if (this.#pending.get(id) !== pending) return;
    this.#pending.delete(id);
    for (const job of [...jobs]) if (!job.answered) job.onCancelled(error);
  }

  /** Once closed, and nothing is open: let go of everything. */
  #finishIfDone(): void {
    if (!this.#closed || this.#open > 0 || this.#sources.size > 0) return;
    this.#released ??= runInScope(undefined, () => this.#release());
  }

  async #release(): Promise<void> {
    this.#outbox.close();
    this.#timer?.stop();
    let giveUp: Timer | undefined;
    const late = new Promise<void>((resolve) => giveUp = startTimer(CLOSE_MS, resolve));
    await Promise.race([this.#sayGoodbye().catch(() => {}), late]);
    giveUp!.stop();
    this.#receipts.stop();
    this.#timer?.stop();
    this.#hearing.disconnect();
    this.#redis.disconnect();
    futureInternals.resolve(this.#ended, undefined);
  }

  async #sayGoodbye(): Promise<void> {
    await this.#connected;
    await Promise.all([this.#cancels.flush(), this.#receipts.flush()]);
    await this.#redis.del(this.#keys.lease(this.#submitter));
    await this.#queue.close();
  }
}
