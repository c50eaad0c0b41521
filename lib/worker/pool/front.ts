import { InvalidStateError } from "../../errors.ts";
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  show,
} from "../../base/validate.ts";
import type { Future } from "../../task/future.ts";
import { type Described, describeFunction } from "../../wire/function_codec.ts";
import { checkTransfer } from "../../wire/transfer.ts";
import type { CallOptions, MapOptions, ShutdownOptions } from "../executor.ts";
import type { PoolStats } from "../pool_stats.ts";
import { makeRemote } from "../remote_module.ts";
import { Call } from "./call.ts";
import { callSite } from "./caller_stack.ts";
import { type MapKind, MapRun } from "./map_run.ts";
import type { Pool } from "./pool.ts";
import { Stream } from "./stream_run.ts";

/**
 * What the classes of pools have in common: it checks what the caller gave and passes it on. `above`
 * is the caller's method, whose caller is named in the stacks of errors.
 */
export class Front {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** `submit`. */
  submit(fn: unknown, args: unknown[], above: unknown): Future<unknown> {
    const what = "submit a call";
    const described = checkCallable(what, fn);
    this.#pool.checkOpen(what);
    const call = new Call(this.#pool, described, args, callSite(above));
    this.#pool.add(call);
    return call.future;
  }

  /** `apply`. */
  apply(
    fn: unknown,
    args: unknown,
    options: CallOptions | undefined,
    above: unknown,
  ): Future<unknown> {
    const what = "apply a function";
    const described = checkCallable(what, fn);
    if (!Array.isArray(args)) {
      throw new TypeError(`Cannot ${what}: args must be an array, received ${show(args)}`);
    }
    checkOptions(what, options);
    const { signal, timeout, transfer, priority } = options ?? {};
    checkSignal(what, signal);
    if (timeout !== undefined) checkDuration(what, "timeout", timeout);
    if (transfer !== undefined) checkTransfer(what, transfer);
    if (priority !== undefined) checkPriority(what, priority);
    this.#pool.checkOpen(what);
    const extras = { signal, timeout, transfer, priority };
    const call = new Call(this.#pool, described, [...args], callSite(above), extras);
    this.#pool.add(call);
    return call.future;
  }

  /** `map`, `starmap` and `mapUnordered`. */
  map(
    what: string,
    fn: unknown,
    items: unknown,
    options: MapOptions | undefined,
    kind: MapKind,
    above: unknown,
  ): MapRun {
    const described = checkCallable(what, fn);
    checkIterable(what, items);
    checkOptions(what, options);
    const { signal, timeout, chunksize, buffersize, onProgress } = options ?? {};
    checkSignal(what, signal);
    if (timeout !== undefined) checkDuration(what, "timeout", timeout);
    if (chunksize !== undefined) checkInteger(what, "chunksize", chunksize, 1);
    if (buffersize !== undefined) checkInteger(what, "buffersize", buffersize, 1);
    if (onProgress !== undefined) checkFunction(what, "onProgress", onProgress);
    this.#pool.checkOpen(what);
    return new MapRun(this.#pool, described, items, kind, options ?? {}, callSite(above));
  }

  /** `stream`. */
  stream(fn: unknown, args: unknown[], above: unknown): Stream {
    const what = "stream from a worker";
    const described = describeFunction(what, fn);
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
    const what = "shut down a pool";
    checkOptions(what, options);
    const { wait = true, cancelFutures = false } = options ?? {};
    checkBoolean(what, "wait", wait);
    checkBoolean(what, "cancelFutures", cancelFutures);
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

  /** `stats`. */
  get stats(): PoolStats {
    const { workers, busy, queued, counts, stuck } = this.#pool;
    return { workers, idle: workers - busy, busy, queued, ...counts, stuck };
  }
}

function checkCallable(what: string, fn: unknown): Described {
  const described = describeFunction(what, fn);
  if (described.generator) {
    throw new TypeError(`Cannot ${what}: ${show(fn)} is a generator function; use stream`);
  }
  if (described.isClass) {
    throw new TypeError(`Cannot ${what}: ${show(fn)} is a class and cannot be called`);
  }
  return described;
}

function checkIterable(
  what: string,
  items: unknown,
): asserts items is Iterable<unknown> | AsyncIterable<unknown> {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(items ?? {});
  if (typeof sync !== "function" && typeof async !== "function") {
    throw new TypeError(`Cannot ${what}: items must be iterable, received ${show(items)}`);
  }
}

function checkSignal(what: string, signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot ${what}: signal must be an AbortSignal, received ${show(signal)}`);
  }
}

function checkBoolean(what: string, name: string, value: unknown): void {
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot ${what}: ${name} must be a boolean, received ${show(value)}`);
  }
}

function checkPriority(what: string, priority: unknown): void {
  if (typeof priority !== "number") {
    throw new TypeError(`Cannot ${what}: priority must be a number, received ${show(priority)}`);
  }
  if (Number.isNaN(priority)) {
    throw new RangeError(`Cannot ${what}: priority must be a number, received NaN`);
  }
}
