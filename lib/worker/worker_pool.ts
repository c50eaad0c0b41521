import { checkOptions, show } from "../base/validate.ts";
import type { Future } from "../task/future.ts";
import type { CallOptions, Executor, MapOptions, MapResult, ShutdownOptions } from "./executor.ts";
import type { Host } from "./hosts/host.ts";
import { NodeHost, type ResourceLimits } from "./hosts/node.ts";
import { WebHost, type WorkerPermissions } from "./hosts/web.ts";
import { Front } from "./pool/front.ts";
import { Pool } from "./pool/pool.ts";
import { type CommonPoolOptions, readPoolOptions } from "./pool/options.ts";
import type { PoolStats } from "./pool_stats.ts";
import type { Remote } from "./remote_module.ts";

/** Options of a {@linkcode WorkerPool}. */
export interface WorkerPoolOptions extends CommonPoolOptions {
  /** What runs the workers: Web Workers (`"web"`, the default) or node:worker_threads (`"node"`). */
  host?: "web" | "node";
  /** Web host: what the workers may do; by default what the program may. */
  permissions?: WorkerPermissions;
  /** Node host: how much memory each worker may use. */
  resourceLimits?: ResourceLimits;
}

export class WorkerPool implements Executor {
  readonly #front: Front;

  constructor(options?: number | WorkerPoolOptions) {
    const what = "create a worker pool";
    const settings = readPoolOptions(what, "WorkerPool", options);
    const host = hostOf(what, typeof options === "object" ? options : {});
    this.#front = new Front(new Pool(host, settings));
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return this.#front.submit(fn, args, this.submit) as Future<Awaited<R>>;
  }

  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options?: CallOptions,
  ): Future<Awaited<R>> {
    return this.#front.apply(fn, args, options, this.apply) as Future<Awaited<R>>;
  }

  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    const kind = { ordered: true, spread: false };
    const run = this.#front.map("map a function", fn, items, options, kind, this.map);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
  }

  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    items: Iterable<A> | AsyncIterable<A>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    const kind = { ordered: true, spread: true };
    const run = this.#front.map("map a function", fn, items, options, kind, this.starmap);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
  }

  mapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): MapResult<Awaited<R>> {
    const kind = { ordered: false, spread: false };
    const run = this.#front.map("map a function", fn, items, options, kind, this.mapUnordered);
    return run as MapResult<unknown> as MapResult<Awaited<R>>;
  }

  stream<A extends unknown[], R>(
    fn: (...args: A) => Iterable<R> | AsyncIterable<R>,
    ...args: A
  ): AsyncIterable<R> {
    return this.#front.stream(fn, args, this.stream) as AsyncIterable<R>;
  }

  import<M>(module: string | URL): Remote<M> {
    return this.#front.import(module) as Remote<M>;
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#front.shutdown(options);
  }

  close(): void {
    this.#front.close();
  }

  join(): Promise<void> {
    return this.#front.join();
  }

  terminate(): Promise<void> {
    return this.#front.terminate();
  }

  get stats(): PoolStats {
    return this.#front.stats;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

function hostOf(what: string, options: WorkerPoolOptions): Host {
  const { host = "web", permissions, resourceLimits } = options;
  if (host !== "web" && host !== "node") {
    throw new TypeError(`Cannot ${what}: host must be "web" or "node", received ${show(host)}`);
  }
  if (permissions !== undefined && host !== "web") {
    throw new TypeError(`Cannot ${what}: permissions need host "web", received host "node"`);
  }
  if (resourceLimits !== undefined && host !== "node") {
    throw new TypeError(`Cannot ${what}: resourceLimits need host "node", received host "web"`);
  }
  if (resourceLimits !== undefined) checkOptions(what, resourceLimits);
  return host === "web" ? new WebHost(what, permissions) : new NodeHost(what, resourceLimits);
}
