import { inspect } from "../base/inspect.ts";
import type { Future } from "../core/future.ts";
import type {
  Executor,
  MapOptions,
  MapResult,
  PoolStats,
  ShutdownOptions,
} from "../executor/executor.ts";
import { describeCallable } from "../wire/describe_function.ts";
import type { MapKind } from "../worker/pool/worker_map.ts";
import { PoolExecutor } from "../worker/pool/pool_executor.ts";
import type { Remote } from "../worker/make_remote.ts";
import {
  type BullCallOptions,
  type BullExecutorOptions,
  checkBullCallOptions,
  readExecutorOptions,
} from "./bull_executor_options.ts";
import type { ModuleNames } from "./module_names.ts";
import { RemotePool } from "./remote_pool.ts";
import type { BullWorkerInfo } from "./bull_worker_info.ts";

/** How many calls, and chunks of maps, a queue has, whoever has submitted them. */
export interface BullCounts {
  /** Not begun yet. */
  waiting: number;
  /** Running. */
  active: number;
  /** Not begun, and not to be before their time: delayed, or to be tried again. */
  delayed: number;
  /** Ended well, with a result that nobody has taken yet. */
  completed: number;
  /** Failed, and nobody has heard of it yet. */
  failed: number;
}

/**
 * Runs functions on the machines that serve a queue of BullMQ: the executor for more than one
 * machine. `serveBull` makes a machine serve one.
 *
 * **Functions** travel by name alone: `images/resize` is the function `resize` of the module that
 * each side lists as `images`. So they are those which `remote` has registered in one of the
 * `modules`, or stubs that `import` gives. **Values** have the fidelity of `ProcessPool`: what
 * structured clone takes, and errors with class, both stacks, cause and own fields.
 *
 * **A call runs at least once.** It runs again if its server is lost with it (`maxCrashes`), and if
 * it fails and has `attempts`. So what it does should do no harm twice; with a `key`, several
 * submissions are one call. Neither a server that dies nor a Redis that is away for a while loses a
 * result: what was pushed is only a hint, and what the queue holds is looked up. A result that has
 * arrived leaves Redis.
 *
 * **Cancelling** ends the future at once, and frees the slot after `cancelGrace` of the server's pool
 * at the latest. A map is cancelled by one message. Calls of a program that has died are dropped when
 * its `lease` is over, but for those with a `key`.
 *
 * There is no `stream`: values that come one by one would each be a job. Its connections hold the
 * program until it is shut down, unlike the workers of pools.
 *
 * CPython has no twin; the field's are Celery, and `dask.distributed.Client`, which is an `Executor`.
 *
 * @example
 * ```ts ignore
 * import * as bullmq from "npm:bullmq@6";
 * import { Redis } from "npm:ioredis@5";
 * import { BullExecutor } from "@strand/strand/bullmq";
 * import { assertEquals } from "@std/assert";
 * import { square } from "./math.ts"; // export const square = remote(import.meta, function square …)
 *
 * const connection = new Redis(Deno.env.get("REDIS_URL")!);
 * const modules = { math: new URL("./math.ts", import.meta.url) };
 * {
 *   await using executor = new BullExecutor({ bullmq, connection, queue: "math", modules });
 *   assertEquals(await executor.submit(square, 7), 49);
 *   assertEquals(await executor.map(square, [1, 2, 3]), [1, 4, 9]);
 * }
 * connection.disconnect();
 * ```
 */
export class BullExecutor implements Executor {
  readonly #pool: RemotePool;
  readonly #names: ModuleNames;
  readonly #executor: PoolExecutor;

  /**
   * Make an executor. It connects at once, and waits for a Redis that is not there yet.
   *
   * @param options `bullmq`, `connection`, `queue` and `modules`, and how calls are made.
   * @throws {TypeError} If an option is of the wrong type, unknown, or no address of a module.
   * @throws {RangeError} If a number is out of range, or a name has a ":".
   */
  constructor(options: BullExecutorOptions) {
    const settings = readExecutorOptions("create an executor", options);
    this.#names = settings.names;
    this.#pool = new RemotePool(settings);
    this.#executor = new PoolExecutor(this.#pool, this);
  }

  /**
   * Run a function on a server.
   *
   * CPython: `Executor.submit`.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it returns.
   * @param fn The function: one of the modules.
   * @param args Its arguments.
   * @returns A future of what it returns or resolves with. It rejects with `RangeError` if the
   *   arguments take more than `maxPayload`, and with `WorkerCrashedError` if too many servers were
   *   lost with it, if its worker died, or if the queue has lost it.
   * @throws {TypeError} If `fn` is not a function, or of none of the modules.
   * @throws {InvalidStateError} If the executor is shut down, or a worker is loading this module.
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    this.#checkNamed("submit a call", fn);
    return this.#executor.submit(fn, args, this.submit) as Future<Awaited<R>>;
  }

  /**
   * Run a function on a server, with options.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it returns.
   * @param fn The function: one of the modules.
   * @param args Its arguments.
   * @param options `signal`: cancels the call. `timeout`: milliseconds from its start on the server
   *   to `TimeoutError`, for each attempt. `priority`: a whole number within ±1,000,000, higher
   *   first. `attempts`, `backoff`: how often it may be tried. `delay`: milliseconds before it may
   *   begin. `key`: calls with the same key are one call. `transfer`: buffers that are gone here.
   * @returns A future, as of `submit`.
   * @throws {TypeError} If an argument or option is of the wrong type or unknown, or `fn` is of none
   *   of the modules.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the executor is shut down, or a worker is loading this module.
   */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: BullCallOptions,
  ): Future<Awaited<R>> {
    const what = "apply a function";
    this.#checkNamed(what, fn);
    checkBullCallOptions(what, options);
    return this.#executor.apply(fn, args, options, this.apply) as Future<Awaited<R>>;
  }

  /**
   * Run a function over many items, and give the results in the order of the items: as
   * `WorkerPool.map`, but in chunks that take about `chunkMs`, and `maxPayload` at most.
   *
   * CPython: `Executor.map`.
   *
   * @typeParam T An item.
   * @typeParam R What the function returns.
   * @param fn Called with each item.
   * @param items The items.
   * @param options As for `WorkerPool.map`.
   * @returns The results, to be awaited or iterated.
   * @throws {TypeError} If an argument or option is of the wrong type, or `fn` is of none of the
   *   modules.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the executor is shut down, or a worker is loading this module.
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    return this.#map(fn, items, options, { ordered: true, spread: false }, this.map);
  }

  /**
   * As `map`, for a function of several parameters: each item is a list of arguments.
   *
   * CPython: `Pool.starmap`.
   *
   * @typeParam A The parameters.
   * @typeParam R What the function returns.
   * @param fn Called with each list of arguments.
   * @param items The lists.
   * @param options As for `map`.
   * @returns The results, to be awaited or iterated.
   * @throws As `map`.
   */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<Readonly<A>> | AsyncIterable<Readonly<A>>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    return this.#map(fn, items, options, { ordered: true, spread: true }, this.starmap);
  }

  /**
   * As `map`, but the results come as they are done.
   *
   * CPython: `Pool.imap_unordered`.
   *
   * @typeParam T An item.
   * @typeParam R What the function returns.
   * @param fn Called with each item.
   * @param items The items.
   * @param options As for `map`.
   * @returns The results, to be awaited or iterated.
   * @throws As `map`.
   */
  mapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    return this.#map(fn, items, options, { ordered: false, spread: false }, this.mapUnordered);
  }

  /** Make stubs for the functions of a module of which nothing is said: they take and give `any`. */
  // deno-lint-ignore no-explicit-any
  import(module: string | URL): any;
  /**
   * Make typed stand-ins for the functions that one of the modules exports, as
   * `WorkerPool.import`: for modules that know nothing of this library.
   *
   * @typeParam M The type of the module: `typeof import("./module.ts")`.
   * @param module Its absolute address, as it stands in `modules`.
   * @returns The stand-ins, by name.
   * @throws {TypeError} If `module` is not an absolute URL, or none of the modules.
   */
  import<M>(module: string | URL): Remote<M>;
  import(module: string | URL): object {
    const what = "import a module";
    this.#names.check(what, module);
    return this.#executor.import(module);
  }

  /**
   * Take no more calls, wait until those that are there are done, and close the connections.
   *
   * CPython: `Executor.shutdown`.
   *
   * @param options `wait`: whether to wait (default). `cancelFutures`: whether calls that have not
   *   begun are cancelled.
   * @returns When everything has ended, or at once.
   * @throws {TypeError} (as a rejection) If an option is of the wrong type.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled; the executor winds
   *   down nevertheless.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#executor.shutdown(options);
  }

  /** Take no more calls; the connections close when all is done. CPython: `Pool.close`. */
  close(): void {
    this.#executor.close();
  }

  /**
   * Wait until all is done and the connections are closed.
   *
   * CPython: `Pool.join`.
   *
   * @returns When they are.
   * @throws {InvalidStateError} (as a rejection) If the executor is neither closed nor terminated.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  join(): Promise<void> {
    return this.#executor.join();
  }

  /**
   * Cancel all calls of this executor that are not done, running ones included, and end. The servers
   * go on.
   *
   * CPython: `Pool.terminate`.
   *
   * @returns When the connections are closed.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  terminate(): Promise<void> {
    return this.#executor.terminate();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return this.#executor.show("BullExecutor");
  }

  /**
   * What the executor is doing and has done. `workers` are the slots of all servers, as they have said
   * some seconds ago, `busy` and `queued` the calls and chunks of this executor, as if it had all of
   * the slots.
   */
  get stats(): PoolStats {
    return this.#executor.stats;
  }

  /**
   * How many calls, and chunks of maps, are on the queue, whoever has submitted them.
   *
   * @returns The numbers, by state.
   */
  async counts(): Promise<BullCounts> {
    const { waiting = 0, prioritized = 0, active = 0, delayed = 0, completed = 0, failed = 0 } =
      await this.#pool.jobCounts();
    return { waiting: waiting + prioritized, active, delayed, completed, failed };
  }

  /**
   * Who serves the queue, and how busy they are, as they have said some seconds ago. A server that
   * died is listed for 15 seconds.
   *
   * @returns A list of the servers.
   */
  workers(): Promise<BullWorkerInfo[]> {
    return this.#pool.reports();
  }

  /** As `shutdown`: `await using` waits for the work, as Python's `with` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #map(
    fn: unknown,
    items: unknown,
    options: MapOptions | undefined,
    kind: MapKind,
    above: unknown,
  ): MapResult<never> {
    const what = "map a function";
    this.#checkNamed(what, fn);
    return this.#executor.map(what, fn, items, options, kind, above) as MapResult<unknown> as never;
  }

  /** Refuse at once what has no name on the queue. */
  #checkNamed(what: string, fn: unknown): void {
    this.#names.nameOf(what, describeCallable(what, fn));
  }
}
