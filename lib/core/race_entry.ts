import { isThenable } from "../base/is_thenable.ts";
import { isOfCancellation } from "./cancellation.ts";
import { heldWait } from "./held_wait.ts";
import { onWaitPromise } from "./waiter.ts";

type Settle = (value: unknown) => unknown;

const { then } = Promise.prototype;

/** A function of the runtime that has no name, such as what settles a promise. */
const NATIVE = /^function \(\) \{\s*\[native code\]\s*\}$/;

/** The runtime's own `Promise.race`, in a stack that is text already. */
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
  readonly #onRejected: Settle;
  /** By whom the promise was entered: read only if it matters, as that takes long. */
  readonly #trace: { stack?: unknown } = {};
  /** What `then` of the promise would have given. */
  readonly followed: Promise<unknown>;
  #resolve!: Settle;
  #reject!: Settle;

  constructor(enter: Settle, onRejected: Settle) {
    this.#enter = enter;
    this.#onRejected = onRejected;
    const { stackTraceLimit } = Error;
    Reflect.set(Error, "stackTraceLimit", 1);
    Error.captureStackTrace?.(this.#trace, thenOfWait);
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.followed = then.call(promise, enter, onRejected);
  }

  /** The wait of `promise` has got `value`. */
  resolve(value: unknown, promise: Promise<unknown>): void {
    // What is itself a promise is asked once.
    this.#resolve(isThenable(value) ? promise : value);
  }

  /** The wait of `promise` has failed, or was cancelled. */
  reject(error: unknown, promise: Promise<unknown>): void {
    if (isOfCancellation(error)) this.#cancel(error, promise);
    else this.#fail(error, promise);
  }

  /** The race hears of it. */
  #fail(error: unknown, promise: Promise<unknown>): void {
    rejected.add(this.#onRejected);
    this.#reject(error);
    then.call(promise, undefined, () => {});
  }

  /** The wait of `promise` was cancelled: the race hears of that, unless it is over. */
  #cancel(error: unknown, promise: Promise<unknown>): void {
    if (!this.#isRace()) {
      // `Promise.all` and the like tell nobody whether they are over, unless it was one of ours that
      // has ended them: of several waits of a task they hear the first.
      if (!rejected.has(this.#onRejected)) this.#fail(error, promise);
      return;
    }
    // What resolves a promise looks at what it is given only if that promise is not resolved yet.
    const heard = () => this.#fail(error, promise);
    this.#enter({
      get then() {
        heard();
        return (_: Settle, reject: Settle) => reject(error);
      },
    });
  }

  #isRace(): boolean {
    const prepareStackTrace: unknown = Reflect.get(Error, "prepareStackTrace");
    Reflect.set(Error, "prepareStackTrace", isRace);
    const { stack } = this.#trace;
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Reflect.set(Error, "prepareStackTrace", prepareStackTrace);
    return typeof stack === "string" ? RACE.test(stack) : stack === true;
  }
}

/** What has ended a promise, by a wait that it followed: for all members of a `Promise.all` it is one. */
const rejected: WeakSet<Settle> = new WeakSet();

interface Site {
  getFunctionName(): string | null;
  getFileName(): string | null | undefined;
}

const isRace = (_: unknown, [site]: Site[]) =>
  site?.getFunctionName() === "race" && /^(?:\[native code\])?$/.test(site.getFileName() ?? "");

/**
 * Let races follow waits by entries. For every verb by which something that runs in a task is
 * cancelled: a program without any needs none of this.
 */
export function hearRaces(): void {
  onWaitPromise(followRaces);
}

/** Let races follow the wait of `promise` by entries. */
export function followRaces(promise: Promise<unknown>): void {
  promise.then = thenOfWait as typeof then;
}

/** The method `then` of the promise of a wait. `await` does not call it. */
function thenOfWait(this: Promise<unknown>, ...callbacks: Settle[]): Promise<unknown> {
  const [enter, onRejected] = callbacks;
  if (isNative(enter) && isNative(onRejected)) {
    const racer = heldWait(this) as Partial<Racer> | undefined;
    const entry = racer && new RaceEntry(enter!, onRejected!);
    if (entry && racer.enterRace?.(entry)) return entry.followed;
  }
  return then.apply(this, callbacks as Parameters<typeof then>);
}

function isNative(fn: unknown): boolean {
  return typeof fn === "function" && fn.name === "" &&
    NATIVE.test(Function.prototype.toString.call(fn));
}
