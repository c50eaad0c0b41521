import { CancelledError } from "../../task_errors.ts";
import { Deque } from "../../base/deque.ts";
import { now } from "../../base/clock.ts";
import { probeWith } from "../../task/cancel_requested.ts";
import { futureInternals } from "../../core/future.ts";
import { taskInternals } from "../../core/task.ts";
import type { CallTable } from "../call_table.ts";
import type { Handshake } from "../../wire/resource_sharer.ts";
import type { FunctionRef } from "../../wire/function_ref.ts";
import { type EncodedError, type Refusal, unpack } from "../../wire/packing.ts";
import {
  type FromWorker,
  FromWorkerKind,
  type List,
  type ToWorker,
  ToWorkerKind,
} from "../protocol.ts";
import { ChunkJob } from "./chunk_job.ts";
import { explain, FunctionTable, resolve } from "./function_table.ts";
import { encodeThrown, sendValue } from "./send_value.ts";
import { StreamJob } from "./stream_job.ts";
import { CallJob, type JobHost, refuseGenerator, type WorkerJob } from "./worker_job.ts";

/** What the worker's half has to know of where it runs. */
export interface WorkerEnvironment {
  /** Send a message to the pool. Throws if it cannot be cloned; then nothing was sent. */
  send(message: FromWorker, transfer?: Transferable[]): void;
  /** Where the calls stand. The pool announces calls on it, or whoever receives the messages. */
  table: CallTable;
  /** Whether the pool sees the table, too. */
  sharesMemory: boolean;
  /** Load the classes of the shared objects, if there can be any. */
  loadSharedTypes?: () => Promise<unknown>;
  /** Get to know other threads. Called once the shared types are loaded. */
  join?: (handshake: Handshake) => void;
  /** Makes the error for a shared object, where none can cross. */
  refuse?: Refusal;
  /** Look for a moment whether something is there, and then go on. Without it nobody looks. */
  spin?: (there: () => boolean, goOn: () => void) => void;
}

/** The worker's half: it runs calls one after another, each as a task. */
export class WorkerSide implements JobHost {
  readonly refuse: Refusal | undefined;
  readonly #environment: WorkerEnvironment;
  readonly #table: CallTable;
  readonly #functions = new FunctionTable();
  readonly #waiting = new Deque<WorkerJob>();
  #current: WorkerJob | undefined;
  #ready = false;
  #since = 0;
  #timePerCall = 0;
  #sharedTypes: Promise<unknown> | undefined;
  /** The trace of a call that is about to come. */
  #trace: [kind: unknown, call: number, traceparent: string] | undefined;

  constructor(environment: WorkerEnvironment) {
    this.#environment = environment;
    this.#table = environment.table;
    this.refuse = environment.refuse;
    probeWith(() => this.#current !== undefined && this.#table.stopped(this.#current.call));
  }

  /** Take a message from the pool. */
  receive(message: ToWorker): void {
    // What was handed over before the message was posted goes first.
    this.#takeHanded();
    this.#table.received();
    switch (message[0]) {
      case ToWorkerKind.Init:
        this.#init(message[2], message[3]);
        return;
      case ToWorkerKind.Define:
        this.#functions.define(message[1], message[2]);
        return;
      case ToWorkerKind.Calls:
        for (let i = 1; i < message.length; i += 3) {
          const entry = this.#functions.get(message[i + 1] as number);
          this.#add(new CallJob(this, message[i] as number, entry, message[i + 2] as List));
        }
        return;
      case ToWorkerKind.Chunk: {
        const [, call, fn, items, spread] = message;
        this.#add(new ChunkJob(this, call, this.#functions.get(fn), items, spread));
        return;
      }
      case ToWorkerKind.Stream: {
        const [, call, fn, args, credit] = message;
        this.#add(new StreamJob(this, call, this.#functions.get(fn), args, credit));
        return;
      }
      case ToWorkerKind.Pull:
        if (this.#current?.call === message[1]) (this.#current as StreamJob).pull(message[2]);
        return;
      case ToWorkerKind.Cancel:
        if (this.#current?.call !== message[1]) return;
        this.#current.cancel(unpack(message[2]) as CancelledError);
        return;
      case ToWorkerKind.Forget:
        this.#functions.clear();
        return;
      case ToWorkerKind.Handshake: {
        const [, ...handshake] = message;
        void this.loadSharedTypes().then(() => this.#environment.join?.(handshake));
        return;
      }
      case ToWorkerKind.Trace:
        this.#trace = message;
    }
  }

  /** Say that an error came up that no call caught, after which this worker is not to be trusted. */
  crash(error: unknown): void {
    this.send([FromWorkerKind.Crashed, this.encode(error)]);
  }

  /** Whether the call was asked to stop, as the shared memory has it. */
  stopped(call: number): boolean {
    return this.#table.stopped(call);
  }

  /** The job in hand is over. */
  ended(): void {
    this.#current = undefined;
    const at = now();
    const ms = at - this.#since;
    this.#since = at;
    this.#timePerCall = this.#timePerCall === 0 ? ms : this.#timePerCall * 0.75 + ms * 0.25;
    this.#table.timePerCall = this.#timePerCall;
  }

  /** Begin what waits longest, or what comes in a moment. */
  next(): void {
    this.#begin();
    if (this.#current === undefined && this.#table.attentive) this.#look();
  }

  /** Begin what waits longest, if nothing is being done. */
  #begin(): void {
    while (this.#current === undefined) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const claim = this.#table.claim(job.call);
      if (claim === "mine") {
        this.#current = job;
        job.start();
      } else if (claim === "stopped") {
        job.failed(new CancelledError("The task was cancelled"), true);
      }
    }
  }

  /** Be able to receive shared objects. */
  loadSharedTypes(): Promise<unknown> {
    return this.#sharedTypes ??= this.#environment.loadSharedTypes?.() ?? Promise.resolve();
  }

  /** Send a message. */
  send(message: FromWorker, transfer?: Transferable[]): void {
    this.#environment.send(message, transfer);
  }

  /** Tell the pool what a call gave. */
  sendResult(call: number, value: unknown): void {
    if (this.#environment.sharesMemory) {
      // While the pool has a message to read, what is plain needs none of its own.
      const plain = this.#table.put(call, value);
      const due = this.#table.ringDoorbell();
      if (plain) {
        if (due) this.send(FromWorkerKind.Doorbell);
        return;
      }
    }
    try {
      if (typeof value === "object" && value !== null) refuseGenerator(value);
      sendValue(this, FromWorkerKind.Done, call, value);
    } catch (error) {
      this.send([FromWorkerKind.Failed, call, this.encode(error), false]);
    }
  }

  /** Tell the pool what a generator yielded. */
  sendValue(call: number, value: unknown): void {
    sendValue(this, FromWorkerKind.Yielded, call, value);
  }

  /** Make an error, or whatever was thrown, ready to be sent. */
  encode(error: unknown): EncodedError {
    return encodeThrown(error);
  }

  #add(job: WorkerJob): void {
    if (this.#trace?.[1] === job.call) {
      job.traceparent = this.#trace[2];
      this.#trace = undefined;
    }
    this.#waiting.push(job);
    if (!this.#ready || this.#current !== undefined) return;
    this.#since = now();
    this.#begin();
  }

  /** Look for a call that comes by memory. */
  #look(): void {
    const { spin } = this.#environment;
    if (spin === undefined) return;
    this.#table.open();
    spin(() => this.#table.handed, () => this.#takeHanded());
  }

  #takeHanded(): void {
    const handed = this.#table.close();
    if (handed === undefined) return;
    const { call, fn, args } = handed;
    this.#add(new CallJob(this, call, this.#functions.get(fn), args));
  }

  #init(initializer: FunctionRef | null, list: List): void {
    if (initializer === null) return this.#takeCalls();
    this.#table.initializing = true;
    const task = taskInternals.create(async () => {
      const callee = await resolve({ ref: initializer, callee: undefined });
      if (!Array.isArray(list)) await this.loadSharedTypes();
      const args = Array.isArray(list) ? list : unpack(list) as unknown[];
      await callee(...args);
    });
    futureInternals.subscribe(task, {
      run: () => {
        this.#table.initializing = false;
        const error = futureInternals.error(task);
        if (task.cancelled() || futureInternals.failed(task)) {
          this.send([FromWorkerKind.InitFailed, this.encode(explain(error, initializer))]);
        } else this.#takeCalls();
      },
    });
  }

  /** From here on it takes calls. */
  #takeCalls(): void {
    this.#ready = true;
    this.send([FromWorkerKind.Ready]);
    this.#since = now();
    this.#begin();
  }
}
