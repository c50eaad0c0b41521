import { inspect } from "../base/inspect.ts";
import type { Future } from "../core/future.ts";
import { refuseShared } from "../wire/packing.ts";
import type {
  CallOptions,
  Executor,
  MapOptions,
  MapResult,
  ShutdownOptions,
} from "../executor/executor.ts";
import { ProcessHost } from "./process/process_host.ts";
import type { WorkerPermissions } from "./permissions/worker_permissions.ts";
import { PoolExecutor } from "./pool/pool_executor.ts";
import { type CommonPoolOptions, readPoolOptions } from "./pool/options.ts";
import { Pool } from "./pool/pool.ts";
import type { PoolStats } from "../executor/executor.ts";
import type { Remote } from "./make_remote.ts";

/**
 * Options of a {@linkcode ProcessPool}.
 *
 * @example
 * ```ts
 * import { ProcessPool, type ProcessPoolOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // One process that may read one folder, and is replaced after a hundred calls.
 * const careful: ProcessPoolOptions = {
 *   maxWorkers: 1,
 *   permissions: { read: ["./data"] },
 *   maxTasksPerWorker: 100,
 * };
 *
 * await using pool = new ProcessPool(careful);
 * const mayConnect = async () => {
 *   const { state } = await Deno.permissions.query({ name: "net" });
 *   return state === "granted";
 * };
 * assertEquals(await pool.submit(mayConnect), false);
 * ```
 */
export interface ProcessPoolOptions extends CommonPoolOptions {
  /**
   * What the processes may do: `"inherit"` (the default) for what this program may, `"none"`, or the
   * kinds one by one, of which those not named are refused. It cannot ask for more than this
   * program has.
   */
  permissions?: WorkerPermissions;
}

/**
 * Runs functions in child processes: for work that may crash, use up its memory or never come back,
 * and for code that is to have fewer permissions.
 *
 * It does what a `WorkerPool` does and says so in the same words; functions travel in the same ways.
 * What is different:
 *
 * - **A kill is a kill.** A call that goes on for more than `cancelGrace` after it was asked to stop
 *   is ended with its process, whatever it does. `cancelRequested()` is told to a busy loop here,
 *   too. A process that runs out of memory, calls `Deno.exit` or is killed from outside rejects the
 *   call that it ran with `WorkerCrashedError`, and another takes its place.
 * - **Nothing is shared.** Values are copied with the fidelity of structured clone: `Map`, `Set`,
 *   `Date`, `BigInt`, typed arrays, circles; and errors with all they have. Shared objects, pipes,
 *   `SharedArrayBuffer`, ports, streams and other objects of the platform are refused with
 *   `TypeError`. `transfer` can move an `ArrayBuffer` only.
 * - **Permissions.** A process has at most those of this program. Where they are limited to certain
 *   paths or hosts, the runtime does not say to which; the current folder and that of the main
 *   module are found out, others are to be given in `permissions`. The program itself needs
 *   `--allow-run`, and a task module in a local file `--allow-read`.
 * - **Life.** A process starts in some 50 to 100 milliseconds, and never outlives this program, even
 *   if that is killed. What it writes to standard output and standard error appears on those of
 *   this program; standard input it has none.
 *
 * A call takes some 100 microseconds more than on a thread. `Deno.mainModule`, `Deno.args` and
 * `import.meta.main` are not those of this program. The configuration and import map of the main
 * module apply, as far as this program may read where they are.
 *
 * CPython: `concurrent.futures.ProcessPoolExecutor`, `multiprocessing.Pool`; there, one process that
 * dies breaks the executor.
 *
 * @example
 * ```ts
 * import { ProcessPool, WorkerCrashedError } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using pool = new ProcessPool(1);
 * assertEquals(await pool.submit((a: number, b: number) => a + b, 1, 2), 3);
 * // A bad call takes its process down, and nothing else.
 * await assertRejects(
 *   () => Promise.resolve(pool.submit(() => Deno.exit(3))),
 *   WorkerCrashedError,
 * );
 * assertEquals(await pool.map((n: number) => n * n, [1, 2, 3]), [1, 4, 9]);
 * ```
 */
export class ProcessPool implements Executor {
  readonly #executor: PoolExecutor;

  /**
   * Make a pool. No process is started before there is work.
   *
   * @param options How many processes at most, the number of logical processors by default; or an
   *   object of options.
   * @throws {TypeError} If an option is of the wrong type, `initializer` cannot travel, or the
   *   program cannot start processes of its kind: it is compiled, or the runtime is not Deno.
   * @throws {RangeError} If a number is out of range.
   * @throws {Deno.errors.NotCapable} If the permission to run processes is missing, or `permissions`
   *   asks for more than this program has.
   */
  constructor(options?: number | ProcessPoolOptions) {
    const what = "create a process pool";
    const settings = readPoolOptions(what, "ProcessPool", options, ["permissions"]);
    const { permissions } = typeof options === "object" ? options : {};
    const host = new ProcessHost(what, permissions);
    this.#executor = new PoolExecutor(new Pool(host, settings, refuseShared), this);
  }

  /**
   * Run a function in a process.
   *
   * CPython: `Executor.submit`, `Pool.apply_async`.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it returns.
   * @param fn The function.
   * @param args Its arguments.
   * @returns A future of what it returns or resolves with. It rejects with `QueueFull` if there is no
   *   room for it (`maxQueue`).
   * @throws {TypeError} If `fn` is not a function, or one that cannot travel: bound, native, a
   *   method, a class or a generator function.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return this.#executor.submit(fn, args, this.submit) as Future<Awaited<R>>;
  }

  /**
   * Run a function in a process, with options.
   *
   * CPython: `Pool.apply`, `Pool.apply_async`.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it returns.
   * @param fn The function.
   * @param args Its arguments.
   * @param options `signal`: cancels the call. `timeout`: milliseconds from its start to
   *   `TimeoutError`. `transfer`: buffers that move; they are of length 0 here afterwards.
   *   `priority`: higher first.
   * @returns A future of what it returns or resolves with. It rejects with `QueueFull` if there is no
   *   room for it (`maxQueue`).
   * @throws {TypeError} If an argument or option is of the wrong type, or `fn` cannot travel.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   *
   * @example
   * ```ts
   * import { ProcessPool, TimeoutError } from "@strand/strand";
   * import { assertRejects } from "@std/assert";
   *
   * await using pool = new ProcessPool({ maxWorkers: 1, cancelGrace: 0 });
   * const forever = () => {
   *   for (;;);
   * };
   * // The process is ended with its endless loop.
   * await assertRejects(
   *   () => Promise.resolve(pool.apply(forever, [], { timeout: 1 })),
   *   TimeoutError,
   * );
   * ```
   */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>> {
    return this.#executor.apply(fn, args, options, this.apply) as Future<Awaited<R>>;
  }

  /**
   * Run a function over many items, and give the results in the order of the items: as
   * `WorkerPool.map`.
   *
   * CPython: `Executor.map`, `Pool.map`, `Pool.imap`.
   *
   * @typeParam T An item.
   * @typeParam R What the function returns.
   * @param fn Called with each item.
   * @param items The items; they may be infinite, and async.
   * @param options `chunksize`: how many items go to a process at a time. `buffersize`: how many may
   *   be read whose results were not taken. `onProgress`: called as items are done. `signal`,
   *   `timeout` (milliseconds from the call): stop the whole.
   * @returns The results, to be awaited or iterated.
   * @throws {TypeError} If an argument or option is of the wrong type, or `fn` cannot travel.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    const kind = { ordered: true, spread: false };
    const run = this.#executor.map("map a function", fn, items, options, kind, this.map);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
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
    const kind = { ordered: true, spread: true };
    const run = this.#executor.map("map a function", fn, items, options, kind, this.starmap);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
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
    const kind = { ordered: false, spread: false };
    const run = this.#executor.map("map a function", fn, items, options, kind, this.mapUnordered);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
  }

  /**
   * Run a generator in a process, and get its values as it yields them: as `WorkerPool.stream`.
   *
   * CPython has no twin.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it yields.
   * @param fn A generator function, sync or async, or another one that returns something iterable.
   * @param args Its arguments.
   * @returns The values, to be iterated.
   * @throws {TypeError} If `fn` is not a function, or one that cannot travel.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   */
  stream<A extends unknown[], R>(
    fn: (...args: A) => Iterable<R> | AsyncIterable<R>,
    ...args: A
  ): AsyncIterable<R> {
    return this.#executor.stream(fn, args, this.stream) as AsyncIterable<R>;
  }

  /** Make stubs for the functions of a module of which nothing is said: they take and give `any`. */
  // deno-lint-ignore no-explicit-any
  import(module: string | URL): any;
  /**
   * Make typed stubs for the functions that a module exports; calling one, or passing it to
   * `submit`, `map` and so on, runs the function in a process. The module is imported there alone.
   *
   * @typeParam M The type of the module: `typeof import("./module.ts")`.
   * @param module Its absolute address: `new URL("./module.ts", import.meta.url)`.
   * @returns The stubs, by name.
   * @throws {TypeError} If `module` is not an absolute URL.
   */
  import<M>(module: string | URL): Remote<M>;
  import(module: string | URL): object {
    return this.#executor.import(module);
  }

  /**
   * Take no more calls, and wait until those that are there are done and the processes have ended.
   *
   * CPython: `Executor.shutdown`.
   *
   * @param options `wait`: whether to wait (default). `cancelFutures`: whether calls that have not
   *   begun are cancelled.
   * @returns When everything has ended, or at once.
   * @throws {TypeError} (as a rejection) If an option is of the wrong type.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled; the pool winds down
   *   nevertheless.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#executor.shutdown(options);
  }

  /**
   * Take no more calls; processes end when all is done.
   *
   * CPython: `Pool.close`.
   */
  close(): void {
    this.#executor.close();
  }

  /**
   * Wait until all processes have ended.
   *
   * CPython: `Pool.join`.
   *
   * @returns When they have ended.
   * @throws {InvalidStateError} (as a rejection) If the pool is neither closed nor terminated.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  join(): Promise<void> {
    return this.#executor.join();
  }

  /**
   * End all processes at once. Calls that are not done are cancelled, running ones included.
   *
   * CPython: `Pool.terminate`.
   *
   * @returns When they have ended.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  terminate(): Promise<void> {
    return this.#executor.terminate();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return this.#executor.show("ProcessPool");
  }

  /** What the pool is doing and has done, as of now. */
  get stats(): PoolStats {
    return this.#executor.stats;
  }

  /** As `shutdown`: `await using` waits for the work, as Python's `with` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
