import "../entries.ts";
import { BrokenWorkerPoolError, type CancelledError, InvalidStateError } from "../../errors.ts";
import { nextTurn, now } from "../../base/clock.ts";
import { runInScope } from "../../core/context.ts";
import { Future, futureInternals } from "../../core/future.ts";
import { cancelledError } from "../../core/cancel_scope.ts";
import type { MapSource } from "../../executor/map_output.ts";
import { shield } from "../../task/shield.ts";
import { cloneError } from "../../wire/clone_error.ts";
import { examine, pack, type Refusal } from "../../wire/packing.ts";
import { recover } from "../../shared/thread_registry.ts";
import { loadingTaskModule } from "../../wire/task_module.ts";
import type { Host } from "../hosts/host.ts";
import { ToWorkerKind } from "../protocol.ts";
import { TerminatingWorkers } from "./terminating_workers.ts";
import { IdleClock } from "./idle_clock.ts";
import { JobQueue } from "./job_queue.ts";
import type { Counts, PoolSettings, WorkerExit } from "./settings.ts";
import type { PoolJob } from "./pool_job.ts";
import { crashed, WorkerHandle } from "./worker_handle.ts";

/** So many workers in a row may die before they are ready; then the pool is broken. */
const MOST_FALSE_STARTS = 3;

/** A job that so many workers died of without having begun it is given up. */
const MOST_DEATHS = 3;

/** A worker that has something in hand for so long, in milliseconds, holds up what waits behind. */
const HELD_UP_MS = 10;

/**
 * The policy of every pool, whatever its workers are: how many there are and when they start, who
 * gets which job, what happens when one dies, and how it all ends.
 */
export class Pool {
  readonly settings: PoolSettings;
  readonly counts: Counts = { completed: 0, failed: 0, cancelled: 0, crashed: 0 };
  /** Makes the error for a shared object, where none can cross. */
  readonly refuse: Refusal | undefined;
  readonly #host: Host;
  readonly #queue = new JobQueue();
  readonly #workers = new Set<WorkerHandle>();
  readonly #dying = new TerminatingWorkers();
  readonly #sources = new Set<MapSource>();
  readonly #idle: IdleClock | undefined;
  #started = 0;
  #orders = 0;
  #open = 0;
  #falseStarts = 0;
  #due = false;
  /** Whether not all jobs were of the same priority. */
  #mixed = false;
  #closed = false;
  #broken: { cause: unknown } | undefined;
  #ended: Future<void> | undefined;

  constructor(host: Host, settings: PoolSettings, refuse?: Refusal) {
    this.#host = host;
    this.settings = settings;
    this.refuse = refuse;
    if (settings.idleTimeout < Infinity) {
      this.#idle = new IdleClock(settings.idleTimeout, (worker) => this.#kill(worker, false));
    }
  }

  /** How many workers there are: booting, idle or busy. */
  get workers(): number {
    return this.#workers.size;
  }

  /** How many of them have something to do. */
  get busy(): number {
    let busy = 0;
    for (const worker of this.#workers) if (worker.load > 0) busy++;
    return busy;
  }

  /** How many jobs wait: in the queue, or sent ahead to a worker that does another first. */
  get queued(): number {
    let queued = this.#queue.size;
    for (const worker of this.#workers) queued += worker.waiting;
    return queued;
  }

  /** How many threads burn on that the runtime could not stop. */
  get stuck(): number {
    return this.#dying.size;
  }

  /** Whether it takes no new work. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The error for a call, if the pool is broken. */
  get brokenError(): BrokenWorkerPoolError | undefined {
    if (this.#broken === undefined) return undefined;
    const { cause } = this.#broken;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new BrokenWorkerPoolError(`The pool "${this.settings.name}" is broken: ${reason}`, {
      cause,
    });
  }

  /** Refuse new work where there can be none. */
  checkOpen(what: string): void {
    if (this.#closed) {
      throw new InvalidStateError(`Cannot ${what}: pool "${this.settings.name}" is shut down`);
    }
    if (loadingTaskModule()) {
      throw new InvalidStateError(
        `Cannot ${what}: this module is being loaded by a worker; ` +
          `what only the main program should do belongs under "if (import.meta.main)"`,
      );
    }
  }

  /** For jobs: which comes first. */
  nextOrder(): number {
    this.#open++;
    return this.#orders++;
  }

  /** For jobs: its caller has its answer. */
  jobEnded(): void {
    this.#open--;
    if (this.#open === 0) this.#schedule();
  }

  /** Take a job. */
  add(job: PoolJob): void {
    if (job.answered) return;
    const broken = this.brokenError;
    if (broken !== undefined) return job.onLost(broken);
    this.#mixed ||= job.priority !== 0;
    if (this.#mixed) this.#makeWay(job.priority);
    this.#queue.add(job);
    // The first is sent at once; of many, the workers get the first while the rest still come in.
    if (this.#queue.size === 1 || this.#queue.size % 64 === 0) this.#dispatch();
    else this.#schedule();
  }

  /** Call a job off whose caller has given it up. */
  withdraw(job: PoolJob, error: CancelledError): void {
    if (this.#queue.remove(job)) this.#schedule();
    else job.worker?.stop(job, error);
  }

  /** A map has begun. */
  enter(source: MapSource): void {
    this.#sources.add(source);
  }

  /** A map makes no more jobs. */
  leave(source: MapSource): void {
    if (this.#sources.delete(source)) this.#schedule();
  }

  /** Take no new work. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const source of [...this.#sources]) source.onClosing();
    this.#schedule();
  }

  /** Call off what has not begun. */
  cancelWaiting(): void {
    const error = cancelledError("The pool was shut down");
    for (const source of [...this.#sources]) source.onCancelled(error);
    const waiting = this.#queue.clear();
    for (const worker of this.#workers) waiting.push(...worker.recall(Infinity));
    for (const job of waiting) if (!job.answered) job.onCancelled(error);
    this.#schedule();
  }

  /** Once closed: when the last job is done and the last worker gone. */
  async whenEnded(): Promise<void> {
    this.#ended ??= new Future();
    this.#schedule();
    await shield(this.#ended);
  }

  /** End the workers that have nothing to do; resolves when they are gone. */
  async endIdle(): Promise<void> {
    for (const worker of [...this.#workers]) if (worker.load === 0) this.#kill(worker, false);
    await this.#dying.whenQuiet();
  }

  /** End everything at once. */
  terminate(): void {
    this.#closed = true;
    const error = cancelledError("The pool was terminated");
    for (const source of [...this.#sources]) source.onCancelled(error);
    const jobs = this.#queue.clear();
    for (const worker of [...this.#workers]) {
      const { begun, waiting } = this.#kill(worker, false);
      jobs.push(...begun, ...waiting);
    }
    for (const job of jobs) if (!job.answered) job.onCancelled(error);
    this.#schedule();
  }

  /** For workers: it is ready. */
  onReady(_worker: WorkerHandle): void {
    this.#falseStarts = 0;
  }

  /** For workers: its initializer failed. */
  onRefused(worker: WorkerHandle, cause: unknown): void {
    if (!this.#workers.has(worker)) return;
    const { begun, waiting } = this.#kill(worker, true, cause);
    this.#break(cause, [...begun, ...waiting]);
  }

  /** For workers: it may take something more. */
  onFree(): void {
    this.#schedule();
  }

  /** For workers: it died. */
  onCrash(worker: WorkerHandle, cause: unknown): void {
    if (!this.#workers.has(worker)) return;
    const falseStart = worker.state === "booting";
    const { begun, waiting } = this.#kill(worker, true, cause);
    this.counts.crashed++;
    for (const job of begun) if (!job.answered) job.onCrashed(crashed(worker.name, cause));
    const fatal = begun.length === 0 ? waiting[0] : undefined;
    if (fatal !== undefined) fatal.deaths++;
    for (const job of waiting) {
      // It may have died of taking in the message that one of them came with. Each is sent alone
      // from now on, so that the others are not tried for it.
      if (fatal !== undefined) job.company = 1;
      if (job.deaths < MOST_DEATHS) this.#putBack(job);
      else if (!job.answered) job.onCrashed(crashed(worker.name, cause));
    }
    if (falseStart && ++this.#falseStarts >= MOST_FALSE_STARTS) {
      this.#break(cause ?? new Error("A worker ended before it was ready"), []);
    }
    this.#schedule();
  }

  /** For workers: it did not stop in time what it was asked to stop. */
  onGraceOver(worker: WorkerHandle): void {
    if (!this.#workers.has(worker)) return;
    const { begun, waiting } = this.#kill(worker, false);
    for (const job of begun) if (!job.answered) job.onCrashed(crashed(worker.name, undefined));
    for (const job of waiting) this.#putBack(job);
    this.#schedule();
  }

  /** For workers: one that was killed is gone. */
  onGone(worker: WorkerHandle): void {
    this.#dying.remove(worker);
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
    for (const worker of this.#workers) {
      if (worker.load === 0 && worker.spent) this.#kill(worker, false);
    }
    if (this.#queue.size > 0) this.#relieve();
    this.#feedIdle();
    if (this.#queue.size > 0) {
      this.#hire();
      this.#sendAhead();
    }
    for (const worker of this.#workers) worker.flush();
    if (this.#closed) this.#wind();
    else this.#idle?.watch(this.#workers);
  }

  /** Give each worker that has nothing the next job, or one that waits behind another's. */
  #feedIdle(): void {
    for (const worker of this.#workers) {
      if (worker.load > 0) continue;
      if (this.#queue.size === 0) this.#steal();
      const job = this.#queue.peek();
      if (job === undefined) return;
      if (!worker.fits(job)) continue;
      this.#queue.remove(job);
      worker.give(job);
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
  #relieve(): void {
    let idle = false;
    for (const worker of this.#workers) idle ||= worker.load === 0;
    if (!idle) return;
    const late = now() - HELD_UP_MS;
    for (const worker of this.#workers) {
      if (worker.load > 1 && worker.heard < late) worker.recall(Infinity).forEach(this.#putBack);
    }
  }

  /** Take half of what waits behind another job, the older half, from the worker that has most. */
  #steal(): void {
    let busiest: WorkerHandle | undefined;
    for (const worker of this.#workers) {
      if (worker.load > (busiest?.load ?? 1)) busiest = worker;
    }
    busiest?.recall(Math.ceil((busiest.load - 1) / 2)).forEach(this.#putBack);
  }

  /** Take back what is less urgent and has not begun. */
  #makeWay(priority: number): void {
    for (const worker of this.#workers) {
      if (worker.load < 2) continue;
      worker.recall(Infinity, (job) => job.priority < priority).forEach(this.#putBack);
    }
  }

  readonly #putBack = (job: PoolJob): void => {
    if (job.answered) return;
    const broken = this.brokenError;
    if (broken === undefined) this.#queue.putBack(job);
    else job.onLost(broken);
  };

  /** Start workers for what waits: one now, the others in later turns, since each takes a while. */
  #hire(): void {
    let booting = 0;
    for (const worker of this.#workers) {
      if (worker.state === "booting" && worker.load === 0) booting++;
    }
    if (this.#queue.size <= booting || this.#workers.size >= this.settings.maxWorkers) return;
    this.#start();
    if (this.#queue.size > booting + 1 && this.#workers.size < this.settings.maxWorkers) {
      nextTurn(() => this.#dispatch());
    }
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
      const list = examine(initargs) < 0 ? pack(initargs, transfer, this.refuse) : initargs;
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

  #kill(
    worker: WorkerHandle,
    byItself: boolean,
    cause?: unknown,
  ): { begun: PoolJob[]; waiting: PoolJob[] } {
    this.#workers.delete(worker);
    const left = worker.kill();
    if (this.#workers.size === 0) this.#idle?.stop();
    if (!worker.gone) this.#dying.add(worker);
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

  #break(cause: unknown, jobs: PoolJob[]): void {
    if (this.#broken !== undefined) return;
    this.#broken = { cause };
    for (const worker of [...this.#workers]) {
      const { begun, waiting } = this.#kill(worker, false);
      jobs.push(...begun, ...waiting);
    }
    jobs.push(...this.#queue.clear());
    for (const job of jobs) if (!job.answered) job.onLost(this.brokenError);
    for (const source of [...this.#sources]) source.fail(this.brokenError);
    this.#schedule();
  }

  /** Once closed: let go of what is not needed any more. */
  #wind(): void {
    if (this.#open > 0 || this.#sources.size > 0) return;
    for (const worker of [...this.#workers]) if (worker.load === 0) this.#kill(worker, false);
    if (this.#ended === undefined || this.#workers.size > 0) return;
    const ended = this.#ended;
    this.#dying.whenQuiet().then(() => futureInternals.resolve(ended, undefined));
  }
}
