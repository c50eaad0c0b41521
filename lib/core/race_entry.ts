import { isThenable } from "../base/is_thenable.ts";
import { heldWait } from "./held_wait.ts";
import { onWaitPromise } from "./waiter.ts";

type Settle = (value: unknown) => unknown;

const { then } = Promise.prototype;

/** The same frame as text, for engines that know of no frames. */
const TEXT = /^race@\[native code\]/m;
/** A function of the runtime that has no name. */
const NATIVE = /^function \(\) \{\s*\[native code\]\s*\}$/;

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

/**
 * Let races follow waits by entries. For every verb by which something that runs in a task is
 * cancelled: a program without any needs none of this.
 */
export function hearRaces(): void {
  onWaitPromise((promise) => {
    promise.then = thenOfWait as typeof then;
  });
}

/** The method `then` of the promise of a wait. `await` does not call it. */
function thenOfWait(this: Promise<unknown>, ...callbacks: Settle[]): Promise<unknown> {
  const [enter, onRejected] = callbacks;
  if (isNative(enter) && isNative(onRejected) && calledByRace()) {
    const racer = heldWait(this) as Partial<Racer> | undefined;
    // A race has no use for what this returns.
    if (racer?.enterRace?.(new RaceEntry(enter!, onRejected!))) return this;
  }
  return then.apply(this, callbacks as Parameters<typeof then>);
}

/** Whether it can be what settles a promise: a function of the runtime, without a name. */
function isNative(fn: unknown): boolean {
  return typeof fn === "function" && fn.name === "" &&
    NATIVE.test(Function.prototype.toString.call(fn));
}

interface Site {
  getFunctionName(): string | null;
  getFileName(): string | null | undefined;
}

/** Whether the frame is that of `Promise.race`, the runtime's own. */
const isRace = (_: unknown, [site]: Site[]) =>
  site?.getFunctionName() === "race" && /^(?:\[native code\])?$/.test(site.getFileName() ?? "");

function calledByRace(): boolean {
  const { stackTraceLimit, prepareStackTrace } = Error;
  // To write a stack as text takes some runtimes a hundred times as long.
  const trace: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = isRace as typeof prepareStackTrace;
    Error.captureStackTrace(trace, thenOfWait);
    const { stack } = trace;
    return typeof stack === "string" ? TEXT.test(stack) : stack === true;
  } catch {
    return false; // It may be frozen.
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Reflect.set(Error, "prepareStackTrace", prepareStackTrace);
  }
}
