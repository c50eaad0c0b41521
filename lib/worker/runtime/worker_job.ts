import type { CancelledError } from "../../task_errors.ts";
import { futureInternals } from "../../core/future.ts";
import { instruments } from "../../core/instrument.ts";
import type { Handle } from "../../core/scheduler.ts";
import { type Coroutine, type Task, taskInternals } from "../../core/task.ts";
import { ensureFuture } from "../../task/ensure_future.ts";
import { type EncodedError, type Refusal, unpack } from "../../wire/packing.ts";
import { type FromWorker, FromWorkerKind, type List } from "../protocol.ts";
import { type Callee, type Entry, explain, resolve } from "./function_table.ts";

/** What a job needs of the worker that runs it. */
export interface JobHost {
  /** Makes the error for a shared object, where none can cross. */
  readonly refuse: Refusal | undefined;
  /** Whether a call was asked to stop, as the shared memory has it. */
  stopped(call: number): boolean;
  /** The job in hand is over … */
  ended(): void;
  /** … and has said so: begin what waits longest. */
  next(): void;
  /** Be able to receive shared objects. */
  loadSharedTypes(): Promise<unknown>;
  /** Make an error, or whatever was thrown, ready to be sent. */
  encode(error: unknown): EncodedError;
  /** Send a message to the pool. */
  send(message: FromWorker, transfer?: Transferable[]): void;
  /** Tell the pool what a call gave. */
  sendResult(call: number, value: unknown): void;
  /** Tell the pool what a generator yielded. */
  sendValue(call: number, value: unknown): void;
}

/** Something to run: a call, a chunk of a map, a stream. It runs as a task. */
export abstract class WorkerJob implements Handle {
  /** What the pool knows it by. */
  readonly call: number;
  protected readonly host: JobHost;
  protected readonly entry: Entry;
  protected readonly list: List;
  protected task: Task<unknown> | undefined;
  /** The trace that it is part of, if it is part of one. */
  traceparent: string | undefined;

  constructor(host: JobHost, call: number, entry: Entry, list: List) {
    this.host = host;
    this.call = call;
    this.entry = entry;
    this.list = list;
  }

  /** Begin; its host is told when it is over. */
  start(): void {
    const coro: Coroutine<unknown> = () => {
      const callee = resolve(this.entry);
      const { list } = this;
      if (typeof callee === "function" && Array.isArray(list)) return this.#run(callee, list);
      return this.#prepare(callee, list);
    };
    const { ref } = this.entry;
    const name = "name" in ref ? ref.name : "";
    const task = taskInternals.create(coro, name === "" ? undefined : { name });
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
    this.host.ended();
    if (failed) this.failed(futureInternals.error(task), task.cancelled());
    else this.done(task.result());
    this.host.next();
  }

  /** What it does, in its task. */
  protected abstract body(callee: Callee, list: unknown[]): unknown;
  /** It ended well: tell the pool. */
  protected abstract done(value: unknown): void;
  /** It failed: tell the pool. */
  abstract failed(error: unknown, cancelled: boolean): void;

  async #prepare(callee: Callee | Promise<Callee>, list: List): Promise<unknown> {
    const ready = typeof callee === "function" ? callee : await ensureFuture(callee);
    if (Array.isArray(list)) return await this.#run(ready, list);
    await ensureFuture(this.host.loadSharedTypes());
    return await this.#run(ready, unpack(list) as unknown[]);
  }

  #run(callee: Callee, list: unknown[]): unknown {
    const { traceparent } = this;
    const hooks = traceparent === undefined ? undefined : instruments();
    if (hooks === undefined) return this.body(callee, list);
    return hooks.aroundCall(traceparent!, () => this.body(callee, list));
  }
}

/** One call of a function. */
export class CallJob extends WorkerJob {
  protected body(callee: Callee, args: unknown[]): unknown {
    return callee(...args);
  }

  protected done(value: unknown): void {
    this.host.sendResult(this.call, value);
  }

  failed(error: unknown, cancelled: boolean): void {
    const encoded = this.host.encode(explain(error, this.entry.ref));
    this.host.send([FromWorkerKind.Failed, this.call, encoded, cancelled]);
  }
}

/** Refuse a generator, which is no result: it belongs to `stream`. */
export function refuseGenerator(value: object): void {
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (tag !== "Generator" && tag !== "AsyncGenerator") return;
  throw new TypeError("Cannot send the result: it is a generator; use stream for its values");
}
