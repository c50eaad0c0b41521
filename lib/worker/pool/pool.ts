import "../follow_entries.ts";
import { BrokenWorkerPoolError, type CancelledError, InvalidStateError } from "../../errors.ts";
import { nextTurn, now } from "../../base/clock.ts";
import { runInScope } from "../../core/context.ts";
import { Future, futureInternals } from "../../core/future.ts";
import { cancelledError } from "../../core/cancellation.ts";
import type { MapSource } from "../../executor/map_output.ts";
import { shield } from "../../task/shield.ts";
import { cloneError } from "../../wire/clone_error.ts";
import { pack, type Refusal, survey } from "../../wire/packing.ts";
import { recover } from "../../shared/thread_registry.ts";
import { refuseWhileLoading } from "../../wire/import_task_module.ts";
import type { Host } from "../hosts/host.ts";
import { ToWorkerKind } from "../protocol.ts";
import { IdleClock } from "./idle_clock.ts";
import { type Counts, crashed, type Job, JobQueue } from "./job.ts";
import type { PoolSettings, WorkerExit } from "./options.ts";
import type { ExecutorPool } from "./pool_executor.ts";
import { TerminatingWorkers } from "./terminating_workers.ts";
import { type JobsLeft, WorkerHandle, type WorkerOwner } from "./worker_handle.ts";

/** So many workers in a row may die before they are ready; then the pool is broken. */
const MOST_FALSE_STARTS = 3;

/** A job that so many workers died of without having begun it is given up. */
const MOST_DEATHS = 3;

/** So many workers may die with nothing to do, and be replaced, until there is a job again. */
const MOST_IDLE_DEATHS = 3;

/** A worker that has something in hand for so long, in milliseconds, holds up what waits behind. */
const HELD_UP_MS = 10;

/**
 * The policy of every pool, whatever its workers are: how many there are and when they start, who
 * gets which job, what happens when one dies, and how it all ends.
 *
 * Its rule: while a job waits, in the queue or behind another one that a worker does first,
 *
 * - some worker is busy, booting or about to be started;
 * - if there are fewer than `maxWorkers`, one more is booting or about to be started for each.
 *
 * Every way in which things change ends in `#dispatch`, which restores the rule: a job comes, is
 * done, or is called off; a worker is ready, has crashed, has done its share, was idle too long or
 * did not stop in time. `stalled` says whether it is broken.
 */
export class Pool implements ExecutorPool, WorkerOwner {
  readonly settings: PoolSettings;
  readonly counts: Counts = { completed: 0, failed: 0, cancelled: 0, crashed: 0 };
  readonly refuse: Refusal | undefined;
  reading = false;
  readonly #host: Host;
  readonly #queue = new JobQueue();
  readonly #workers = new Set<WorkerHandle>();
  readonly #terminating = new TerminatingWorkers();
  readonly #sources = new Set<MapSource>();
  readonly #idle: IdleClock | undefined;
  #started = 0;
  #orders = 0;
  #open = 0;
  #falseStarts = 0;
  #idleDeaths = 0;
  /** Whether a dispatch is due in a microtask … */
  #due = false;
  /** … or in the next turn, to start one more worker … */
  #starting = false;
  /** … or under way, or also to be done again after that. */
  #dispatching: false | "once" | "again" = false;
  /** Whether not all jobs were of the same priority. */
  #mixed = false;
  #closed = false;
  #broken: { cause: unknown } | undefined;
  #ended: Future<void> | undefined;

  constructor(host: Host, settings: PoolSettings, refuse?: Refusal) {
    this.#host = host;
    this.settings = settings;
    this.refuse = refuse;
    const { idleTimeout, minWorkers } = settings;
    if (idleTimeout < Infinity) {
      this.#idle = new IdleClock(idleTimeout, minWorkers, (worker) => {
        this.#kill(worker, false);
        this.#schedule();
      });
    }
    this.#startMinimum();
  }

  get workers(): number {
    return this.#workers.size;
  }

  get busy(): number {
    let busy = 0;
    for (const worker of this.#workers) if (worker.load > 0) busy++;
    return busy;
  }

  get queued(): number {
    let queued = this.#queue.size;
    for (const worker of this.#workers) queued += worker.waiting;
    return queued;
  }

  get stuck(): number {
    return this.#terminating.stuck;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get ahead(): number {
    return Math.max(1, ...Array.from(this.#workers, ({ ahead }) => ahead));
  }

  get room(): number {
    const { maxWorkers, maxQueue } = this.settings;
    return maxWorkers + maxQueue - this.#open;
  }

  /** Whether a job waits and the rule above is broken: never, once what is due is done. */
  get stalled(): boolean {
    const waiting = this.queued;
    if (waiting === 0 || this.#due || this.#starting) return false;
    let active = 0;
    let coming = 0;
    for (const { load, state } of this.#workers) {
      if (load > 0 || state === "booting") active++;
      if (load === 0) coming++;
    }
    return active === 0 || (coming < waiting && this.#workers.size < this.settings.maxWorkers);
  }

  /** The error for a call, if the pool is broken. */
  get brokenError(): BrokenWorkerPoolError | undefined {
    if (this.#broken === undefined) return undefined;
    const { cause } = this.#broken;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The pool "${this.settings.name}" is broken: ${reason}`;
    return new BrokenWorkerPoolError(message, { cause });
  }

  checkOpen(what: string): void {
    if (this.#closed) {
      throw new InvalidStateError(`Cannot ${what}: pool "${this.settings.name}" is shut down`);
    }
    refuseWhileLoading(what);
  }

  nextOrder(): number {
    this.#open++;
    return this.#orders++;
  }

  jobEnded(): void {
    this.#open--;
    if (this.#open === 0 || this.settings.maxQueue < Infinity) this.#schedule();
  }

  add(job: Job): void {
    if (job.answered) return;
    const broken = this.brokenError;
    if (broken !== undefined) return job.onLost(broken);
    this.#idleDeaths = 0;
    this.#mixed ||= job.priority !== 0;
    if (this.#mixed) this.#takeBackLess(job.priority);
    this.#queue.add(job);
    // The first is sent at once; of many, the workers get the first while the rest still come in.
    const { size } = this.#queue;
    if (size % 64 === 0 || (size === 1 && !this.reading)) this.#dispatch();
    else this.#schedule();
  }

  withdraw(job: Job, error: CancelledError): void {
    if (this.#queue.remove(job)) this.#schedule();
    else job.worker?.stop(job, error);
  }

  enter(source: MapSource): void {
    this.#sources.add(source);
  }

  leave(source: MapSource): void {
    if (this.#sources.delete(source)) this.#schedule();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const source of [...this.#sources]) source.onClosing();
    this.#schedule();
  }

  cancelWaiting(): void {
    const error = cancelledError("The pool was shut down");
    for (const source of [...this.#sources]) source.onCancelled(error);
    const sent = [...this.#workers].flatMap((worker) => worker.revoke(Infinity));
    for (const job of [...this.#queue.clear(), ...sent]) if (!job.answered) job.onCancelled(error);
    this.#schedule();
  }

  async whenEnded(): Promise<void> {
    this.#ended ??= new Future();
    this.#schedule();
    await shield(this.#ended);
  }

  /** End the workers that have nothing to do; resolves when they are gone. */
  async endIdle(): Promise<void> {
    for (const worker of [...this.#workers]) if (worker.load === 0) this.#kill(worker, false);
    this.#schedule();
    await this.#terminating.whenQuiet();
  }

  terminate(): void {
    this.#closed = true;
    const error = cancelledError("The pool was terminated");
    for (const source of [...this.#sources]) source.onCancelled(error);
    const jobs = [...this.#queue.clear(), ...this.#killAll()];
    for (const job of jobs) if (!job.answered) job.onCancelled(error);
    this.#schedule();
  }

  onReady(): void {
    this.#falseStarts = 0;
  }

  onInitFailed(worker: WorkerHandle, cause: unknown): void {
    if (!this.#workers.has(worker)) return;
    const { begun, waiting } = this.#kill(worker, true, cause);
    this.#break(cause, [...begun, ...waiting]);
  }

  onFree(): void {
    this.#schedule();
  }

  onCrash(worker: WorkerHandle, cause: unknown): void {
    if (!this.#workers.has(worker)) return;
    const falseStart = worker.state === "booting";
    const { begun, waiting } = this.#kill(worker, true, cause);
    this.counts.crashed++;
    if (begun.length + waiting.length === 0) this.#idleDeaths++;
    for (const job of begun) if (!job.answered) job.onCrashed(crashed(worker.name, cause));
    // Nothing was begun: the worker may have died of taking in the message that one of them came
    // with. Each is sent alone from now on, so that the others are not tried for it:
    //
    //   await pool.submit(echo, "takes the worker down as it is read")    // rejects in the end
    //   await pool.submit(echo, "was sent with it")                       // gets its answer
    const fatal = begun.length === 0 ? waiting[0] : undefined;
    if (fatal !== undefined) fatal.deaths++;
    for (const job of waiting) {
      if (fatal !== undefined) job.maxBatch = 1;
      if (job.deaths < MOST_DEATHS) this.#putBack(job);
      else if (!job.answered) job.onCrashed(crashed(worker.name, cause));
    }
    if (falseStart && ++this.#falseStarts >= MOST_FALSE_STARTS) {
      this.#break(cause ?? new Error("A worker ended before it was ready"), []);
    }
    this.#schedule();
  }

  onGraceOver(worker: WorkerHandle): void {
    if (!this.#workers.has(worker)) return;
    const { begun, waiting } = this.#kill(worker, false);
    for (const job of begun) if (!job.answered) job.onCrashed(crashed(worker.name, undefined));
    for (const job of waiting) this.#putBack(job);
    this.#schedule();
  }

  onGone(worker: WorkerHandle): void {
    this.#terminating.remove(worker);
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    // A job that cannot be sent is told so at once, which may run code of the user that adds jobs:
    //   await pool.map(fn, function* () { yield () => {}; pool.submit(fn); yield 1; })
    // Deno runs microtasks within the first look at some globals: to put it off by one never ends.
    if (this.#dispatching) return void (this.#dispatching = "again");
    this.#dispatching = "once";
    this.#callMaps();
    this.#replaceExhausted();
    if (this.#queue.size > 0) this.#takeBackFromSlow();
    this.#feedIdle();
    this.#startWorkers();
    this.#sendAhead();
    for (const worker of this.#workers) worker.flush();
    if ((this.#dispatching as string) === "again") this.#schedule();
    this.#dispatching = false;
    if (this.#closed) this.#finishIfDone();
    else this.#idle?.watch(this.#workers);
  }

  /** Tell maps that wait for it that there is room in the queue. */
  #callMaps(): void {
    if (this.settings.maxQueue === Infinity) return;
    for (const source of [...this.#sources]) if (this.room > 0) source.onRoom();
  }

  /** End workers that have nothing to do, and may not do what comes next: others come in for them. */
  #replaceExhausted(): void {
    for (const worker of this.#workers) {
      if (worker.load === 0 && worker.exhausted(undefined)) this.#kill(worker, false);
    }
  }

  /** Give each worker that has nothing the next job, or one that waits behind another's. */
  #feedIdle(): void {
    for (const worker of this.#workers) {
      if (worker.load > 0) continue;
      if (this.#queue.size === 0 && worker.state === "ready") this.#steal();
      const job = this.#queue.peek();
      if (job === undefined) continue;
      if (worker.fits(job)) {
        this.#queue.remove(job);
        worker.give(job);
      } else if (worker.exhausted(job)) {
        // It has done 60 of its 100 tasks, and the next chunk has 50 items.
        this.#kill(worker, false);
      }
    }
  }

  /** Send short calls ahead, so that workers need not wait for them. */
  #sendAhead(): void {
    for (let given = true; given;) {
      given = false;
      for (const worker of this.#workers) {
        const job = this.#queue.peek();
        if (job === undefined) return;
        if (worker.load === 0 || !worker.fits(job)) continue;
        this.#queue.remove(job);
        worker.give(job);
        given = true;
      }
    }
  }

  /** Take back what waits behind something long, if a worker has nothing: it came first. */
  #takeBackFromSlow(): void {
    if (![...this.#workers].some(({ load }) => load === 0)) return;
    const late = now() - HELD_UP_MS;
    for (const worker of this.#workers) {
      if (worker.load < 2 || worker.lastHeard >= late) continue;
      worker.revoke(Infinity).forEach(this.#putBack);
    }
  }

  /**
   * Take half of what waits behind another job, the older half, from the worker that has most; or
   * what a worker that is booting yet was given.
   */
  #steal(): void {
    const loaded = [...this.#workers]
      .filter(({ load, state }) => load > (state === "booting" ? 0 : 1))
      .sort((a, b) => b.load - a.load);
    for (const worker of loaded) {
      const stolen = worker.revoke(Math.max(Math.ceil((worker.load - 1) / 2), 1));
      stolen.forEach(this.#putBack);
      if (this.#queue.size > 0) return;
    }
  }

  /** Take back what is less urgent than a job of this priority, and has not begun. */
  #takeBackLess(priority: number): void {
    for (const worker of this.#workers) {
      if (worker.load < 2) continue;
      worker.revoke(Infinity, (job) => job.priority < priority).forEach(this.#putBack);
    }
  }

  readonly #putBack = (job: Job): void => {
    if (job.answered) return;
    job.onTakenBack();
    const broken = this.brokenError;
    if (broken === undefined) this.#queue.putBack(job);
    else job.onLost(broken);
  };

  /**
   * Start workers for what waits, in the queue or behind another job: one now, the others in later
   * turns, since each takes a while.
   */
  #startWorkers(): void {
    this.#startMinimum();
    const missing = this.#missing();
    if (missing === 0) return;
    this.#start();
    if (missing === 1 || this.#starting) return;
    this.#starting = true;
    nextTurn(() => {
      this.#starting = false;
      this.#dispatch();
    });
  }

  /** How many workers are to be started for what waits. */
  #missing(): number {
    const { maxWorkers } = this.settings;
    if (this.#broken !== undefined || this.#workers.size >= maxWorkers) return 0;
    let waiting = this.#queue.size;
    for (const worker of this.#workers) {
      if (worker.load === 0) waiting--;
      else waiting += worker.waiting;
    }
    return Math.max(Math.min(waiting, maxWorkers - this.#workers.size), 0);
  }

  #startMinimum(): void {
    const { minWorkers } = this.settings;
    while (
      this.#workers.size < minWorkers && !this.#closed && this.#broken === undefined &&
      this.#idleDeaths < MOST_IDLE_DEATHS
    ) this.#start();
  }

  #start(): void {
    let worker: WorkerHandle;
    const name = `${this.settings.name}-${++this.#started}`;
    try {
      // A worker outlives the task that happens to need it first.
      worker = runInScope(undefined, () => new WorkerHandle(this, this.#host, name));
    } catch (error) {
      return this.#break(error, []);
    }
    this.#workers.add(worker);
    const { initializer, initargs } = this.settings;
    const transfer: Transferable[] = [];
    try {
      const list = survey(initargs) < 0 ? pack(initargs, transfer, this.refuse) : initargs;
      worker.init([ToWorkerKind.Init, name, initializer ?? null, list]);
    } catch (error) {
      const named = (error as Error).name === "DataCloneError"
        ? cloneError("initargs", initargs, [], error)
        : error;
      const { begun, waiting } = this.#kill(worker, false);
      return this.#break(named, [...begun, ...waiting]);
    }
    const job = this.#queue.peek();
    if (job === undefined || !worker.fits(job)) return;
    this.#queue.remove(job);
    worker.give(job);
  }

  #kill(worker: WorkerHandle, byItself: boolean, cause?: unknown): JobsLeft {
    this.#workers.delete(worker);
    const left = worker.kill();
    if (this.#workers.size === 0) this.#idle?.stop();
    if (!worker.gone) this.#terminating.add(worker);
    // What it held in shared memory goes to those who wait for it.
    if (worker.thread !== 0) recover(worker.thread);
    const { onWorkerExit } = this.settings;
    if (onWorkerExit !== undefined) {
      const exit: WorkerExit = { name: worker.name, crashed: byItself };
      if (cause !== undefined) exit.cause = cause;
      queueMicrotask(() => runInScope(undefined, () => onWorkerExit(exit)));
    }
    return left;
  }

  #killAll(): Job[] {
    return [...this.#workers].flatMap((worker) => {
      const { begun, waiting } = this.#kill(worker, false);
      return [...begun, ...waiting];
    });
  }

  #break(cause: unknown, jobs: Job[]): void {
    if (this.#broken !== undefined) return;
    this.#broken = { cause };
    jobs.push(...this.#killAll(), ...this.#queue.clear());
    for (const job of jobs) if (!job.answered) job.onLost(this.brokenError);
    for (const source of [...this.#sources]) source.fail(this.brokenError);
    this.#schedule();
  }

  /** Once closed: let go of what is not needed any more. */
  #finishIfDone(): void {
    if (this.#open > 0 || this.#sources.size > 0) return;
    for (const worker of [...this.#workers]) if (worker.load === 0) this.#kill(worker, false);
    if (this.#ended === undefined || this.#workers.size > 0) return;
    const ended = this.#ended;
    this.#terminating.whenQuiet().then(() => futureInternals.resolve(ended, undefined));
  }
}
