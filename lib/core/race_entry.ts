import { isThenable } from "../base/is_thenable.ts";
import { heldWait } from "./held_wait.ts";

type Settle = (value: unknown) => unknown;

const { then } = Promise.prototype;

/** A frame of the runtime's own `Promise.race`, as V8 and JavaScriptCore write it. */
const RACE = /^\s*at (?:\w+\.)?race \((?:<anonymous>|unknown|native)\)|^race@\[native code\]/m;

/** What races may be entered for. */
export interface Racer {
  /** Stand in a race by `entry`; `false` if it is over, and the race may look at the promise itself. */
  enterRace(entry: RaceEntry): boolean;
}

/**
 * What stands in a `Promise.race` for a wait: the race follows this, and not the promise of the wait,
 * so that it shows whether anybody else does.
 *
 *     await Promise.race([stop.wait(), response]);   // the response was first, the race is over
 *     await fetch(url);      // the cancellation comes here: nobody looks at stop.wait() any more,
 *     await sleep(1);        // so that it is to arrive here
 */
export class RaceEntry {
  readonly #enter: Settle;
  #resolve!: Settle;
  #reject!: Settle;

  constructor(enter: Settle, onRejected: Settle) {
    this.#enter = enter;
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    then.call(promise, enter, onRejected);
  }

  /** Let the promise of a wait, which settles by itself, be known to races by entries. */
  static watch(promise: Promise<unknown>): void {
    promise.then = thenOfWait as typeof then;
  }

  /** The wait of `promise` has got `value`. */
  resolve(value: unknown, promise: Promise<unknown>): void {
    // What is itself a promise is asked once.
    this.#resolve(isThenable(value) ? promise : value);
  }

  /** The wait of `promise` has failed, which the race hears of. */
  reject(error: unknown, promise: Promise<unknown>): void {
    this.#reject(error);
    then.call(promise, undefined, () => {});
  }

  /** The wait of `promise` was cancelled: the race hears of that, unless it is over. */
  cancel(error: unknown, promise: Promise<unknown>): void {
    // What resolves a promise looks at what it is given only if that promise is not resolved yet.
    const heard = () => this.reject(error, promise);
    this.#enter({
      get then() {
        heard();
        return (_: Settle, reject: Settle) => reject(error);
      },
    });
  }
}

/** The method `then` of the promise of a wait. `await` does not call it. */
function thenOfWait(this: Promise<unknown>, ...callbacks: Settle[]): Promise<unknown> {
  const [enter, onRejected] = callbacks;
  if (enter?.name === "" && onRejected?.name === "" && RACE.test(callerOf(thenOfWait))) {
    const racer = heldWait(this) as Partial<Racer> | undefined;
    // A race has no use for what this returns.
    if (racer?.enterRace?.(new RaceEntry(enter, onRejected))) return this;
  }
  return then.apply(this, callbacks as Parameters<typeof then>);
}

function callerOf(fn: unknown): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  const trace = { stack: "" };
  Error.captureStackTrace?.(trace, fn as () => void);
  Error.stackTraceLimit = stackTraceLimit;
  return String(trace.stack);
}
