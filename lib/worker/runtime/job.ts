import type { CancelledError } from "../../errors.ts";
import { futureInternals } from "../../core/future.ts";
import type { Handle } from "../../core/scheduler.ts";
import { type Coroutine, type Task, taskInternals } from "../../core/task.ts";
import { ensureFuture } from "../../task/ensure_future.ts";
import { unpack } from "../../wire/packing.ts";
import type { List } from "../protocol.ts";
import { type Callee, type Entry, resolve } from "./function_table.ts";
import type { WorkerSide } from "./worker_side.ts";

/** Something to run: a call, a chunk of a map, a stream. It runs as a task. */
export abstract class Job implements Handle {
  /** What the pool knows it by. */
  readonly call: number;
  protected readonly side: WorkerSide;
  protected readonly entry: Entry;
  protected readonly list: List;
  protected task: Task<unknown> | undefined;

  constructor(side: WorkerSide, call: number, entry: Entry, list: List) {
    this.side = side;
    this.call = call;
    this.entry = entry;
    this.list = list;
  }

  /** Begin; `ended` is called once it is over. */
  start(): void {
    const coro: Coroutine<unknown> = () => {
      const callee = resolve(this.entry);
      const { list } = this;
      if (typeof callee === "function" && Array.isArray(list)) return this.body(callee, list);
      return this.#prepare(callee, list);
    };
    const task = taskInternals.create(coro);
    this.task = task;
    futureInternals.subscribe(task, this);
  }

  /** Ask it to stop. */
  cancel(error: CancelledError): void {
    if (this.task !== undefined) futureInternals.stop(this.task, error);
  }

  run(): void {
    const task = this.task!;
    const failed = task.cancelled() || futureInternals.failed(task);
    this.side.ended(this);
    if (failed) this.failed(futureInternals.error(task), task.cancelled());
    else this.done(task.result());
    this.side.next();
  }

  /** What it does, in its task. */
  protected abstract body(callee: Callee, list: unknown[]): unknown;
  /** It ended well: tell the pool. */
  protected abstract done(value: unknown): void;
  /** It failed: tell the pool. */
  abstract failed(error: unknown, cancelled: boolean): void;

  async #prepare(callee: Callee | Promise<Callee>, list: List): Promise<unknown> {
    const ready = typeof callee === "function" ? callee : await ensureFuture(callee);
    if (Array.isArray(list)) return await this.body(ready, list);
    await ensureFuture(this.side.loadSharedTypes());
    return await this.body(ready, unpack(list) as unknown[]);
  }
}
