import { type CancelledError, InvalidStateError, QueueFull } from "../errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { SlidingWindow } from "../base/sliding_window.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import {
  contextSnapshot,
  currentRunContext,
  currentScope,
  type RunContext,
} from "../core/context.ts";
import { Fiber } from "../core/fiber.ts";
import { noWait } from "../core/waiter.ts";
import { Future, futureInternals } from "../core/future.ts";
import { runTimer } from "../core/scheduler.ts";
import { cancelledError } from "../core/cancellation.ts";
import { shield } from "../task/shield.ts";
import { type Task, taskInternals } from "../core/task.ts";
import { showWaiting } from "./checks.ts";
import type { PoolStats } from "./executor.ts";
import type { MapSource } from "./map_output.ts";
import { TaskQueue, type Waiting } from "./task_queue.ts";

/**
 * Something to run as a task, once there is room for it. What users see of it as a task is made
 * when they look: most items of a `map` never do.
 */
export abstract class TaskJob extends Fiber implements Waiting {
  readonly runner: TaskRunner;
  #number = 0;
  #task: Task<unknown> | undefined = undefined;

  constructor(
    runner: TaskRunner,
    runContext: RunContext = currentRunContext(),
    around: ContextSnapshot = contextSnapshot(),
  ) {
    super(runContext, around);
    this.runner = runner;
  }

  abstract get priority(): number;

  override get kind(): object {
    return this.runner;
  }

  get task(): Task<unknown> {
    if (this.#task === undefined) {
      this.#task = taskInternals.show(this, this.runner.nameOf(this.#number));
      futureInternals.markRetrieved(this.#task);
    }
    return this.#task;
  }

  /** For the runner: start the job. `number`: that of its task. */
  begin(number: number): void {
    this.#number = number;
    this.enter();
  }

  /** Call the function that the job is for. */
  protected abstract invoke(): unknown;
  /** The function has returned. */
  protected abstract succeeded(value: unknown): void;
  /** The function has failed. */
  protected abstract failed(error: unknown): void;
  /** The task of the job was cancelled, or the job before it was begun. */
  abstract cancelled(error: CancelledError): void;

  protected override call(): unknown {
    this.runner.started(this);
    return this.invoke();
  }

  protected override follow(result: PromiseLike<unknown>): void {
    // What `await` would look at, too: only a promise of the language calls back just once.
    if (result instanceof Promise && result.constructor === Promise) {
      this.runner.follower().follow(this, result);
    } else super.follow(result);
  }

  protected override onValue(value: unknown): void {
    this.runner.vacate(this);
    if (this.#task !== undefined) futureInternals.resolve(this.#task, value);
    this.succeeded(value);
    this.runner.proceed();
  }

  protected override onFailure(error: unknown): void {
    this.runner.vacate(this);
    if (this.#task !== undefined) futureInternals.reject(this.#task, error);
    this.failed(error);
    this.runner.proceed();
  }

  protected override onCancelled(error: CancelledError): void {
    this.runner.vacate(this);
    if (this.#task !== undefined) futureInternals.settleCancelled(this.#task, error);
    this.cancelled(error);
    this.runner.proceed();
  }
}

const { then } = Promise.prototype;

/**
 * Calls a job back when its promise settles; then it can be used for another one.
 *
 * The two callbacks are made once for as many promises as follow each other: a closure for each job
 * would be more to allocate than the job itself.
 */
class PromiseFollower {
  #job: TaskJob | undefined = undefined;
  readonly #free: PromiseFollower[];
  readonly #finish = (value: unknown) => this.#leave().finish(value);
  readonly #fail = (error: unknown) => this.#leave().fail(error);

  constructor(free: PromiseFollower[]) {
    this.#free = free;
  }

  follow(job: TaskJob, result: Promise<unknown>): void {
    this.#job = job;
    then.call(result, this.#finish, this.#fail);
  }

  #leave(): TaskJob {
    const job = this.#job!;
    this.#job = undefined;
    this.#free.push(this);
    return job;
  }
}

/** A map, as the runner knows it that has its items done. */
export interface JobSource extends MapSource {
  /** Ask the items that run to stop. */
  stopRunning(error: CancelledError): void;
}

/** A call of which a runner knows as long as it runs. */
export interface RunningCall {
  /** For the runner: the slot of the call among those that run. */
  runningSlot: number;
  /** The pool is terminated: the call is to stop, and its caller hears of it at once. */
  stop(error: CancelledError): void;
}

class RunningCalls extends SlotQueue<RunningCall> {
  protected override slotOf(call: RunningCall): number {
    return call.runningSlot;
  }

  protected override setSlot(call: RunningCall, slot: number): void {
    call.runningSlot = slot;
  }
}

/** How often jobs may be begun. */
export interface StartRate {
  max: number;
  perMs: number;
}

/** What a runner is made of. */
export interface RunnerOptions {
  maxWorkers: number;
  maxQueue: number;
  rate: StartRate | undefined;
  name: string | undefined;
}

/** How many jobs ended in which way. */
export type JobCounts = Pick<PoolStats, "completed" | "failed" | "cancelled">;

/**
 * Runs jobs as tasks, so many at a time, and knows when all is done.
 *
 * ```text
 * add -> [waiting, by priority] -> begin, if there is room, it is not paused, and the rate allows it
 * ```
 */
export class TaskRunner {
  readonly counts: JobCounts = { completed: 0, failed: 0, cancelled: 0 };
  /** The calls that run; the items of maps are known to their maps. */
  readonly calls: SlotQueue<RunningCall> = new RunningCalls();
  readonly #name: string | undefined;
  readonly #maxQueue: number;
  readonly #starts: SlidingWindow | undefined;
  /** The jobs that were begun, and whose start is reserved until they have their turn. */
  readonly #starting = new Set<TaskJob>();
  readonly #waiting: TaskQueue<TaskJob> = new TaskQueue();
  readonly #free: PromiseFollower[] = [];
  readonly #sources = new Set<JobSource>();
  #maxWorkers: number;
  #running = 0;
  #started = 0;
  #paused = false;
  #closed = false;
  /** Whether a map would have taken another item, and there was no room for it in the queue. */
  #roomWanted = false;
  #idle: Future<void> | undefined;

  constructor({ maxWorkers, maxQueue, rate, name }: RunnerOptions) {
    this.#maxWorkers = maxWorkers;
    this.#maxQueue = maxQueue;
    this.#name = name;
    if (rate !== undefined) this.#starts = new SlidingWindow(rate.max, rate.perMs);
  }

  /** How many jobs may run at a time. */
  get maxWorkers(): number {
    return this.#maxWorkers;
  }
  set maxWorkers(maxWorkers: number) {
    this.#maxWorkers = maxWorkers;
    this.#roomWanted = true;
    this.proceed();
  }

  /** How many jobs run. */
  get running(): number {
    return this.#running;
  }

  /** How many jobs wait for their turn. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Whether the runner takes no new work. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The name of the pool. */
  get name(): string | undefined {
    return this.#name;
  }

  /** In which state the pool is, where that is worth a word. */
  get state(): string[] {
    return this.#closed ? ["shut down"] : this.#paused ? ["paused"] : [];
  }

  /** How errors call the pool. */
  get #title(): string {
    return this.#name === undefined ? "the pool" : `pool "${this.#name}"`;
  }

  /** Refuse new work once the runner is closed. */
  checkOpen(what: string): void {
    if (!this.#closed) return;
    throw new InvalidStateError(`Cannot ${what}: ${this.#title} is shut down`);
  }

  /** The error for one job more, if it would have to wait and there is no room for it. */
  fullError(what: string): QueueFull | undefined {
    if (this.hasRoom()) return undefined;
    const { size } = this.#waiting;
    return new QueueFull(
      `Cannot ${what}: the queue of ${this.#title} is full, ${showWaiting(size)} already`,
    );
  }

  /** Whether a job could begin or wait. A map that hears "no" is told when there is room. */
  hasRoom(): boolean {
    const { size } = this.#waiting;
    const room = size < this.#maxQueue || (size === 0 && this.#couldBegin());
    if (!room) this.#roomWanted = true;
    return room;
  }

  /** Run a job now if there is room, and else in its turn. */
  add(job: TaskJob): void {
    if (this.#waiting.size === 0 && this.#mayBegin(job)) return this.#begin(job);
    this.#waiting.add(job);
    if (this.#waiting.size === 1) this.#awaitStart();
  }

  /** Take back a job that waits; `false` if it does not. */
  withdraw(job: TaskJob): boolean {
    if (!this.#waiting.remove(job)) return false;
    if (this.#waiting.size === 0) this.#starts?.stop();
    this.#giveRoom();
    this.#finishIfDone();
    return true;
  }

  /** Begin nothing until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /** Begin what waits. */
  resume(): void {
    this.#paused = false;
    this.proceed();
  }

  /** For jobs: the name of a task, or its number where the pool has none. */
  nameOf(number: number): string | number {
    return this.#name === undefined ? number : `${this.#name}-${number}`;
  }

  /** For jobs: what calls one back when its promise settles. */
  follower(): PromiseFollower {
    return this.#free.pop() ?? new PromiseFollower(this.#free);
  }

  /** For jobs: one that was begun has its turn. */
  started(job: TaskJob): void {
    if (this.#starts === undefined || !this.#starting.delete(job)) return;
    this.#starts.use(1);
    this.#awaitStart();
  }

  /** For jobs: one has ended. */
  vacate(job: TaskJob): void {
    this.#running--;
    // One that was cancelled before it had its turn has cost nothing.
    if (this.#starts !== undefined && this.#starting.delete(job)) this.#starts.giveBack(1);
  }

  /** For jobs: begin what there is room for. */
  proceed(): void {
    if (this.#waiting.size > 0) this.#beginWaiting();
    this.#giveRoom();
    this.#finishIfDone();
  }

  /** A map has begun. */
  enter(source: JobSource): void {
    this.#sources.add(source);
  }

  /** A map makes no more jobs. */
  leave(source: JobSource): void {
    if (this.#sources.delete(source)) this.#finishIfDone();
  }

  /** Take no new work, and call off what waits or have it done, also if the pool is paused. */
  close(cancelFutures = false): void {
    const sources = this.#closed ? [] : [...this.#sources];
    this.#closed = true;
    if (cancelFutures) this.#cancelWaiting(cancelledError("The pool was shut down"));
    for (const source of sources) source.onClosing();
    this.resume();
  }

  /** Call off everything. */
  terminate(): void {
    this.#closed = true;
    const error = cancelledError("The pool was terminated");
    this.#cancelWaiting(error);
    for (const source of [...this.#sources]) source.stopRunning(error);
    for (const call of [...this.calls]) call.stop(error);
  }

  /** When nothing runs, nothing waits, and no map goes on making jobs. */
  whenIdle(): Promise<void> {
    const fiber = currentScope()?.fiber;
    if (fiber instanceof TaskJob && fiber.runner === this) {
      const message = "Cannot wait for a pool: this is one of its own calls";
      return Promise.reject(new InvalidStateError(message));
    }
    return this.#done ? noWait(undefined) : shield(this.#idle ??= new Future());
  }

  /** Call off everything that has not begun. */
  #cancelWaiting(error: CancelledError): void {
    for (const source of [...this.#sources]) source.onCancelled(error);
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      job.cancelled(error);
    }
    this.#starts?.stop();
    this.#finishIfDone();
  }

  get #done(): boolean {
    return this.#running === 0 && this.#waiting.size === 0 && this.#sources.size === 0;
  }

  #couldBegin(): boolean {
    if (this.#paused || this.#running >= this.#maxWorkers) return false;
    return this.#starts === undefined || this.#starts.available > 0;
  }

  #mayBegin(job: TaskJob): boolean {
    if (this.#paused || this.#running >= this.#maxWorkers) return false;
    if (this.#starts === undefined) return true;
    if (!this.#starts.reserve(1)) return false;
    this.#starting.add(job);
    return true;
  }

  #begin(job: TaskJob): void {
    this.#running++;
    job.begin(this.#name === undefined ? taskInternals.number() : ++this.#started);
  }

  #beginWaiting(): void {
    while (this.#couldBegin()) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#mayBegin(job);
      this.#begin(job);
    }
    this.#awaitStart();
  }

  /** If the rate alone is in the way of the next job, begin it in time. */
  #awaitStart(): void {
    const starts = this.#starts;
    if (starts === undefined || this.#waiting.size === 0) return;
    if (this.#paused || this.#running >= this.#maxWorkers) starts.stop();
    else starts.whenFits(1, () => runTimer(() => this.proceed()));
  }

  /** Let maps read on that found no room. */
  #giveRoom(): void {
    if (!this.#roomWanted || !this.hasRoom()) return;
    this.#roomWanted = false;
    for (const source of [...this.#sources]) source.onRoom();
  }

  #finishIfDone(): void {
    if (this.#idle === undefined || !this.#done) return;
    futureInternals.resolve(this.#idle, undefined);
    this.#idle = undefined;
  }
}
