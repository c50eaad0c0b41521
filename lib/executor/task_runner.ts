import { type CancelledError, InvalidStateError } from "../errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import {
  contextSnapshot,
  currentRunContext,
  currentScope,
  type RunContext,
} from "../core/context.ts";
import { Fiber } from "../core/fiber.ts";
import { Future, futureInternals } from "../core/future.ts";
import { cancelledError } from "../core/cancel_scope.ts";
import { shield } from "../task/shield.ts";
import { type Task, taskInternals } from "../core/task.ts";
import type { MapSource } from "./map_output.ts";
import { TaskQueue, type Waiting } from "./task_queue.ts";

/**
 * Something to run as a task, once there is room for it. What users see of it as a task is made
 * when they look: most items of a `map` never do.
 */
export abstract class TaskJob extends Fiber implements Waiting {
  readonly priority: number;
  inHeap = false;
  readonly runner: TaskRunner;
  #number = 0;
  #task: Task<unknown> | undefined = undefined;

  constructor(
    runner: TaskRunner,
    priority: number,
    runContext: RunContext = currentRunContext(),
    around: ContextSnapshot = contextSnapshot(),
  ) {
    super(runContext, around);
    this.runner = runner;
    this.priority = priority;
  }

  get task(): Task<unknown> {
    if (this.#task === undefined) {
      this.#task = taskInternals.show(this, this.runner.nameOf(this.#number));
      futureInternals.look(this.#task);
    }
    return this.#task;
  }

  /** Start it; the runner does that. `number`: that of its task. */
  begin(number: number): void {
    this.#number = number;
    this.enter();
  }

  /** It has a result. */
  protected abstract succeeded(value: unknown): void;
  /** It has failed. */
  protected abstract failed(error: unknown): void;
  /** Its task was cancelled, or it is called off before it was begun. */
  abstract cancelled(error: CancelledError): void;

  protected override follow(result: PromiseLike<unknown>): void {
    // What `await` would look at, too: only a promise of the language calls back just once.
    if (result instanceof Promise && result.constructor === Promise) {
      this.runner.follower().follow(this, result);
    } else super.follow(result);
  }

  protected override onValue(value: unknown): void {
    this.runner.vacate();
    if (this.#task !== undefined) futureInternals.resolve(this.#task, value);
    this.succeeded(value);
    this.runner.proceed();
  }

  protected override onFailure(error: unknown): void {
    this.runner.vacate();
    if (this.#task !== undefined) futureInternals.reject(this.#task, error);
    this.failed(error);
    this.runner.proceed();
  }

  protected override onCancelled(error: CancelledError): void {
    this.runner.vacate();
    if (this.#task !== undefined) futureInternals.abandon(this.#task, error);
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

/** Runs jobs as tasks, so many at a time, and knows when all is done. */
export class TaskRunner {
  readonly maxWorkers: number;
  readonly #name: string | undefined;
  readonly #waiting: TaskQueue<TaskJob> = new TaskQueue();
  #running = 0;
  readonly #free: PromiseFollower[] = [];
  readonly #sources = new Set<MapSource>();
  #started = 0;
  #closed = false;
  #ended: Future<void> | undefined;

  constructor(maxWorkers: number, name: string | undefined) {
    this.maxWorkers = maxWorkers;
    this.#name = name;
  }

  /** Refuse new work once it is shut down. */
  checkOpen(what: string): void {
    if (!this.#closed) return;
    const pool = this.#name === undefined ? "the pool" : `pool "${this.#name}"`;
    throw new InvalidStateError(`Cannot ${what}: ${pool} is shut down`);
  }

  /** Run it now if there is room, and else in its turn. */
  add(job: TaskJob): void {
    if (this.#running < this.maxWorkers && this.#waiting.size === 0) this.#begin(job);
    else this.#waiting.add(job);
  }

  /** Take back a job that waits; `false` if it does not. */
  withdraw(job: TaskJob): boolean {
    if (!this.#waiting.remove(job)) return false;
    this.#finishIfDone();
    return true;
  }

  /** For jobs: the name of a task, or its number where the pool has none. */
  nameOf(number: number): string | number {
    return this.#name === undefined ? number : `${this.#name}-${number}`;
  }

  /** For jobs: what calls one back when its promise settles. */
  follower(): PromiseFollower {
    return this.#free.pop() ?? new PromiseFollower(this.#free);
  }

  /** For jobs: one has ended. */
  vacate(): void {
    this.#running--;
  }

  /** For jobs: begin what there is room for. */
  proceed(): void {
    while (this.#running < this.maxWorkers) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      this.#begin(job);
    }
    this.#finishIfDone();
  }

  /** A map has begun. */
  enter(source: MapSource): void {
    this.#sources.add(source);
  }

  /** A map makes no more jobs. */
  leave(source: MapSource): void {
    if (this.#sources.delete(source)) this.#finishIfDone();
  }

  /** Take no new work. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const source of [...this.#sources]) source.onClosing();
    this.#finishIfDone();
  }

  /** Call off everything that has not begun. */
  cancelWaiting(): void {
    const error = cancelledError("The pool was shut down");
    for (const source of [...this.#sources]) source.onCancelled(error);
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      job.cancelled(error);
    }
    this.#finishIfDone();
  }

  /** Once closed: when everything is done. */
  async whenEnded(): Promise<void> {
    const fiber = currentScope()?.fiber;
    if (fiber instanceof TaskJob && fiber.runner === this) {
      throw new InvalidStateError("Cannot wait for a pool: this is one of its own calls");
    }
    this.#ended ??= new Future();
    this.#finishIfDone();
    await shield(this.#ended);
  }

  #begin(job: TaskJob): void {
    this.#running++;
    job.begin(this.#name === undefined ? taskInternals.number() : ++this.#started);
  }

  #finishIfDone(): void {
    if (this.#ended === undefined) return;
    if (this.#running === 0 && this.#waiting.size === 0 && this.#sources.size === 0) {
      futureInternals.resolve(this.#ended, undefined);
    }
  }
}
