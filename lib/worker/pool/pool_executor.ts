import { showCounts } from "../../base/inspect.ts";
import { InvalidStateError, QueueFull } from "../../errors.ts";
import type { Future } from "../../core/future.ts";
import {
  describeCallable,
  type Described,
  describeFunction,
} from "../../wire/describe_function.ts";
import {
  checkArguments,
  checkCallOptions,
  checkIterable,
  checkMapOptions,
  readShutdownOptions,
  showWaiting,
} from "../../executor/checks.ts";
import type {
  CallOptions,
  MapOptions,
  PoolStats,
  ShutdownOptions,
} from "../../executor/executor.ts";
import { refuseTransferred } from "../../wire/transfer.ts";
import { makeRemote } from "../make_remote.ts";
import { Call } from "./call.ts";
import { type CallSite, callSite } from "./caller_stack.ts";
import { type MapKind, WorkerMap } from "./worker_map.ts";
import type { JobOwner } from "./job.ts";
import { Stream } from "./stream.ts";

/** What an executor needs of its pool, be that one of workers here or of other machines. */
export interface ExecutorPool extends JobOwner {
  /** How many workers there are: booting, idle or busy. */
  readonly workers: number;
  /** How many of them have something to do. */
  readonly busy: number;
  /** How many jobs wait: in the queue, or sent ahead to a worker that does another first. */
  readonly queued: number;
  /** How many threads burn on that the runtime could not stop. */
  readonly stuck: number;
  /** Whether it takes no new work. */
  readonly closed: boolean;
  /** The options of a single call, where it knows more of them than `CallOptions` has. */
  readonly callOptions?: readonly string[];
  /** Take no new work. */
  close(): void;
  /** Call off what has not begun. */
  cancelWaiting(): void;
  /** End everything at once. */
  terminate(): void;
  /** Once closed: resolves when the last job is done and the last worker gone. */
  whenEnded(): Promise<void>;
}

const pools = new WeakMap<object, ExecutorPool>();

/** How many workers a pool may have, if it is one of this library. */
export function mostWorkersOf(owner: object): number | undefined {
  return pools.get(owner)?.settings.maxWorkers;
}

/**
 * What the classes of pools have in common: it checks what the caller gave and passes it on. `above`
 * is the caller's method, whose caller is named in the stacks of errors.
 */
export class PoolExecutor {
  readonly #pool: ExecutorPool;

  /** `owner` is the pool as its users know it, if they do. */
  constructor(pool: ExecutorPool, owner?: object) {
    this.#pool = pool;
    if (owner !== undefined) pools.set(owner, pool);
  }

  /** `submit`. */
  submit(fn: unknown, args: unknown[], above: unknown): Future<unknown> {
    const what = "submit a call";
    const described = describeCallable(what, fn);
    refuseTransferred(what, args);
    this.#pool.checkOpen(what);
    return this.#add(described, args, callSite(above));
  }

  /** `apply`. */
  apply(
    fn: unknown,
    args: unknown,
    options: CallOptions | undefined,
    above: unknown,
  ): Future<unknown> {
    const what = "apply a function";
    const described = describeCallable(what, fn);
    checkArguments(what, args);
    refuseTransferred(what, args);
    checkCallOptions(what, options, this.#pool.callOptions);
    this.#pool.checkOpen(what);
    return this.#add(described, [...args], callSite(above), options);
  }

  /** `map`, `starmap` and `mapUnordered`. */
  map(
    what: string,
    fn: unknown,
    items: unknown,
    options: MapOptions | undefined,
    kind: MapKind,
    above: unknown,
  ): WorkerMap {
    const described = describeCallable(what, fn);
    checkIterable(what, items);
    checkMapOptions(what, options);
    this.#pool.checkOpen(what);
    return new WorkerMap(this.#pool, described, items, kind, options ?? {}, callSite(above));
  }

  /** `stream`. */
  stream(fn: unknown, args: unknown[], above: unknown): Stream {
    const what = "stream from a worker";
    const described = describeFunction(what, fn);
    refuseTransferred(what, args);
    this.#pool.checkOpen(what);
    return new Stream(this.#pool, described, args, callSite(above));
  }

  /** `import`. */
  import(module: unknown): object {
    const what = "import a module";
    return makeRemote(what, module, (fn, args, above) => this.submit(fn, args, above));
  }

  /** `shutdown`. */
  async shutdown(options: ShutdownOptions | undefined): Promise<void> {
    const { wait, cancelFutures } = readShutdownOptions("shut down a pool", options);
    this.#pool.close();
    if (cancelFutures) this.#pool.cancelWaiting();
    if (wait) await this.#pool.whenEnded();
  }

  /** `close`. */
  close(): void {
    this.#pool.close();
  }

  /** `join`. */
  async join(): Promise<void> {
    if (!this.#pool.closed) {
      throw new InvalidStateError("Cannot join a pool: it has to be closed or terminated first");
    }
    await this.#pool.whenEnded();
  }

  /** `terminate`. */
  async terminate(): Promise<void> {
    this.#pool.terminate();
    await this.#pool.whenEnded();
  }

  /** What `console.log` shows of the pool: `WorkerPool "img" [4 workers, 4 busy, 17 queued]`. */
  show(kind: string): string {
    const { workers, busy, queued, stuck } = this.stats;
    const counts = showCounts({ workers, busy, queued, stuck });
    const state = this.#pool.closed ? ["shut down"] : [];
    const parts = [...counts.length === 0 ? ["no workers"] : counts, ...state];
    return `${kind} ${JSON.stringify(this.#pool.settings.name)} [${parts.join(", ")}]`;
  }

  /** `stats`. */
  get stats(): PoolStats {
    const { workers, busy, queued, counts, stuck } = this.#pool;
    return { workers, idle: workers - busy, busy, queued, ...counts, stuck };
  }

  #add(
    fn: Described,
    args: unknown[],
    site: CallSite | undefined,
    options?: CallOptions,
  ): Future<unknown> {
    const full = this.#pool.room <= 0;
    const call = new Call(this.#pool, fn, args, site, options);
    if (!full) this.#pool.add(call);
    else if (!call.answered) {
      const { queued, settings } = this.#pool;
      const message = `Cannot submit a call: the queue of pool "${settings.name}" is full`;
      call.onLost(new QueueFull(`${message}, ${showWaiting(queued)} already`));
    }
    return call.future;
  }
}
