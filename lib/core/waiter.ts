import type { CancelledError } from "../task_errors.ts";
import { now, roughNow } from "../base/clock.ts";
import type { Slotted } from "../base/slot_queue.ts";
import { currentScope } from "./context.ts";
import { noteDelivery } from "./cancellation.ts";
import type { Fiber } from "./fiber.ts";
import { type HeldWait, holdWait } from "./held_wait.ts";
import { instruments, type WaitInfo } from "./instrument.ts";
import type { RaceEntry, Racer } from "./race_entry.ts";
import { callSoon, continueStep, type Handle, parked, resumed } from "./scheduler.ts";
import { readSubject, type WaitSubject } from "./wait_subject.ts";
import type { CancelScope, Interruptible } from "./cancel_scope.ts";

const PARKED = 0;
const WOKEN = 1;
const FAILED = 2;
const WITHDRAWN = 3;
const ENDED = 4;

/** What became of the attempt to call a parked wait off. */
export type CancelOutcome =
  /** It has left its line and rejects in its turn. */
  | "left"
  /** What it waits for was asked to stop, and ends the wait one way or the other. */
  | "delegated"
  /** It cannot be called off: it rejects once what it waits for is there. */
  | "refused";

/** What `onResume` returns when the wait is not over: it stands in line again. */
export const again: unique symbol = Symbol("again");

/**
 * A wait: the one place where something that happens meets a cancellation.
 *
 * A primitive makes one, keeps it in a line of its own, and calls `wake` or `fail`. The code that
 * waits goes on a turn later, and until then a cancellation wins, as in CPython. What the
 * primitive had handed over is then given back by `onLost`.
 *
 * ```text
 * parked --wake/fail--> woken --turn--> ended: onResume, promise settles
 *    |                    '--interrupt, turn--> ended: onLost, promise rejects
 *    '--interrupt: onWithdraw--> withdrawn --turn--> ended: onWithdrawn, promise rejects
 * ```
 */
export abstract class Waiter<T, W = T> implements Slotted, Handle, Interruptible, HeldWait, Racer {
  /** For the line of the primitive: where it stands. */
  slot = -1;
  scopeIndex = -1;
  /** What the waiting code awaits. */
  readonly promise: Promise<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #scope: CancelScope | undefined;
  #state = PARKED;
  #handed: unknown = undefined;
  #interruption: CancelledError | undefined = undefined;
  #begunAt = 0;
  #races: RaceEntry[] | undefined = undefined;

  constructor() {
    this.promise = new Promise(capture);
    this.#resolve = resolveLast as (value: T) => void;
    this.#reject = rejectLast;
    this.#scope = currentScope();
    holdWait(this.promise, this);
    watchRaces?.(this.promise);
  }

  /**
   * Start to wait; call it when everything is in place, and return its promise.
   *
   * A cancellation that was on its way to the task is taken at once.
   */
  begin(): Promise<T> {
    const scope = this.#scope;
    if (scope === undefined) return this.promise;
    scope.enter(this);
    const due = scope.pendingScope();
    // See `doubted` for the program whose clean-up this is.
    if (due?.doubted) due.settleDoubt();
    else if (due !== undefined && this.interrupt(due.pending!)) due.markDelivered();
    parked(scope.fiber);
    if (instruments() === undefined) this.#begunAt = roughNow();
    else this.#tellBegan(scope.fiber);
    return this.promise;
  }

  /** Whether a task waits, and not code outside any. */
  protected get inTask(): boolean {
    return this.#scope !== undefined;
  }

  /** Whether nothing has happened to it yet. */
  get waiting(): boolean {
    return this.#state === PARKED;
  }

  /** The task that waits, if one does. */
  get fiber(): Fiber | undefined {
    return this.#scope?.fiber;
  }

  awaiters(): Fiber[] {
    return this.#scope === undefined ? [] : [this.#scope.fiber];
  }

  /** When it began, on the scale of the clock. */
  get begunAt(): number {
    return this.#begunAt;
  }

  /** What it is for: for those who look at the program from outside. */
  describe(): WaitSubject {
    return { kind: "wait" };
  }

  /** Hand it `value` and let it go on in its turn. `false` if it is past that. */
  wake(value: W): boolean {
    return this.#settle(WOKEN, value);
  }

  /** Let it reject in its turn. `false` if it is past that. */
  fail(error: unknown): boolean {
    return this.#settle(FAILED, error);
  }

  interrupt(error: CancelledError): boolean {
    if (this.#state === PARKED) {
      const withdrawal = this.onWithdraw(error);
      if (withdrawal === "delegated") return true;
      this.#interruption = error;
      if (withdrawal === "refused") return true;
      this.#state = WITHDRAWN;
      callSoon(this);
    } else if (this.#state === WOKEN || this.#state === FAILED) {
      // As in CPython, the last of several is the one that is delivered.
      this.#interruption = error;
    }
    return true;
  }

  detach(): void {
    this.#scope?.leave(this);
    if (instruments() !== undefined) this.#tellEnded();
    this.#scope = undefined;
  }

  over(): boolean {
    return this.#state === ENDED;
  }

  withdraw(error: CancelledError): boolean {
    return this.#state === ENDED ? false : this.interrupt(error);
  }

  /** Take back an interruption that was not what ends it: asyncio's `uncancel` down to zero. */
  clearPending(): void {
    if (this.#state !== WITHDRAWN) this.#interruption = undefined;
  }

  run(): void {
    const state = this.#state;
    const handed = this.#handed;
    const interruption = this.#interruption;
    this.#state = ENDED;
    this.#handed = undefined;
    if (interruption !== undefined) {
      if (state === WITHDRAWN) this.onWithdrawn();
      else this.onLost(handed as W);
      this.#fail(this.errorFor(interruption));
    } else if (state === FAILED) {
      this.#fail(handed);
    } else {
      try {
        const value = this.onResume(handed as W);
        if (value === again) {
          this.#state = PARKED;
          return;
        }
        this.#resolve(value);
        if (this.#races !== undefined) this.#endRaces("resolve", value);
      } catch (error) {
        this.#fail(error);
      }
    }
    const scope = this.#scope;
    if (scope !== undefined) {
      scope.leave(this);
      scope.fiber.since = roughNow();
    }
    if (instruments() !== undefined) this.#tellEnded();
    resumed(scope?.fiber);
  }

  /** A cancellation came while parked: leave the line, or hand the request on. */
  protected abstract onWithdraw(error: CancelledError): CancelOutcome;

  /** A withdrawn wait is about to reject. */
  protected onWithdrawn(): void {}

  /** Woken, but cancelled before its turn: give back what was handed over. */
  protected onLost(_value: W): void {}

  /** Cancelled: what it rejects with, which is another error where what it waits for was cancelled. */
  protected errorFor(interruption: CancelledError): CancelledError {
    return interruption;
  }

  /** About to go on: what the promise resolves with, or `again` to stay parked. */
  protected onResume(value: W): T | typeof again {
    return value as unknown as T;
  }

  #tellBegan(fiber: Fiber): void {
    this.#begunAt = Math.trunc(now());
    const wait = readSubject(this.describe());
    told.set(this, wait);
    instruments()!.waitBegan(fiber, wait);
  }

  #tellEnded(): void {
    const wait = told.get(this);
    if (wait === undefined) return;
    told.delete(this);
    instruments()!.waitEnded(this.#scope!.fiber, wait);
  }

  enterRace(race: RaceEntry): boolean {
    if (this.#state === ENDED) return false;
    (this.#races ??= []).push(race);
    return true;
  }

  #fail(error: unknown): void {
    // Of a wait that was handed on its holder hears.
    if (this.#scope !== undefined) noteDelivery(error);
    this.#reject(error);
    if (this.#races !== undefined) this.#endRaces("reject", error);
  }

  #endRaces(how: "resolve" | "reject", outcome: unknown): void {
    for (const race of this.#races!) race[how](outcome, this.promise);
    this.#races = undefined;
  }

  #settle(state: number, handed: unknown): boolean {
    if (this.#state !== PARKED) return false;
    this.#state = state;
    this.#handed = handed;
    callSoon(this);
    return true;
  }
}

let watchRaces: ((promise: Promise<unknown>) => void) | undefined;

/** Let `watch` be called with the promise of every wait from now on. */
export function onWaitPromise(watch: (promise: Promise<unknown>) => void): void {
  watchRaces = watch;
}

/** What hooks were told that waits are for. */
const told = new WeakMap<object, WaitInfo>();

/** How often there was nothing to wait for: see `ensureFuture`. */
export let noWaits = 0;

/**
 * What a verb that may wait returns when there is nothing to wait for: the task goes on, and what it
 * does before and after is one step, as in asyncio.
 */
export function noWait<T>(value: T): Promise<T> {
  noWaits++;
  continueStep();
  return Promise.resolve(value);
}

// One executor for all: a closure for each wait would be one more thing to allocate.
let resolveLast: (value: never) => void;
let rejectLast: (error: unknown) => void;

function capture(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  resolveLast = resolve;
  rejectLast = reject;
}
