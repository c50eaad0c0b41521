import { type CancelledError, InvalidStateError } from "../../errors.ts";
import { LinkedList } from "../../base/linked_list.ts";
import { currentRealm, currentScope, type Realm } from "../../task/context.ts";
import { Future, internals } from "../../task/future.ts";
import type { Handle } from "../../task/ready_queue.ts";
import { cancelledError } from "../../task/scope.ts";
import { shield } from "../../task/shield.ts";
import { type Coroutine, type Task, taskInternals, type TaskOptions } from "../../task/task.ts";
import { TaskLine, Waiting } from "./task_line.ts";

/** Something to run as a task, once there is room for it. */
export abstract class TaskJob extends Waiting implements Handle {
  readonly runner: TaskRunner;
  readonly #realm: Realm;
  #task: Task<unknown> | undefined = undefined;

  constructor(runner: TaskRunner, priority: number, realm: Realm = currentRealm()) {
    super(priority);
    this.runner = runner;
    this.#realm = realm;
  }

  /** Start its task; the runner does that. */
  begin(options: TaskOptions | undefined): void {
    const task = taskInternals.create(this.coroutine(), options, this.#realm);
    this.#task = task;
    internals.subscribe(task, this);
  }

  /** Ask its task to stop, if it has one. */
  stopTask(error: CancelledError): void {
    if (this.#task !== undefined) internals.stop(this.#task, error);
  }

  /** Its task, while it runs. */
  get task(): Task<unknown> | undefined {
    return this.#task;
  }

  run(): void {
    const task = this.#task!;
    this.#task = undefined;
    this.runner.vacate(this);
    this.onEnded(task);
    this.runner.proceed();
  }

  /** What its task runs. */
  protected abstract coroutine(): Coroutine<unknown>;
  /** Its task has ended. */
  protected abstract onEnded(task: Task<unknown>): void;
  /** It is called off before it was begun. */
  abstract onCancelled(error: CancelledError): void;
}

/** Something that goes on making jobs: a `map` under way. */
export interface TaskSource {
  /** The pool takes no new work: finish what there is to finish. */
  onClosing(): void;
  /** Begin nothing more. */
  onCancelled(error: CancelledError): void;
}

/** Runs jobs as tasks, so many at a time, and knows when all is done. */
export class TaskRunner {
  readonly maxWorkers: number;
  readonly #name: string | undefined;
  readonly #line: TaskLine<TaskJob> = new TaskLine();
  readonly #running: LinkedList<TaskJob> = new LinkedList();
  readonly #sources = new Set<TaskSource>();
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
    if (this.#running.size < this.maxWorkers && this.#line.size === 0) this.#begin(job);
    else this.#line.add(job);
  }

  /** Take back a job that waits; `false` if it does not. */
  withdraw(job: TaskJob): boolean {
    if (!this.#line.remove(job)) return false;
    this.#wind();
    return true;
  }

  /** For jobs: this one's task has ended. */
  vacate(job: TaskJob): void {
    this.#running.remove(job);
  }

  /** For jobs: begin what there is room for. */
  proceed(): void {
    while (this.#running.size < this.maxWorkers) {
      const job = this.#line.shift();
      if (job === undefined) break;
      this.#begin(job);
    }
    this.#wind();
  }

  /** Something that makes jobs has begun. */
  enter(source: TaskSource): void {
    this.#sources.add(source);
  }

  /** It makes no more. */
  leave(source: TaskSource): void {
    if (this.#sources.delete(source)) this.#wind();
  }

  /** Take no new work. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const source of [...this.#sources]) source.onClosing();
    this.#wind();
  }

  /** Call off everything that has not begun. */
  cancelWaiting(): void {
    const error = cancelledError("The pool was shut down");
    for (const source of [...this.#sources]) source.onCancelled(error);
    for (let job = this.#line.shift(); job !== undefined; job = this.#line.shift()) {
      job.onCancelled(error);
    }
    this.#wind();
  }

  /** Once closed: when everything is done. */
  async whenEnded(): Promise<void> {
    const task = currentScope()?.task;
    for (const job of this.#running) {
      if (task === undefined || job.task !== task) continue;
      throw new InvalidStateError("Cannot wait for a pool: this is one of its own calls");
    }
    this.#ended ??= new Future();
    this.#wind();
    await shield(this.#ended);
  }

  #begin(job: TaskJob): void {
    this.#running.append(job);
    const name = this.#name;
    job.begin(name === undefined ? undefined : { name: `${name}-${++this.#started}` });
  }

  #wind(): void {
    if (this.#ended === undefined) return;
    if (this.#running.size === 0 && this.#line.size === 0 && this.#sources.size === 0) {
      internals.resolve(this.#ended, undefined);
    }
  }
}
