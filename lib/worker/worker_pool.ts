import { inspect } from "../base/inspect.ts";
import { checkFunction, show } from "../base/validate.ts";
import type { Future } from "../core/future.ts";
import type {
  CallOptions,
  Executor,
  MapOptions,
  MapResult,
  ShutdownOptions,
} from "../executor/executor.ts";
import type { Host } from "./hosts/host.ts";
import { defaultKind } from "./hosts/default_host.ts";
import { NodeHost } from "./hosts/node_host.ts";
import { readPermissions } from "./permissions/permissions.ts";
import { checkResourceLimits, type ResourceLimits } from "./hosts/resource_limits.ts";
import { WebHost } from "./hosts/web_host.ts";
import type { WorkerPermissions } from "./permissions/worker_permissions.ts";
import { PoolExecutor } from "./pool/pool_executor.ts";
import { Pool } from "./pool/pool.ts";
import { type CommonPoolOptions, readPoolOptions } from "./pool/options.ts";
import type { PoolStats } from "../executor/executor.ts";
import type { Remote } from "./make_remote.ts";

/**
 * Options of a {@linkcode WorkerPool}.
 *
 * @example
 * ```ts
 * import { WorkerPool, type WorkerPoolOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For jobs that may run away with time and memory: their worker is killed, the pool lives on.
 * const guarded: WorkerPoolOptions = {
 *   host: "node",
 *   maxWorkers: 1,
 *   resourceLimits: { maxOldGenerationSizeMb: 64 },
 *   cancelGrace: 10, // milliseconds to stop of its own accord
 * };
 *
 * await using pool = new WorkerPool(guarded);
 * assertEquals(await pool.map((n: number) => n * n, [2, 3]), [4, 9]);
 * ```
 */
export interface WorkerPoolOptions extends CommonPoolOptions {
  /** What runs the workers: Web Workers (`"web"`, the default) or node:worker_threads (`"node"`). */
  host?: "web" | "node";
  /**
   * Makes a worker of the web host instead of the library: for programs that are bundled, whose
   * workers have a file of their own. It imports `@strand/strand/worker` and the modules whose
   * functions run there, registered as `remote({ url: "app:tasks" }, { … })`.
   */
  worker?: (name: string) => Worker;
  /**
   * Web host: what the workers may do; by default what the program may. Needs
   * `"unstable": ["worker-options"]` in `deno.json` and the permission to read that, or
   * `-A --unstable-worker-options`.
   */
  permissions?: WorkerPermissions;
  /**
   * Node host: how much memory each worker may use. A call that uses up more rejects with
   * `WorkerCrashedError`, wherever it is in its work. Deno 2.5 takes no notice of it; and what the
   * engine cannot interrupt it cannot limit: one object larger than all the rest of the memory, or a
   * loop that it has compiled without a check. For a limit that holds in any case there is
   * `ProcessPool`. `maxOldGenerationSizeMb` is at least 8: less is not enough to start with.
   */
  resourceLimits?: ResourceLimits;
}

/**
 * Runs functions on threads: for work that keeps a processor busy.
 *
 * Which executor? `TaskPool` for work that mainly waits (files, network): it stays on this thread.
 * `WorkerPool` for computation. `ProcessPool` for computation that must be killed at once, or that
 * may crash or run out of memory: each of its workers is a process of its own, and slower to reach.
 * For one computation now and then, `toThread` shares a pool.
 *
 * **Functions** travel in one of three ways: registered with `remote`, as module and name; through
 * `import`, for modules that know nothing of this library; or, if they are self-contained, as
 * source. Reading a local module in a worker needs the permission to do so (`--allow-read`).
 *
 * **Values** are copied by structured clone. Shared objects (`SharedValue`, `SharedQueue` …) and
 * pipes arrive as themselves; errors keep class, message, both stacks, cause, nested errors and own
 * fields. What cannot be cloned fails that one call, with an error that names the argument.
 *
 * Arguments are read when their call is sent to a worker, which is at once or when one has time for
 * it: what is changed after `submit` may arrive changed. A result is read when the call ends. The
 * results of a `map` are sent in chunks; memory in them (an `ArrayBuffer`, a view) is copied as each
 * item ends, so that a function may use it again, while other objects are read when the chunk ends.
 *
 * **Cancelling** a future, its signal or the task that awaits it takes a waiting call out of the
 * queue. A running one is asked to stop: it runs as a `Task` there, so that waits in it reject, and
 * a busy loop sees it by `cancelRequested`. The caller hears of it at once. If the call goes on for
 * more than `cancelGrace`, its worker is ended and replaced. Web Workers in Deno 2.7.6 to 2.9.6 burn
 * on in a loop that never ends: such a thread is counted in `stats.stuck`, and does not keep the
 * program from ending. With `host: "node"` it is really stopped (Deno 2.9.4 and later).
 *
 * **A worker that dies** (an error that nothing caught, `self.close()`, `Deno.exit()`, no memory
 * left within `resourceLimits`) rejects the call that it ran with `WorkerCrashedError`; the others
 * are done elsewhere, and a new worker takes its place. A heap overflow without limits takes the
 * program down, as the platform has it.
 *
 * Workers start as they are needed, one at a time. A pool that is not shut down does not keep the
 * program alive once it has no work.
 *
 * CPython: `multiprocessing.Pool` and `concurrent.futures.ProcessPoolExecutor`.
 *
 * @example
 * ```ts
 * import { WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new WorkerPool(2);
 * const sum = pool.submit((a: number, b: number) => a + b, 1, 2);
 * const squares = pool.map((n: number) => n * n, [1, 2, 3]);
 * assertEquals(await sum, 3);
 * assertEquals(await squares, [1, 4, 9]);
 * ```
 */
export class WorkerPool implements Executor {
  readonly #executor: PoolExecutor;

  /**
   * Make a pool. No worker is started before there is work.
   *
   * @param options How many workers at most, or an object of options.
   * @throws {TypeError} If an option is of the wrong type, does not fit the host, or if `initializer`
   *   cannot travel.
   * @throws {RangeError} If a number is out of range.
   * @throws {InvalidStateError} If `permissions` are given and the runtime was not started with
   *   `--unstable-worker-options`.
   */
  constructor(options?: number | WorkerPoolOptions) {
    const what = "create a worker pool";
    const settings = readPoolOptions(what, "WorkerPool", options, OWN_OPTIONS);
    const host = hostOf(what, typeof options === "object" ? options : {});
    this.#executor = new PoolExecutor(new Pool(host, settings), this);
  }

  /**
   * Run a function in a worker.
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
   *
   * @example
   * ```ts
   * import { gather, WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new WorkerPool(2);
   * const add = (a: number, b: number) => a + b;
   * const [one, two] = await gather(pool.submit(add, 1, 2), pool.submit(add, 3, 4)); // side by side
   * assertEquals([one, two], [3, 7]);
   * ```
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return this.#executor.submit(fn, args, this.submit) as Future<Awaited<R>>;
  }

  /**
   * Run a function in a worker, with options.
   *
   * CPython: `Pool.apply`, `Pool.apply_async`.
   *
   * @typeParam A Its parameters.
   * @typeParam R What it returns.
   * @param fn The function.
   * @param args Its arguments.
   * @param options `signal`: cancels the call. `timeout`: milliseconds from its start to
   *   `TimeoutError`. `transfer`: what moves instead of being copied. `priority`: higher first.
   * @returns A future of what it returns or resolves with. It rejects with `QueueFull` if there is no
   *   room for it (`maxQueue`).
   * @throws {TypeError} If an argument or option is of the wrong type, or `fn` cannot travel.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new WorkerPool(1);
   * const pixels = new Uint8Array([1, 2, 3]);
   * const sum = await pool.apply(
   *   (bytes: Uint8Array) => bytes.reduce((a, b) => a + b),
   *   [pixels],
   *   { transfer: [pixels.buffer], timeout: 10_000 },
   * );
   * assertEquals(sum, 6);
   * assertEquals(pixels.length, 0); // it has moved
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
   * Run a function over many items, and give the results in the order of the items.
   *
   * The input is read as it is needed, also if it is infinite or async; items go to the workers in
   * chunks, sized by how long they take. In a loop some items are read ahead, but no more than 64 MB
   * of them, or one for each worker. `await` the result for an array, or iterate it with
   * `for await`. It begins at once. When an item fails, when the loop is left, on cancel, signal or
   * timeout, the rest is stopped; the error is that of the first item that failed.
   *
   * CPython: `Executor.map`, `Pool.map`, `Pool.imap`.
   *
   * @typeParam T An item.
   * @typeParam R What the function returns.
   * @param fn Called with each item.
   * @param items The items.
   * @param options `chunksize`: how many items go to a worker at a time. `buffersize`: how many may
   *   be read whose results were not taken. `onProgress`: called as items are done. `signal`,
   *   `timeout` (milliseconds from the call): stop the whole.
   * @returns The results, to be awaited or iterated.
   * @throws {TypeError} If an argument or option is of the wrong type, or `fn` cannot travel.
   * @throws {RangeError} If an option is out of range.
   * @throws {InvalidStateError} If the pool is shut down, or a worker is loading this module.
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * function* naturals() {
   *   for (let n = 1;; n++) yield n;
   * }
   * await using pool = new WorkerPool(2);
   * const found: number[] = [];
   * for await (const square of pool.map((n: number) => n * n, naturals())) {
   *   found.push(square);
   *   if (square > 10) break;
   * }
   * assertEquals(found, [1, 4, 9, 16]);
   * ```
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
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new WorkerPool(1);
   * const area = (width: number, height: number) => width * height;
   * assertEquals(await pool.starmap(area, [[2, 3], [4, 5]]), [6, 20]);
   * ```
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
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new WorkerPool(2);
   * let total = 0;
   * for await (const length of pool.mapUnordered((word: string) => word.length, ["a", "bc", "def"])) {
   *   total += length; // in whichever order they are done
   * }
   * assertEquals(total, 6);
   * ```
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
   * Run a generator in a worker, and get its values as it yields them.
   *
   * It runs at most some values ahead of the loop. Leaving the loop early runs its `finally` blocks
   * in the worker. It begins with the loop, and has a worker for itself until it ends; each loop
   * runs it anew.
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
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * await using pool = new WorkerPool(1);
   * const stream = pool.stream(function* (n: number) {
   *   for (let i = 0; i < n; i++) yield i;
   * }, 3);
   * assertEquals(await Array.fromAsync(stream), [0, 1, 2]);
   * ```
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
   * `submit`, `map` and so on, runs the function in a worker. The module is imported there alone.
   *
   * @typeParam M The type of the module: `typeof import("./module.ts")`.
   * @param module Its absolute address: `new URL("./module.ts", import.meta.url)`.
   * @returns The stubs, by name.
   * @throws {TypeError} If `module` is not an absolute URL.
   *
   * @example
   * ```ts
   * import { WorkerPool } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * // Usually `typeof import("./area.ts")` and `new URL("./area.ts", import.meta.url)`.
   * interface Geometry {
   *   area(width: number, height: number): number;
   * }
   * const address = "data:text/javascript,export const area = (width, height) => width * height;";
   *
   * await using pool = new WorkerPool(1);
   * const geometry = pool.import<Geometry>(address);
   * assertEquals(await geometry.area(2, 3), 6);
   * assertEquals(await pool.starmap(geometry.area, [[4, 5]]), [20]);
   * ```
   */
  import<M>(module: string | URL): Remote<M>;
  import(module: string | URL): object {
    return this.#executor.import(module);
  }

  /**
   * Take no more calls, and wait until those that are there are done and the workers have ended.
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

  /** Take no more calls; workers end when all is done. CPython: `Pool.close`. */
  close(): void {
    this.#executor.close();
  }

  /**
   * Wait until all workers have ended.
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
   * End all workers at once. Calls that are not done are cancelled, running ones included.
   *
   * CPython: `Pool.terminate`.
   *
   * @returns When they have ended; for a thread that the runtime cannot stop it waits 250 ms.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   *
   * @example
   * ```ts
   * import { CancelledError, WorkerPool } from "@strand/strand";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const pool = new WorkerPool(1);
   * const call = pool.submit(() => new Promise(() => {})); // never ends by itself
   * await pool.terminate();
   * await assertRejects(() => call, CancelledError);
   * assertEquals(pool.stats.workers, 0);
   * ```
   */
  terminate(): Promise<void> {
    return this.#executor.terminate();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return this.#executor.show("WorkerPool");
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

const OWN_OPTIONS = ["host", "worker", "permissions", "resourceLimits"];

function hostOf(what: string, options: WorkerPoolOptions): Host {
  const { worker, permissions, resourceLimits } = options;
  const { host = worker === undefined ? defaultKind() : "web" } = options;
  if (host !== "web" && host !== "node") {
    throw new TypeError(`Cannot ${what}: host must be "web" or "node", received ${show(host)}`);
  }
  if (worker !== undefined) checkFunction(what, "worker", worker);
  if (worker !== undefined && host !== "web") {
    throw new TypeError(`Cannot ${what}: worker needs host "web", received host "node"`);
  }
  if (worker !== undefined && permissions !== undefined) {
    throw new TypeError(`Cannot ${what}: permissions need workers that the library makes`);
  }
  if (permissions !== undefined && host !== "web") {
    throw new TypeError(`Cannot ${what}: permissions need host "web", received host "node"`);
  }
  if (permissions !== undefined) readPermissions(what, permissions);
  if (resourceLimits !== undefined && host !== "node") {
    throw new TypeError(`Cannot ${what}: resourceLimits need host "node", received host "web"`);
  }
  checkResourceLimits(what, resourceLimits);
  return host === "web"
    ? new WebHost(what, permissions, worker)
    : new NodeHost(what, resourceLimits);
}
