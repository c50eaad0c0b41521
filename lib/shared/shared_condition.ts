import { WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import type { WaitSubject } from "../core/wait_subject.ts";
import { inspect } from "../base/inspect.ts";
import { now } from "../base/clock.ts";
import { checkFunction, checkInteger, show } from "../base/validate.ts";
import type { CancelOutcome } from "../core/waiter.ts";
import { CancelledError, InvalidStateError } from "../task_errors.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import { ConditionProtocol } from "./protocol/condition_protocol.ts";
import { LockProtocol } from "./protocol/lock_protocol.ts";
import { QueuedWait, QueuedWaits } from "./queued_wait.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import {
  type InterruptedHold,
  lockInternals,
  SharedLock,
  type SharedPermit,
} from "./shared_lock.ts";
import { self } from "./thread_registry.ts";

const KIND = "SharedCondition";
const QUEUE = 0;

/**
 * A lock between threads together with a queue of threads and tasks that wait, without holding it, to
 * be notified.
 *
 * - `wait` gives up the lock, waits, and returns holding it again, under the same permit. It does so
 *   also when it is cancelled: however often, it rejects only once it holds the lock. If the one who
 *   held the lock in between died with it, `abandoned` of that permit is `true` from then on.
 * - A wait that was notified and then fails, or dies with its worker, passes that on, so that no
 *   notification is lost.
 * - A wait may end without cause, though that is rare: when a worker dies, or when 64 threads wait.
 *   Look again at what was waited for, as `waitForPredicate` does.
 *
 * Passed to a worker, it arrives as the same condition, with the same lock.
 *
 * CPython: `multiprocessing.Condition`.
 *
 * @example
 * ```ts
 * import { createTask, SharedCondition, SharedValue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const condition = new SharedCondition();
 * const count = new SharedValue("int32", 0);
 * const task = createTask(async () => {
 *   using _ = await condition.acquire();
 *   await condition.waitForPredicate(() => count.value > 0);
 *   return count.value;
 * });
 * {
 *   using _ = await condition.acquire();
 *   count.value = 5;
 *   condition.notify();
 * }
 * assertEquals(await task, 5);
 * ```
 */
export class SharedCondition extends Shareable {
  readonly #block: SharedBlock;
  readonly #lock: SharedLock;
  readonly #protocol: ConditionProtocol;
  readonly #waits: QueuedWaits<true>;

  static #Notification = class extends QueuedWait<true> {
    readonly #condition: SharedCondition;

    constructor(condition: SharedCondition) {
      super();
      this.#condition = condition;
    }

    override describe(): WaitSubject {
      return { kind: "SharedCondition" };
    }

    protected override onWithdraw(): CancelOutcome {
      if (!this.#condition.#waits.leave(this)) this.onLost();
      return "left";
    }

    // Passed on before it is finished with: should this thread die in between, somebody is notified
    // once too often rather than nobody.
    protected override onLost(): void {
      this.#condition.#notifyOne();
      this.#condition.#waits.finish(this);
    }

    protected override onResume(): true {
      return true;
    }
  };

  /**
   * Make a condition.
   *
   * @param lock The lock to use, which several conditions may share; a new one by default.
   * @param options `allowBlockingMain`: also let the verbs that block do so on the main thread.
   * @throws {TypeError} If `lock` is given and is not a `SharedLock`, or `options` not an object.
   */
  constructor(lock?: SharedLock, options?: SharedOptions) {
    super();
    const what = "create a shared condition";
    if (lock !== undefined && !(lock instanceof SharedLock)) {
      throw new TypeError(`Cannot ${what}: lock must be a SharedLock, received ${show(lock)}`);
    }
    checkSharedOptions(what, options);
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(ConditionProtocol.SIZE, options);
    this.#block = block;
    this.#lock = lock ?? new SharedLock(options);
    this.#protocol = new ConditionProtocol(block.words, 0, self);
    this.#waits = new QueuedWaits(block, this.#protocol.queues, QUEUE, (wait) => wait.wake());
    block.attach((isDead) => {
      this.#protocol.recover(isDead);
      this.#waits.look();
    });
  }

  /**
   * Wait until the lock is free, and hold it: `SharedLock.acquire`.
   *
   * @returns A permit that releases the lock when it is disposed of.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<SharedPermit> {
    return this.#lock.acquire();
  }

  /**
   * Block the thread until the lock is free, and hold it: `SharedLock.acquireSync`.
   *
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @returns A permit that releases the lock when it is disposed of.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the lock was constructed with
   *   `allowBlockingMain`.
   * @throws {TimeoutError} If the time was over first.
   */
  acquireSync(timeoutMs?: number): SharedPermit {
    return this.#lock.acquireSync(timeoutMs);
  }

  /**
   * Hold the lock if that needs no waiting: `SharedLock.tryAcquire`.
   *
   * @returns A permit, or `undefined` if the lock is not free.
   */
  tryAcquire(): SharedPermit | undefined {
    return this.#lock.tryAcquire();
  }

  /**
   * Release the lock: `SharedLock.release`.
   *
   * @throws {InvalidStateError} If it is not held.
   */
  release(): void {
    this.#lock.release();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedCondition [${this.locked() ? "locked" : "unlocked"}]`;
  }

  /** Whether the lock is held. */
  locked(): boolean {
    return this.#lock.locked();
  }

  /**
   * Give up the lock, wait to be notified, and hold the lock again. It does not block the thread.
   *
   * @returns `true`, always.
   * @throws {InvalidStateError} (as a rejection) If this thread does not hold the lock.
   * @throws {CancelledError} (as a rejection) If the task is cancelled meanwhile. The lock is held
   *   then, too.
   */
  wait(): Promise<true> {
    const chain = new WaitChain();
    return racedWait(this.#wait(chain), chain);
  }

  async #wait(chain: WaitChain): Promise<true> {
    const hold = this.#checkHeld("wait on a shared condition");
    const wait = new SharedCondition.#Notification(this);
    this.#waits.enter(wait, this.#protocol.join(this.#waits.mine));
    this.#lock.release();
    let notified = false;
    try {
      try {
        notified = await chain.step(wait.begin());
      } finally {
        await this.#holdAgain(hold, chain);
      }
    } catch (error) {
      if (notified) this.#notifyOne();
      throw error;
    } finally {
      this.#waits.finish(wait);
    }
    return true;
  }

  /**
   * Give up the lock, block the thread until notified, and hold the lock again. For workers: a
   * blocked thread runs no tasks and cannot be cancelled.
   *
   * CPython: `Condition.wait(timeout)`.
   *
   * @param timeoutMs How long to wait to be notified at most, in milliseconds; for ever by default.
   *   Holding the lock again may take longer.
   * @returns Whether it was notified; `false` if the time was over first. The lock is held anyway.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If this thread does not hold the lock; or if called on the main
   *   thread, unless the condition was constructed with `allowBlockingMain`.
   */
  waitSync(timeoutMs?: number): boolean {
    const what = "wait on a shared condition";
    return this.#sleep(what, beginBlocking(this.#block, what, "wait", timeoutMs));
  }

  /**
   * Wait, again and again, until `fn` returns `true`. It is called with the lock held.
   *
   * CPython: `Condition.wait_for`.
   *
   * @param fn Called at once, and after every notification.
   * @returns `true`, always.
   * @throws {TypeError} (as a rejection) If `fn` is not a function, or returns a promise.
   * @throws {InvalidStateError} (as a rejection) If it has to wait and this thread does not hold the
   *   lock.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits. The lock is
   *   held then, too.
   * @throws What `fn` throws, as a rejection, with the lock held.
   */
  waitForPredicate(fn: () => boolean): Promise<true> {
    const chain = new WaitChain();
    return racedWait(this.#waitForPredicate(fn, chain), chain);
  }

  async #waitForPredicate(fn: () => boolean, chain: WaitChain): Promise<true> {
    checkFunction("wait on a shared condition", "fn", fn);
    while (!ask(fn)) await this.#wait(chain);
    return true;
  }

  /**
   * Block the thread, again and again, until `fn` returns `true`. It is called with the lock held.
   *
   * CPython: `Condition.wait_for(predicate, timeout)`.
   *
   * @param fn Called at once, and after every notification.
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @returns What `fn` returned last: `false` if the time was over first.
   * @throws {TypeError} If `fn` is not a function or returns a promise, or `timeoutMs` is given and
   *   not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If it has to wait and this thread does not hold the lock; or if
   *   called on the main thread, unless the condition was constructed with `allowBlockingMain`.
   * @throws What `fn` throws, with the lock held.
   */
  waitForPredicateSync(fn: () => boolean, timeoutMs?: number): boolean {
    const what = "wait on a shared condition";
    checkFunction(what, "fn", fn);
    const until = beginBlocking(this.#block, what, "waitForPredicate", timeoutMs);
    while (!ask(fn)) {
      if (now() >= until) return false;
      this.#sleep(what, until);
    }
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
   * @throws {InvalidStateError} If this thread does not hold the lock.
   */
  notify(n: number = 1): void {
    checkInteger("notify", "n", n, 0);
    this.#checkHeld("notify");
    while (n-- > 0 && this.#notifyOne());
  }

  /**
   * Wake all who wait.
   *
   * @throws {InvalidStateError} If this thread does not hold the lock.
   */
  notifyAll(): void {
    this.#checkHeld("notify");
    while (this.#notifyOne());
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: [this.#block.handle(), this.#lock[parcel]().data] };
  }

  #checkHeld(what: string): InterruptedHold {
    const hold = lockInternals.interrupt(this.#lock);
    if (hold !== undefined) return hold;
    throw new InvalidStateError(`Cannot ${what}: this thread does not hold its lock`);
  }

  #notifyOne(): boolean {
    const slot = this.#protocol.notify();
    if (slot !== 0) this.#waits.wakeAt(slot);
    return slot !== 0;
  }

  #sleep(what: string, until: number): boolean {
    const hold = this.#checkHeld(what);
    const { queues } = this.#protocol;
    const slot = this.#protocol.join(0);
    this.#lock.release();
    const notified = slot === 0
      ? queues.nap(QUEUE, until)
      : queues.park(slot, until, this.#block.checkLiveness);
    hold.resume(lockInternals.acquireAgain(this.#lock));
    if (slot !== 0 && notified) queues.finishedOne(slot);
    return notified;
  }

  // Under the permit that the caller has: it must still release the lock when the block ends.
  async #holdAgain(hold: InterruptedHold, chain: WaitChain): Promise<void> {
    let last: CancelledError | undefined;
    let abandoned: boolean;
    for (;;) {
      try {
        ({ abandoned } = await chain.step(this.#lock.acquire()));
        break;
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        last = error;
      }
    }
    hold.resume(abandoned);
    if (last !== undefined) throw last;
  }
}

function ask(fn: () => unknown): boolean {
  const answer = fn();
  if (typeof (answer as PromiseLike<unknown> | undefined | null)?.then === "function") {
    throw new TypeError(
      `Cannot wait on a shared condition: fn must return a boolean, received ${show(answer)}`,
    );
  }
  return Boolean(answer);
}

registerSharedType(KIND, ([handle, lock]: [SharedHandle, SharedHandle]) => {
  return new SharedCondition(
    new SharedLock(SharedBlock.open(lock, LockProtocol.SIZE)),
    SharedBlock.open(handle, ConditionProtocol.SIZE),
  );
});
