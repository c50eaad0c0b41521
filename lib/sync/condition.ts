import { type CancelledError, InvalidStateError } from "../task_errors.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkFunction, checkInteger, show } from "../base/validate.ts";
import { WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { again, type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";
import { Lock, lockInternals } from "./lock.ts";

/** Make the condition of another primitive, for which its waits are then waits. */
export let conditionOf: (kind: string) => Condition;

/**
 * A lock together with tasks that wait, without holding it, to be notified.
 *
 * - `wait` gives up the lock, waits, and returns holding it again, under the same permit. It does so
 *   also when it is cancelled: however often, it rejects only once it holds the lock.
 * - A wait that fails notifies another one in its place, so that no notification is lost. A wait
 *   may therefore end without cause: look again at what was waited for, as `waitForPredicate` does.
 *
 * CPython: `asyncio.Condition`.
 *
 * @example
 * ```ts
 * import { Condition, createTask } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const condition = new Condition();
 * const items: string[] = [];
 * const taker = createTask(async () => {
 *   using _ = await condition.acquire();
 *   await condition.waitForPredicate(() => items.length > 0);
 *   return items.pop();
 * });
 * {
 *   using _ = await condition.acquire();
 *   items.push("bread");
 *   condition.notify();
 * }
 * assertEquals(await taker, "bread");
 * ```
 */
export class Condition {
  readonly #lock: Lock;
  /** Those who were not notified yet. */
  readonly #waiters: WaitQueue<Waiter<true, void>> = new WaitQueue();
  /** What those who wait wait for, as the tree of tasks shows it. */
  #kind = "Condition";

  /**
   * First to be notified, and then for the lock: one wait, so that nothing is between the two.
   *
   * As in CPython, a cancellation is kept until the lock is held: of several the last. Each costs the
   * place in the line for the lock.
   */
  static #Wait = class extends Waiter<true, void> {
    readonly #condition: Condition;
    readonly #line: Lock;
    /** Under which the caller has held the lock: it still has to release it at its end. */
    readonly #permit: Disposable;
    /** Whether it stands in the line for the lock. */
    #inLine = false;
    /** A cancellation that it takes in its turn, and whether that alone is why it has one. */
    #due: CancelledError | undefined = undefined;
    #calledOff = false;
    #failure: CancelledError | undefined = undefined;

    constructor(condition: Condition, permit: Disposable) {
      super();
      this.#condition = condition;
      this.#line = condition.#lock;
      this.#permit = permit;
      condition.#waiters.append(this);
    }

    override describe(): WaitSubject {
      return this.#inLine ? lockInternals.describe(this.#line) : { kind: this.#condition.#kind };
    }

    override interrupt(error: CancelledError): boolean {
      if (this.waiting) return super.interrupt(error);
      // As in any wait: of several the last is delivered, but not after it was called off.
      //     condition.notify(); task.cancel("one"); task.cancel("other");   // "other"
      //     task.cancel("one"); task.cancel("other");                       // "one"
      if (!this.#calledOff) this.#due = error;
      return true;
    }

    override clearPending(): void {
      if (!this.#calledOff) this.#due = undefined;
    }

    // It cannot reject before it holds the lock.
    protected override onWithdraw(error: CancelledError): CancelOutcome {
      if (this.#inLine) lockInternals.callOff(this.#line);
      else this.#condition.#waiters.remove(this);
      this.#due = error;
      this.#calledOff = true;
      this.wake();
      return "delegated";
    }

    protected override onResume(): true | typeof again {
      const due = this.#due;
      if (this.#inLine && due === undefined) {
        lockInternals.hold(this.#line, this, this.#permit);
        return this.#end();
      }
      if (this.#inLine) lockInternals.leave(this.#line, this, this.#calledOff);
      if (due !== undefined) {
        this.#failure = due;
        this.#due = undefined;
        this.#calledOff = false;
      }
      if (lockInternals.tryHold(this.#line, this.#permit)) return this.#end();
      lockInternals.append(this.#line, this);
      this.#inLine = true;
      return again;
    }

    // One that fails may have been notified all the same, so that another one has to be:
    //
    //   condition.notify(); waiter.cancel();   // in one step: nobody else would hear of it
    #end(): true {
      if (this.#failure === undefined) return true;
      this.#condition.#wake(1);
      throw this.#failure;
    }
  };

  static {
    conditionOf = (kind) => {
      const condition = new Condition();
      condition.#kind = kind;
      return condition;
    };
  }

  /**
   * Make a condition.
   *
   * @param lock The lock to use, which several conditions may share; a new one by default.
   * @throws {TypeError} If `lock` is given and is not a `Lock`.
   */
  constructor(lock: Lock = new Lock()) {
    if (!(lock instanceof Lock)) {
      throw new TypeError(
        `Cannot create a condition: lock must be a Lock, received ${show(lock)}`,
      );
    }
    this.#lock = lock;
  }

  /**
   * Wait until the lock is free, and hold it: `Lock.acquire`.
   *
   * @returns A permit that releases the lock when it is disposed of.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<Disposable> {
    return this.#lock.acquire();
  }

  /**
   * Hold the lock if that needs no waiting: `Lock.tryAcquire`.
   *
   * @returns A permit, or `undefined` if the lock is not free.
   */
  tryAcquire(): Disposable | undefined {
    return this.#lock.tryAcquire();
  }

  /**
   * Release the lock: `Lock.release`.
   *
   * @throws {InvalidStateError} If it is not held.
   */
  release(): void {
    this.#lock.release();
  }

  /** Whether the lock is held. */
  locked(): boolean {
    return this.#lock.locked();
  }

  /**
   * Give up the lock, wait to be notified, and hold the lock again.
   *
   * @returns `true`, always.
   * @throws {InvalidStateError} (as a rejection) If the lock is not held.
   * @throws {CancelledError} (as a rejection) If the task is cancelled meanwhile. The lock is held
   *   then, too.
   */
  wait(): Promise<true> {
    const permit = lockInternals.holder(this.#lock);
    if (permit === undefined) {
      return Promise.reject(
        new InvalidStateError("Cannot wait on a condition: its lock is not held"),
      );
    }
    const wait = new Condition.#Wait(this, permit);
    this.#lock.release();
    return wait.begin();
  }

  /**
   * Wait, again and again, until `fn` returns `true`. It is called with the lock held.
   *
   * CPython: `Condition.wait_for`, which returns what `fn` returned.
   *
   * @param fn Called at once, and after every notification.
   * @returns `true`, always.
   * @throws {TypeError} (as a rejection) If `fn` is not a function, or returns a promise.
   * @throws {InvalidStateError} (as a rejection) If it has to wait and the lock is not held.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits. The lock is
   *   held then, too.
   * @throws What `fn` throws, as a rejection, with the lock held.
   */
  waitForPredicate(fn: () => boolean): Promise<true> {
    const chain = new WaitChain();
    return racedWait(this.#waitForPredicate(fn, chain), chain);
  }

  async #waitForPredicate(fn: () => boolean, chain: WaitChain): Promise<true> {
    checkFunction("wait on a condition", "fn", fn);
    while (!ask(fn)) await chain.step(this.wait());
    return true;
  }

  /**
   * Wake some of those who wait, the ones first who have waited longest.
   *
   * They go on once they hold the lock, so not before the caller has released it.
   *
   * @param n How many at most; 1 by default.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is negative or no integer.
   * @throws {InvalidStateError} If the lock is not held.
   */
  notify(n: number = 1): void {
    checkInteger("notify", "n", n, 0);
    this.#checkHeld();
    this.#wake(n);
  }

  /**
   * Wake all who wait.
   *
   * @throws {InvalidStateError} If the lock is not held.
   */
  notifyAll(): void {
    this.#checkHeld();
    this.#wake(Infinity);
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const state = this.#lock.locked() ? "locked" : "unlocked";
    return `Condition [${[state, ...showCounts({ waiting: this.#waiters.size })].join(", ")}]`;
  }

  #wake(n: number): void {
    for (let left = Math.min(n, this.#waiters.size); left > 0; left--) {
      this.#waiters.shift()!.wake();
    }
  }

  #checkHeld(): void {
    if (!this.#lock.locked()) {
      throw new InvalidStateError("Cannot notify: the lock of the condition is not held");
    }
  }
}

function ask(fn: () => unknown): boolean {
  const answer = fn();
  if (typeof (answer as PromiseLike<unknown> | undefined | null)?.then === "function") {
    throw new TypeError(
      `Cannot wait on a condition: fn must return a boolean, received ${show(answer)}`,
    );
  }
  return Boolean(answer);
}
