import { nextTurn, startTimer, type Timer } from "../base/clock.ts";
import { checkDuration } from "../base/validate.ts";
import { runTimer, yieldToEventLoop } from "../core/scheduler.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

class Sleep<T> extends Waiter<T> {
  #timer: Timer | undefined;

  constructor(ms: number, value: T) {
    super();
    if (ms <= 0 && this.inTask) {
      yieldToEventLoop();
      this.wake(value);
      return;
    }
    const fire = () => runTimer(() => this.wake(value));
    if (ms <= 0) nextTurn(fire);
    else this.#timer = startTimer(ms, fire);
  }

  override describe(): WaitSubject {
    return { kind: "sleep" };
  }

  protected override onWithdraw(): CancelOutcome {
    this.#timer?.stop();
    return "left";
  }
}

/**
 * Wait for a while.
 *
 * `sleep(0)` lets one turn of the event loop pass, so that I/O and timers that are due run. As in
 * CPython, a task goes on in the next round: after whatever is ready now, but before what that
 * makes ready. Outside any task, everything that can run runs first.
 *
 * It is a cancellation point and leaves no timer behind.
 *
 * CPython: `asyncio.sleep`, but in milliseconds.
 *
 * @param ms How long, in milliseconds; 0 or less is one turn of the event loop, `Infinity` for ever.
 * @returns When the time is over.
 * @throws {TypeError} (as a rejection) If `ms` is not a number.
 * @throws {RangeError} (as a rejection) If `ms` is `NaN`.
 * @throws {CancelledError} (as a rejection) If the task is cancelled meanwhile.
 *
 * @example
 * ```ts
 * import { sleep } from "@strand/strand";
 *
 * await sleep(1);
 * ```
 */
export function sleep(ms: number): Promise<void>;
/**
 * Wait for a while, and then give `value`.
 *
 * @typeParam T What it resolves with.
 * @param ms How long, in milliseconds.
 * @param value What to resolve with.
 * @returns `value`, when the time is over.
 *
 * @example
 * ```ts
 * import { sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await sleep(1, "ready"), "ready");
 * ```
 */
export function sleep<T>(ms: number, value: T): Promise<T>;
export function sleep<T>(ms: number, value?: T): Promise<T | undefined> {
  try {
    checkDuration("sleep", "ms", ms);
  } catch (error) {
    return Promise.reject(error);
  }
  return new Sleep(ms, value).begin();
}
