/**
 * `FakeTime` of `@std/testing/time` over `@sinonjs/fake-timers`, for machines that cannot reach JSR.
 *
 * Like the original it fakes `Date`, the timer functions and `AbortSignal.timeout`; `performance.now`,
 * `queueMicrotask` and `setImmediate` stay real.
 *
 * @module
 */
import { withGlobal } from "npm:@sinonjs/fake-timers@15.5.0";

type TimerFunction = (callback: () => void, delay?: number, ...args: unknown[]) => number;

interface Clock {
  readonly now: number;
  readonly Date: DateConstructor;
  readonly setTimeout: TimerFunction;
  readonly setInterval: TimerFunction;
  readonly clearTimeout: (id?: number) => void;
  readonly clearInterval: (id?: number) => void;
  duringTick?: boolean;
  countTimers(): number;
  tick(ms: number): number;
  next(): number;
}

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};
const realSetTimeout = real.setTimeout; // Deno 2.5 refuses to call it as a method.
const realAbortTimeout = AbortSignal.timeout;

// A clock needs no real timer; an id of 0 tells it to hand out numbers, as the original does.
const { createClock } = withGlobal(
  {
    Date: real.Date,
    setTimeout: () => 0,
    clearTimeout: () => {},
    setInterval: () => 0,
    clearInterval: () => {},
  } as unknown as Parameters<typeof withGlobal>[0],
) as unknown as {
  createClock: (now: number) => Clock;
};

let active: FakeTime | undefined;

/** Time was faked twice, restored twice, or given no valid start. */
export class TimeError extends Error {
  override name = "TimeError";
}

/** Fakes time from its construction until it is disposed of. */
export class FakeTime implements Disposable {
  readonly #clock: Clock;
  readonly #start: number;

  constructor(start?: number | string | Date | null) {
    if (active) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.#start = new real.Date(start ?? real.Date.now()).valueOf();
    if (Number.isNaN(this.#start)) {
      throw new TimeError(`Cannot construct FakeTime: invalid start ${start}`);
    }
    this.#clock = createClock(this.#start);
    this.#install();
    active = this;
  }

  /** Restores real time. */
  static restore(): void {
    if (!active) throw new TimeError("Cannot restore time: time is not faked");
    active.restore();
  }

  /** The fake time in milliseconds since 1970; setting it runs the timers that fall due. */
  get now(): number {
    return this.#clock.now;
  }
  set now(value: number) {
    if (value < this.#clock.now) throw new RangeError(`Cannot set time back to ${value}`);
    this.#clock.tick(value - this.#clock.now);
  }

  /** The fake time at the start. */
  get start(): number {
    return this.#start;
  }

  /** Resolves after `ms` milliseconds of real time. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => void realSetTimeout(resolve, ms));
  }

  /** Lets all pending microtasks run. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves time on and runs the timers that fall due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Runs pending microtasks, then ticks. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /** Moves time to the next timer and runs all that are due then; `false` if there is none. */
  next(): boolean {
    if (this.#clock.countTimers() === 0) return false;
    this.#clock.next();
    this.#clock.tick(0);
    return true;
  }

  /** Runs pending microtasks, then `next`. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Runs timers until none is left. */
  runAll(): void {
    while (this.next());
  }

  /** Runs timers until none is left, with pending microtasks before each. */
  async runAllAsync(): Promise<void> {
    while (this.#clock.countTimers() > 0) await this.nextAsync();
  }

  /** Restores real time. */
  restore(): void {
    if (active !== this) throw new TimeError("Cannot restore time: time is already restored");
    active = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realAbortTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #install(): void {
    const clock = this.#clock;
    Object.assign(globalThis, {
      Date: clock.Date,
      setTimeout: (callback: () => void, delay?: number, ...args: unknown[]): number => {
        // Sinon puts a timer of 0 ms set by a running timer off to the next millisecond.
        const ticking = clock.duringTick ?? false;
        clock.duringTick = false;
        try {
          return clock.setTimeout(callback, delay, ...args);
        } finally {
          clock.duringTick = ticking;
        }
      },
      clearTimeout: (id?: number) => clock.clearTimeout(id),
      setInterval: clock.setInterval,
      clearInterval: (id?: number) => clock.clearInterval(id),
    });
    AbortSignal.timeout = (ms: number): AbortSignal => {
      const controller = new AbortController();
      clock.setTimeout(() => {
        controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
      }, ms);
      return controller.signal;
    };
  }
}
