import { type CancelledError, InvalidStateError, TimeoutError } from "../task_errors.ts";
import { followsAwaits } from "../base/async_context.ts";
import { nextTurn, now, type Timer } from "../base/clock.ts";
import { inspect, showDuration } from "../base/inspect.ts";
import { checkDuration, checkFunction, checkOptions, checkSignal, show } from "../base/validate.ts";
import { currentScope, runInScope } from "../core/context.ts";
import { racedWait } from "../core/raced_wait.ts";
import { instruments } from "../core/instrument.ts";
import { startLimit } from "../core/start_limit.ts";
import { futureInternals } from "../core/future.ts";
import { type Task, taskInternals } from "../core/task.ts";
import { followScope } from "./_follow_scope.ts";
import { underSignal } from "./_under_signal.ts";
import { shield } from "./shield.ts";
import { cancelledError } from "../core/cancellation.ts";
import { CancelScope } from "../core/cancel_scope.ts";
import { hearRaces } from "../core/race_entry.ts";

hearRaces();

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

/**
 * Options of `timeout`, `timeoutAt` and `moveOnAfter`.
 *
 * @example
 * ```ts
 * import { sleep, timeout, type TimeoutOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For what cannot be stopped: the limit is kept all the same.
 * const strict: TimeoutOptions = { abandon: true };
 * assertEquals(await timeout(60_000, () => sleep(1, "in time"), strict), "in time");
 * ```
 */
export interface TimeoutOptions {
  /** Aborting it cancels the body, with the signal's reason; aborted already, the body is never begun. */
  signal?: AbortSignal;
  /**
   * Reject on time whatever the body does. It runs as a task of its own; what it does after the limit
   * is dropped. Default: `false`.
   */
  abandon?: boolean;
}

/** What a caller hears whose body could not be stopped in time. */
const LATE = "The time limit was exceeded, while the body was in a promise that is not the " +
  "library's and could not be stopped: pass it the signal, as in " +
  "timeout(200, ({ signal }) => fetch(url, { signal }))";

const OPTIONS = ["signal", "abandon"];

let runBody: <T>(
  ms: number | null,
  when: number | null,
  body: TimeoutBody<T>,
  moveOn: boolean,
) => Promise<T>;

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
  #own: CancelScope | undefined;
  /** Whether the body had a turn after its limit, in which it heard nothing of it. */
  #late = false;
  /** Whether its end is no error. */
  readonly #moveOn: boolean;
  #onLost: ((error: CancelledError) => void) | undefined;

  static {
    runBody = (ms, when, body, moveOn) => new Timeout(when, moveOn).#begin(ms, body);
  }

  private constructor(when: number | null, moveOn: boolean) {
    this.#when = when;
    this.#moveOn = moveOn;
  }

  /**
   * Aborted when the time is over, or the body is cancelled from elsewhere: for `fetch` and the like,
   * which nothing else can stop.
   */
  get signal(): AbortSignal {
    return this.#own!.signal;
  }

  /** When it expires, in milliseconds on the scale of `performance.now()`; `null` for never. */
  when(): number | null {
    return this.#when;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    if (this.#expired) return "Timeout [expired]";
    return `Timeout [${
      this.#when === null ? "no limit" : `in ${showDuration(this.#when - now())}`
    }]`;
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
    const traced = instruments()?.scopeBegan("timeout", this.#moveOn ? "moveOnAfter" : "timeout");
    if (traced === undefined) return racedWait(this.#run(ms, body, outer, scope), scope);
    const run = this.#run(ms, (limit) => traced.around(() => body(limit)), outer, scope);
    return racedWait(followScope(traced, run), scope);
  }

  async #run<T>(
    ms: number | null,
    body: TimeoutBody<T>,
    outer: CancelScope,
    scope: CancelScope,
  ): Promise<T> {
    const before = outer.requested();
    this.#scope = this.#own = scope;
    if (ms !== null) this.#start(ms);
    try {
      try {
        const running = runInScope(scope, async () => await body(this));
        const value = await (followsAwaits() ? running : this.#orLost(running));
        // A group that failed as well has heard of it, and has put it off to the next wait.
        const unheard = scope.redelivered ? undefined : scope.pending;
        if (!this.#late || unheard === undefined || outer.requested() > before) return value;
        if (this.#moveOn) return undefined as T;
        throw new TimeoutError(LATE, { cause: unheard });
      } finally {
        this.#timer?.stop();
        this.#scope = undefined;
        scope.close();
      }
    } catch (error) {
      const cancelled = this.#expired ? scope.cancellation(error) : undefined;
      // Somebody else cancelled the task as well: that is not ours to swallow.
      if (cancelled === undefined || outer.requested() > before) throw error;
      if (this.#moveOn) return undefined as T;
      throw new TimeoutError("The time limit was exceeded", { cause: cancelled });
    }
  }

  /** The end of the body, or that of its time where nothing can tell it of that. */
  #orLost<T>(running: Promise<T>): Promise<T> {
    const lost = new Promise<never>((_, reject) => this.#onLost = reject);
    return Promise.race([running, lost]);
  }

  #start(ms: number): void {
    const expire = () => {
      const scope = this.#scope;
      if (scope === undefined || scope.fiber.ended) return;
      this.#expired = true;
      const error = cancelledError("The time limit was exceeded");
      scope.cancel(error);
      // A body that ends in the turn of its limit is in time; timers share the first hop.
      nextTurn(() => nextTurn(() => this.#late = true));
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
 * cannot be stopped, nor can one in a promise that is not the library's: pass such a promise the
 * signal. If it went on all the same, the call rejects with a `TimeoutError` when it has ended, so that
 * a limit never passes silently; with `abandon` it rejects on time. Outside any task the body runs in a task of its own.
 *
 * CPython: `asyncio.timeout`, as a function with a body, because a `using` block cannot turn one
 * error into another.
 *
 * @typeParam T What the body resolves with.
 * @param ms How long, in milliseconds; `null` for no limit, 0 or less to stop at the first wait.
 * @param body Runs in the current task; it gets the `Timeout`, to look at and to reschedule.
 * @param options `signal`: to cancel the body from outside; `abandon`: reject on time in any case.
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
 * const url = "data:text/plain,hello";
 * const response = await timeout(5_000, ({ signal }) => fetch(url, { signal }));
 * assertEquals(await response.text(), "hello");
 * assertEquals(await timeout(1_000, () => sleep(1, "in time")), "in time");
 * await assertRejects(() => timeout(1, () => sleep(1_000)), TimeoutError);
 * ```
 */
export function timeout<T>(
  ms: number | null,
  body: TimeoutBody<T>,
  options?: TimeoutOptions,
): Promise<T> {
  return limited({ name: "ms", value: ms, body, options, left: () => ms });
}

/**
 * Run `body` until a point in time: `timeout` with an absolute limit.
 *
 * CPython: `asyncio.timeout_at`.
 *
 * @typeParam T What the body resolves with.
 * @param when Milliseconds on the scale of `performance.now()`; `null` for no limit.
 * @param body Runs in the current task.
 * @param options `signal`: to cancel the body from outside; `abandon`: reject on time in any case.
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
 * const url = "data:text/plain,hello";
 * const deadline = performance.now() + 5_000;
 * const response = await timeoutAt(deadline, ({ signal }) => fetch(url, { signal }));
 * assertEquals(await response.text(), "hello");
 * assertEquals(await timeoutAt(deadline, () => sleep(1, "in time")), "in time");
 * ```
 */
export function timeoutAt<T>(
  when: number | null,
  body: TimeoutBody<T>,
  options?: TimeoutOptions,
): Promise<T> {
  const left = () => when === null ? null : Math.ceil(when - now());
  return limited({ name: "when", value: when, body, options, left });
}

/** What a limit was asked for. */
export interface Limit<T> {
  /** The argument that says how long, and its value. */
  readonly name: "ms" | "when";
  readonly value: number | null;
  readonly body: TimeoutBody<T>;
  readonly options: TimeoutOptions | undefined;
  /** How long that is from now. */
  readonly left: () => number | null;
  /** Whether its end is no error. */
  readonly moveOn?: boolean;
}

/** Run a body under a limit. */
export function limited<T>(limit: Limit<T>): Promise<T> {
  const what = "set a timeout";
  const { name, value, body, options, left, moveOn = false } = limit;
  try {
    if (value !== null) checkDuration(what, name, value);
    checkFunction(what, "body", body);
    checkOptions(what, options, OPTIONS);
    checkSignal(what, options?.signal);
    const abandon = options?.abandon;
    if (abandon !== undefined && typeof abandon !== "boolean") {
      throw new TypeError(`Cannot ${what}: abandon must be a boolean, received ${show(abandon)}`);
    }
  } catch (error) {
    return Promise.reject(error);
  }
  const ms = left();
  const when = name === "when" || ms === null ? value : now() + ms;
  const begin = () =>
    options?.abandon === true
      ? abandoning(ms, when, body, moveOn)
      : runBody(ms, when, body, moveOn);
  return underSignal(options?.signal, begin);
}

/** Run the body as a task of its own, which is left alone when its time is over. */
async function abandoning<T>(
  ms: number | null,
  when: number | null,
  body: TimeoutBody<T>,
  moveOn: boolean,
): Promise<T> {
  let task: Task<T> | undefined;
  const follow = (limit: Timeout) => {
    task = taskInternals.create(() => body(limit));
    futureInternals.markRetrieved(task);
    return shield(task);
  };
  try {
    return await runBody(ms, when, follow, moveOn);
  } finally {
    if (task !== undefined) futureInternals.stop(task, cancelledError("The body was abandoned"));
  }
}
