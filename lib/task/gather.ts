import { isThenable } from "../base/is_thenable.ts";
import type { CancelledError } from "../task_errors.ts";
import { checkOptions, show } from "../base/validate.ts";
import { checkAwaitable, listAwaitables, type ResultOf } from "./awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import { Callback, Future, futureInternals } from "../core/future.ts";
import type { Awaitable } from "../core/task.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/**
 * Options of `gather`.
 *
 * @example
 * ```ts
 * import { gather, type GatherOptions, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Lets all of them finish, and puts failures among the results.
 * const settled: GatherOptions = { returnExceptions: true };
 *
 * const checks = [
 *   () => sleep(2, "disk"),
 *   () => Promise.reject(new Error("the network is down")),
 * ];
 * const report = await gather(checks, settled); // (string | Error)[]
 * assertEquals(report.map(String), ["disk", "Error: the network is down"]);
 * ```
 */
export interface GatherOptions {
  /** Put failures among the results instead of rejecting with the first. Default `false`. */
  returnExceptions?: boolean;
}

/**
 * The results of a tuple of awaitables.
 *
 * @typeParam A The awaitables.
 * @typeParam Failure What may stand in the place of a result: `Error` with `returnExceptions`.
 *
 * @example
 * ```ts
 * import { type Awaitable, gather, type Gathered, sleep, timeout } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // As `gather`, with a time limit; each result keeps its own type.
 * function gatherWithin<const A extends readonly Awaitable<unknown>[]>(
 *   ms: number,
 *   ...aws: A
 * ): Promise<Gathered<A>> {
 *   return timeout(ms, () => gather(...aws));
 * }
 *
 * const [name, age] = await gatherWithin(60_000, () => sleep(1, "Ada"), Promise.resolve(36));
 * assertEquals(`${name.toUpperCase()}, ${age.toFixed(1)}`, "ADA, 36.0");
 * ```
 */
export type Gathered<A extends readonly unknown[], Failure = never> = {
  -readonly [K in keyof A]: ResultOf<A[K]> | Failure;
};

/** Collects the results of futures into a future of its own. */
class Collector {
  readonly outer: Future<unknown[]> = new Future();
  readonly #children: Future<unknown>[];
  readonly #returnExceptions: boolean;
  #left: number;
  #stopRequested: CancelledError | undefined;

  constructor(children: Future<unknown>[], returnExceptions: boolean) {
    this.#children = children;
    this.#returnExceptions = returnExceptions;
    futureInternals.stopWith(this.outer, this);
    const distinct = new Set(children);
    this.#left = distinct.size;
    const done: Future<unknown>[] = [];
    for (const child of distinct) {
      if (child.done()) done.push(child);
      else futureInternals.subscribe(child, new Callback(() => this.#childEnded(child)));
    }
    for (const child of done) {
      futureInternals.markRetrieved(child);
      this.#childEnded(child);
    }
    if (distinct.size === 0) futureInternals.resolve(this.outer, []);
  }

  stop(error: CancelledError): boolean {
    let reached = false;
    for (const child of this.#children) {
      if (futureInternals.stop(child, error)) reached = true;
    }
    if (reached) this.#stopRequested = error;
    return reached;
  }

  subject(): WaitSubject {
    return { kind: "gather", all: this.#children };
  }

  beingStopped(): boolean {
    return this.#children.every((child) => child.done() || futureInternals.beingStopped(child));
  }

  #childEnded(child: Future<unknown>): void {
    this.#left--;
    if (this.outer.done()) return;
    if (!this.#returnExceptions && failed(child)) {
      futureInternals.reject(this.outer, futureInternals.error(child));
    } else if (this.#left === 0) {
      // With `returnExceptions`, too, a gather that was cancelled as a whole says so.
      if (this.#stopRequested !== undefined) {
        futureInternals.reject(this.outer, this.#stopRequested);
      } else {
        futureInternals.resolve(
          this.outer,
          this.#children.map((one) => failed(one) ? futureInternals.error(one) : one.result()),
        );
      }
    }
  }
}

function failed(future: Future<unknown>): boolean {
  return future.cancelled() || futureInternals.failed(future);
}

function isOptions(value: unknown): value is GatherOptions | undefined {
  return value === undefined ||
    (typeof value === "object" && value !== null && !isThenable(value));
}

/**
 * Wait for several things side by side, and collect their results in order.
 *
 * - The first failure rejects the call at once; the others go on.
 * - With `returnExceptions: true`, failures stand among the results and nothing is cut short.
 * - Cancelling the waiting task cancels everything that still runs.
 * - A function given twice makes two tasks; a promise, future or task given twice is waited for
 *   once and stands twice among the results.
 *
 * `TaskGroup` is the better choice where a failure should stop the siblings.
 *
 * CPython: `asyncio.gather`.
 *
 * @typeParam A The awaitables, as a tuple.
 * @param aws Functions, which are started as tasks, and promises, futures and tasks.
 * @returns Their results, in the order of the arguments.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const [response, n, s] = await gather(
 *   (signal) => fetch(url, { signal }), // cancelling the gather ends the request, too
 *   () => sleep(2, 1),
 *   sleep(1, "two"),
 * );
 * assertEquals([await response.text(), n, s], ["hello", 1, "two"]);
 * ```
 */
export function gather<const A extends readonly Awaitable<unknown>[]>(
  ...aws: A
): Promise<Gathered<A>>;
/**
 * Wait for every member of a tuple side by side, and collect results and failures alike.
 *
 * @typeParam A The awaitables, as a tuple.
 * @param aws Functions, promises, futures and tasks.
 * @param options `returnExceptions: true`: put failures among the results.
 * @returns Their results, or the errors they failed with, in the order of the tuple.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { gather, sleep } from "@strand/strand";
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 *
 * const fail = () => Promise.reject<number>(new Error("no"));
 * const [yes, no] = await gather([() => sleep(1, "yes"), fail], { returnExceptions: true });
 * assertEquals(yes, "yes");
 * assertInstanceOf(no, Error); // its type is `number | Error`
 * ```
 */
export function gather<const A extends readonly Awaitable<unknown>[]>(
  aws: A,
  options: { returnExceptions: true },
): Promise<Gathered<A, Error>>;
/**
 * Wait for every member of a tuple side by side: as `gather(...aws)`.
 *
 * @typeParam A The awaitables, as a tuple.
 * @param aws Functions, promises, futures and tasks.
 * @returns Their results, in the order of the tuple.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const [n, s] = await gather([() => sleep(2, 1), () => sleep(1, "two")]);
 * assertEquals([n.toFixed(1), s.toUpperCase()], ["1.0", "TWO"]);
 * ```
 */
export function gather<const A extends readonly Awaitable<unknown>[]>(
  aws: A,
  options?: { returnExceptions?: false },
): Promise<Gathered<A>>;
/**
 * Wait for every member of an iterable side by side.
 *
 * @typeParam A The awaitables.
 * @param aws Functions, promises, futures and tasks.
 * @returns Their results, in the order of the iterable.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { createTask, gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = new Set([createTask(() => sleep(2, "bread")), createTask(() => sleep(1, "butter"))]);
 * assertEquals(await gather(jobs), ["bread", "butter"]);
 * ```
 */
export function gather<A extends Awaitable<unknown>>(
  aws: Iterable<A>,
  options?: { returnExceptions?: false },
): Promise<ResultOf<A>[]>;
/**
 * Wait for every member of an iterable side by side, with options that are known only when it runs.
 *
 * @typeParam A The awaitables.
 * @param aws Functions, promises, futures and tasks.
 * @param options `returnExceptions`: put failures among the results.
 * @returns Their results, in the order of the iterable.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const fail = () => Promise.reject(new Error("no"));
 * const results = await gather([() => sleep(1, "yes"), fail], { returnExceptions: true });
 * assertEquals(results.map(String), ["yes", "Error: no"]);
 * ```
 */
export function gather<A extends Awaitable<unknown>>(
  aws: Iterable<A>,
  options: GatherOptions,
): Promise<(ResultOf<A> | Error)[]>;
/**
 * Wait for every member of an iterable side by side, where the type of the results is given.
 *
 * @typeParam T What each resolves with.
 * @param aws Functions, promises, futures and tasks.
 * @param options `returnExceptions`: put failures among the results.
 * @returns Their results, in the order of the iterable.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 *
 * @example
 * ```ts
 * import { gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await gather<string | undefined>([() => sleep(1, "yes")]), ["yes"]);
 * ```
 */
export function gather<T>(
  aws: Iterable<Awaitable<T>>,
  options?: GatherOptions,
): Promise<T[]>;
export function gather(...args: unknown[]): Promise<unknown[]> {
  let aws: Awaitable<unknown>[];
  let returnExceptions = false;
  try {
    const [first, options] = args;
    const iterable = typeof first === "object" && first !== null && !isThenable(first);
    if (iterable && args.length <= 2 && isOptions(options)) {
      aws = listAwaitables("gather", first as Iterable<Awaitable<unknown>>);
      checkOptions("gather", options, ["returnExceptions"]);
      returnExceptions = options?.returnExceptions ?? false;
      if (typeof returnExceptions !== "boolean") {
        throw new TypeError(
          `Cannot gather: returnExceptions must be a boolean, received ${show(returnExceptions)}`,
        );
      }
    } else {
      for (const aw of args) checkAwaitable("gather", aw);
      aws = args as Awaitable<unknown>[];
    }
  } catch (error) {
    return Promise.reject(error);
  }
  const known = new Map<unknown, Future<unknown>>();
  const children = aws.map((aw) => {
    if (typeof aw === "function") return ensureFuture(aw);
    const child = known.get(aw) ?? ensureFuture(aw);
    known.set(aw, child);
    return child;
  });
  return futureInternals.promise(new Collector(children, returnExceptions).outer);
}
