import type { CancelledError } from "../task_errors.ts";
import { isThenable } from "../base/is_thenable.ts";
import { cancelledError } from "../core/cancellation.ts";
import { currentScope } from "../core/context.ts";
import { ExceptionGroup } from "../core/exception_group.ts";
import { type Future, futureInternals } from "../core/future.ts";
import { WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { inTask } from "../core/in_task.ts";
import { type Awaitable, Task } from "../core/task.ts";
import { nameFailures } from "./_name_failures.ts";
import { checkAwaitable, listAwaitables, type ResultOf } from "./awaitable.ts";
import { ensureFuture } from "./ensure_future.ts";
import { wait } from "./wait.ts";

/**
 * Wait for the first of several to end, well or not: it decides. The others are cancelled, and have
 * ended when the call settles.
 *
 * - A function is started as a task; a promise that is not the library's can only be abandoned.
 * - A loser that fails in another way than by its cancellation is not lost: the call then rejects with
 *   an `ExceptionGroup` of all failures.
 * - Cancelled from outside, it cancels all and waits for their end.
 *
 * CPython: none; `asyncio.wait(…, return_when=FIRST_COMPLETED)` and cancelling what is pending. Kotlin:
 * `select`; Effect: `raceFirst`.
 *
 * @typeParam A The awaitables, as a tuple.
 * @param aws Functions, promises, futures and tasks.
 * @returns The result of the first, if it has one.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 * @throws {RangeError} (as a rejection) If there are none.
 * @throws {ExceptionGroup} (as a rejection) If others than the first fail, too.
 * @throws {CancelledError} (as a rejection) If the first was cancelled, or the race was.
 * @throws What the first failed with, as a rejection.
 *
 * @example
 * ```ts
 * import { race, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const mirror = async (signal: AbortSignal) => await (await fetch(url, { signal })).text();
 * assertEquals(await race(mirror, () => sleep(60_000, "far away")), "hello"); // the other has ended
 * ```
 */
export function race<const A extends readonly Awaitable<unknown>[]>(
  ...aws: A
): Promise<ResultOf<A[number]>>;
/**
 * Wait for the first member of an iterable to end: as `race(...aws)`.
 *
 * @typeParam A The awaitables.
 * @param aws Functions, promises, futures and tasks.
 * @returns The result of the first, if it has one.
 * @throws {TypeError} (as a rejection) If one of them cannot be waited for; nothing has started then.
 * @throws {RangeError} (as a rejection) If there are none.
 *
 * @example
 * ```ts
 * import { race, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await race(new Set([sleep(1, "a"), sleep(60_000, "b")])), "a");
 * ```
 */
export function race<A extends Awaitable<unknown>>(aws: Iterable<A>): Promise<ResultOf<A>>;
export function race(...args: unknown[]): Promise<unknown> {
  let aws: Awaitable<unknown>[];
  try {
    const [first] = args;
    const iterable = args.length === 1 && typeof first === "object" && first !== null &&
      !isThenable(first);
    if (iterable) aws = listAwaitables("race", first as Iterable<Awaitable<unknown>>);
    else {
      for (const aw of args) checkAwaitable("race", aw);
      aws = args as Awaitable<unknown>[];
    }
    if (aws.length === 0) throw new RangeError("Cannot race: there is nothing to wait for");
  } catch (error) {
    return Promise.reject(error);
  }
  return inTask(() => {
    const chain = new WaitChain();
    return racedWait(decide(aws, chain), chain);
  });
}

async function decide(aws: Awaitable<unknown>[], chain: WaitChain): Promise<unknown> {
  // One function twice makes two tasks; one promise or task twice is one.
  const known = new Set<unknown>();
  const distinct = aws.filter((aw) => typeof aw === "function" || !known.has(aw) && known.add(aw));
  const futures = distinct.map((aw) => ensureFuture(aw));
  let cancelled: CancelledError | undefined;
  try {
    await chain.step(wait(futures, { returnWhen: "FIRST_COMPLETED" }));
  } catch (error) {
    cancelled = error as CancelledError;
  }
  const first = cancelled === undefined ? futures.find((one) => one.done()) : undefined;
  const error = cancelled ?? cancelledError("Another one has won the race");
  for (const future of futures) futureInternals.stop(future, error);
  for (let rest = pending(futures); rest.length > 0; rest = pending(futures)) {
    try {
      await chain.step(wait(rest));
    } catch (error) {
      // Cancelled while the losers clean up: they are waited for all the same.
      cancelled ??= error as CancelledError;
    }
  }
  const failures = futures.filter((one) => futureInternals.failed(one));
  if (failures.length > 0 && (failures.length > 1 || failures[0] !== first)) {
    // They win over a cancellation from outside, which the next wait then takes, as in a task group.
    if (cancelled !== undefined) currentScope()!.redeliver();
    const errors = failures.map((one) => futureInternals.error(one));
    const group = new ExceptionGroup(errors, `Unhandled errors in a race (${errors.length})`);
    const tasks = failures.filter((one) => one instanceof Task);
    nameFailures(
      group,
      new Map(tasks.map((one) => [
        futureInternals.error(one),
        `task ${JSON.stringify(one.name)}`,
      ])),
    );
    throw group;
  }
  if (cancelled !== undefined) throw cancelled;
  return first!.result();
}

function pending(futures: Future<unknown>[]): Future<unknown>[] {
  return futures.filter((one) => !one.done());
}
