/**
 * Workers that live in this thread: the real worker side behind a real message channel, so that
 * everything is cloned, and what a thread does by itself, dying above all, is done by the test.
 *
 * @module
 */
import { CallTable } from "../../lib/worker/call_table.ts";
import type { Host, HostedWorker, WorkerListener } from "../../lib/worker/hosts/host.ts";
import type { CallOptions, MapOptions } from "../../lib/executor/executor.ts";
import type { FromWorker, ToWorker } from "../../lib/worker/protocol.ts";
import { PoolExecutor } from "../../lib/worker/pool/pool_executor.ts";
import { type CommonPoolOptions, readPoolOptions } from "../../lib/worker/pool/options.ts";
import { Pool } from "../../lib/worker/pool/pool.ts";
import { WorkerSide } from "../../lib/worker/runtime/worker_side.ts";
import type { Future, MapResult } from "../../mod.ts";

/** In a loopback worker it is the test that says whether it looks for calls. */
class LoopbackTable extends CallTable {
  looks = false;

  override get attentive(): boolean {
    return this.looks;
  }

  override set attentive(_attentive: boolean) {}
}

/** A worker in this thread. */
export class LoopbackWorker implements HostedWorker {
  readonly name: string;
  readonly table = new LoopbackTable();
  /** What was posted to it, in order. */
  readonly posted: ToWorker[] = [];
  /** Whether it is to hold the program alive. */
  held = true;
  /** Whether the pool has ended it. */
  killed = false;
  /** If it looks for its next call: ends that. */
  looked: (() => void) | undefined;
  readonly #port: MessagePort;
  readonly #inner: MessagePort;
  readonly #listener: WorkerListener;
  readonly #stubborn: () => boolean;
  #side: WorkerSide | undefined;
  #gone = false;

  constructor(name: string, listener: WorkerListener, stubborn: () => boolean) {
    const { port1, port2 } = new MessageChannel();
    this.name = name;
    this.#port = port1;
    this.#inner = port2;
    this.#listener = listener;
    this.#stubborn = stubborn;
    port1.onmessage = (event) => {
      if (!this.#gone) listener.onMessage(event.data);
    };
  }

  /** Begin to take messages. */
  boot(): void {
    const side = new WorkerSide({
      send: (message, transfer = []) => this.#inner.postMessage(message, transfer),
      table: this.table,
      sharesMemory: true,
      spin: (_there, goOn) => {
        this.looked = () => {
          this.looked = undefined;
          if (!this.#gone && !this.killed) goOn();
        };
      },
    });
    this.#side = side;
    this.#inner.onmessage = (event) => {
      if (!this.#gone && !this.killed) side.receive(event.data);
    };
  }

  /** From here on it looks for its next call before it sleeps, until `looked` is called; or not. */
  set looks(looks: boolean) {
    this.table.looks = looks;
    if (!looks) this.looked?.();
  }

  /** Report an error that no call caught. */
  crash(error: unknown): void {
    this.#side!.crash(error);
  }

  /** Send the pool a message of the test's making. */
  say(message: FromWorker): void {
    this.#listener.onMessage(message);
  }

  /** Die. */
  die(cause?: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#port.close();
    this.#inner.close();
    this.#listener.onExit(cause);
  }

  post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
    this.table.posted();
    this.posted.push(message);
  }

  ref(): void {
    this.held = true;
  }

  unref(): void {
    this.held = false;
  }

  kill(): void {
    this.killed = true;
    this.held = false;
    if (!this.#stubborn()) queueMicrotask(() => this.die());
  }
}

/** Starts workers in this thread. */
export class LoopbackHost implements Host {
  readonly sharesMemory = true;
  killsBusy = false;
  /** Every worker it has started. */
  readonly workers: LoopbackWorker[] = [];
  /** Whether workers boot by themselves. */
  boots = true;
  /** Whether workers that are killed live on. */
  stubborn = false;
  /** What starting a worker throws. */
  refusal: Error | undefined;

  spawn(name: string, listener: WorkerListener): HostedWorker {
    if (this.refusal !== undefined) throw this.refusal;
    const worker = new LoopbackWorker(name, listener, () => this.stubborn);
    this.workers.push(worker);
    if (this.boots) worker.boot();
    return worker;
  }

  /** Those that are neither killed nor dead. */
  get living(): LoopbackWorker[] {
    return this.workers.filter((worker) => !worker.killed);
  }
}

/** A pool on a loopback host, with the verbs of `WorkerPool`. */
export class LoopbackPool {
  readonly host = new LoopbackHost();
  readonly executor: PoolExecutor;

  constructor(options: number | CommonPoolOptions = 1) {
    const settings = readPoolOptions("create a pool", "Loopback", options);
    this.executor = new PoolExecutor(new Pool(this.host, settings));
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return this.executor.submit(fn, args, this.submit) as Future<Awaited<R>>;
  }

  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>> {
    return this.executor.apply(fn, args, options, this.apply) as Future<Awaited<R>>;
  }

  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
    kind = { ordered: true, spread: false },
  ): MapResult<Awaited<R>> {
    const run = this.executor.map("map", fn, items, options, kind, this.map);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
  }

  stream<R>(fn: () => Iterable<R> | AsyncIterable<R>): AsyncIterable<R> {
    return this.executor.stream(fn, [], this.stream) as AsyncIterable<R>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host.stubborn = false;
    await this.executor.terminate();
  }
}

/** Things that functions in a loopback worker can reach, since they run in this thread. */
export const world = globalThis as unknown as { test: Record<string, unknown> };
