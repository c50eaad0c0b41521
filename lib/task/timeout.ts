import { type CancelledError, InvalidStateError, TimeoutError } from "../errors.ts";
import { followsAwaits } from "../base/async_context.ts";
import { nextTurn, now, type Timer } from "../base/clock.ts";
import { checkDuration, checkFunction } from "../base/validate.ts";
import { currentScope, runInScope } from "../core/context.ts";
import { holdWait } from "../core/held_wait.ts";
import { inTask } from "../core/in_task.ts";
import { startLimit } from "../core/limit.ts";
import { cancelledError } from "../core/cancellation.ts";
import { CancelScope } from "../core/cancel_scope.ts";

/**
 * What the body of a timeout runs.
 *
 * @example
 * ```ts
 * import { sleep, timeout, type TimeoutBody, TimeoutError } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // As `timeout`, but gives `undefined` when the time has run out.
 * async function attempt<T>(ms: number, body: TimeoutBody<T>): Promise<T | undefined> {
 *   try {
 *     return await timeout(ms, body);
 *   } catch (error) {
 *     if (error instanceof TimeoutError) return undefined;
 *     throw error;
 *   }
 * }
 *
 * assertEquals(await attempt(1, () => sleep(60_000, "late")), undefined);
 * const patient = await attempt(60_000, (limit) => {
 *   limit.reschedule(null); // take all the time there is
 *   return sleep(1, "done");
 * });
 * assertEquals(patient, "done");
 * ```
 */
export type TimeoutBody<T> = (timeout: Timeout) => T | PromiseLike<T>;

let runBody: <T>(ms: number | null, when: number | null, body: TimeoutBody<T>) => Promise<T>;

/**
 * A running time limit, handed to the body of `timeout` and `timeoutAt`.
 *
 * CPython: `asyncio.Timeout`.
 *
 * @example
 * ```ts
 * import { sleep, type Timeout, timeout } from "@strand/strand";
 * import { assertEquals, assertFalse } from "@std/assert";
 *
 * // Reads a stream that may take long, but must not fall silent for more than a minute.
 * async function read(chunks: string[], limit: Timeout): Promise<string> {
 *   let text = "";
 *   for (const chunk of chunks) {
 *     text += await sleep(1, chunk);
 *     limit.reschedule(performance.now() + 60_000); // a sign of life
 *   }
 *   assertFalse(limit.expired());
 *   return text;
 * }
 *
 * assertEquals(await timeout(60_000, (limit) => read(["a", "b", "c"], limit)), "abc");
 * ```
 */
export class Timeout {
  #when: number | null;
  #timer: Timer | undefined;
  #expired = false;
  #scope: CancelScope | undefined;
  #onLost: ((error: CancelledError) => void) | undefined;

  static {
    runBody = (ms, when, body) => new Timeout(when).#begin(ms, body);
  }

  private constructor(when: number | null) {
    this.#when = when;
  }

  /** When it expires, in milliseconds on the scale of `performance.now()`; `null` for never. */
  when(): number | null {
    return this.#when;
  }

  /** Whether the time has run out, and the body was cancelled for it. */
  expired(): boolean {
    return this.#expired;
  }

  /**
   * Change the time at which it expires.
   *
   * @param when Milliseconds on the scale of `performance.now()`; `null` for never. A time that
   *   has passed expires it at once.
   * @throws {TypeError} If `when` is neither a number nor `null`.
   * @throws {RangeError} If `when` is `NaN`.
   * @throws {InvalidStateError} If it has expired or its body has ended.
   */
  reschedule(when: number | null): void {
    if (when !== null) checkDuration("reschedule a timeout", "when", when);
    if (this.#expired || this.#scope === undefined) {
      const state = this.#expired ? "expired" : "finished";
      throw new InvalidStateError(`Cannot reschedule a timeout: it is ${state}`);
    }
    this.#when = when;
    this.#timer?.stop();
    // A timer counts whole milliseconds: rounded down, it would be early.
    if (when === null) this.#timer = undefined;
    else this.#start(Math.ceil(when - now()));
  }

  #begin<T>(ms: number | null, body: TimeoutBody<T>): Promise<T> {
    const outer = currentScope()!;
    const scope = new CancelScope(outer.fiber, outer.runContext, outer);
    return holdWait(this.#run(ms, body, outer, scope), scope);
  }

  async #run<T>(
    ms: number | null,
    body: TimeoutBody<T>,
    outer: CancelScope,
    scope: CancelScope,
  ): Promise<T> {
    const before = outer.requested();
    this.#scope = scope;
    if (ms !== null) this.#start(ms);
    try {
      try {
        const running = runInScope(scope, async () => await body(this));
        if (followsAwaits()) return await running;
        const lost = new Promise<never>((_, reject) => this.#onLost = reject);
        return await Promise.race([running, lost]);
      } finally {
        this.#timer?.stop();
        this.#scope = undefined;
        scope.close();
      }
    } catch (error) {
      const cancelled = this.#expired ? scope.cancellation(error) : undefined;
      // Somebody else cancelled the task as well: that is not ours to swallow.
      if (cancelled === undefined || outer.requested() > before) throw error;
      throw new TimeoutError("The time limit was exceeded", { cause: cancelled });
    }
  }

  #start(ms: number): void {
    const expire = () => {
      const scope = this.#scope;
      if (scope === undefined || scope.fiber.ended) return;
      this.#expired = true;
      const error = cancelledError("The time limit was exceeded");
      scope.cancel(error);
      // In a browser, nothing that the body awaits beyond its first `await` knows of this scope:
      //   await timeout(50, async () => {
      //     await sleep(1);
      //     await sleep(60_000); // goes on
      //   });
      // Waits that could be cancelled have had their turn by then; the caller waits no longer.
      if (this.#onLost !== undefined) nextTurn(() => this.#onLost?.(error));
    };
    this.#timer = startLimit(ms, expire);
  }
}

/**
 * Run `body` under a time limit.
 *
 * When the time is over, the wait that the body is in rejects with `CancelledError`; once the body
 * has cleaned up, the call rejects with `TimeoutError`. A cancellation from elsewhere passes
 * through as it is, also when it comes in the same instant. Limits nest. A body that never waits
 * cannot be stopped. Outside any task the body runs in a task of its own.
 *
 * CPython: `asyncio.timeout`, as a function with a body, because a `using` block cannot turn one
 * error into another.
 *
 * @typeParam T What the body resolves with.
 * @param ms How long, in milliseconds; `null` for no limit, 0 or less to stop at the first wait.
 * @param body Runs in the current task; it gets the `Timeout`, to look at and to reschedule.
 * @returns What the body resolves with.
 * @throws {TypeError} (as a rejection) If `ms` is neither a number nor `null`, or `body` not a function.
 * @throws {RangeError} (as a rejection) If `ms` is `NaN`.
 * @throws {TimeoutError} (as a rejection) If the time was over first.
 *
 * @example
 * ```ts
 * import { sleep, timeout, TimeoutError } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * assertEquals(await timeout(1_000, () => sleep(1, "in time")), "in time");
 * await assertRejects(() => timeout(1, () => sleep(1_000)), TimeoutError);
 * ```
 */
export function timeout<T>(ms: number | null, body: TimeoutBody<T>): Promise<T> {
  return limited("set a timeout", "ms", ms, body, () => ms);
}

/**
 * Run `body` until a point in time: `timeout` with an absolute limit.
 *
 * CPython: `asyncio.timeout_at`.
 *
 * @typeParam T What the body resolves with.
 * @param when Milliseconds on the scale of `performance.now()`; `null` for no limit.
 * @param body Runs in the current task.
 * @returns What the body resolves with.
 * @throws {TypeError} (as a rejection) If `when` is neither a number nor `null`, or `body` not a function.
 * @throws {RangeError} (as a rejection) If `when` is `NaN`.
 * @throws {TimeoutError} (as a rejection) If the time came first.
 *
 * @example
 * ```ts
 * import { sleep, timeoutAt } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const deadline = performance.now() + 1_000;
 * assertEquals(await timeoutAt(deadline, () => sleep(1, "in time")), "in time");
 * ```
 */
export function timeoutAt<T>(when: number | null, body: TimeoutBody<T>): Promise<T> {
  const left = () => when === null ? null : Math.ceil(when - now());
  return limited("set a timeout", "when", when, body, left);
}

function limited<T>(
  what: string,
  name: string,
  value: number | null,
  body: TimeoutBody<T>,
  left: () => number | null,
): Promise<T> {
  try {
    if (value !== null) checkDuration(what, name, value);
    checkFunction(what, "body", body);
  } catch (error) {
    return Promise.reject(error);
  }
  const ms = left();
  const when = name === "when" || ms === null ? value : now() + ms;
  return inTask(() => runBody(ms, when, body));
}
