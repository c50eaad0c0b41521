import { InvalidStateError } from "../errors.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { wentOn } from "../core/scheduler.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";

/** One hold of a lock. The lock knows the permit that holds it, so one that is not that is dead. */
class Permit implements Disposable {
  readonly #lock: Lock;

  constructor(lock: Lock) {
    this.#lock = lock;
  }

  [Symbol.dispose](): void {
    if (lockInternals.holder(this.#lock) === this) this.#lock.release();
  }
}

/** What a wait for a lock, and a condition, may do with it and its users may not. */
export interface LockInternals {
  /** The permit that holds it. */
  holder(lock: Lock): Disposable | undefined;
  /** If `permit` holds it, let `other` hold it instead. */
  replace(lock: Lock, permit: Disposable, other: Disposable): void;
  /** A wait is called off, and leaves the line in its turn. */
  withdraw(lock: Lock): void;
  /** A wait that was called off leaves the line. */
  withdrawn(lock: Lock, wait: Acquire): void;
  /** A wait that was woken can not take the lock. */
  lost(lock: Lock, wait: Acquire): void;
  /** A wait that was woken takes the lock. */
  take(lock: Lock, wait: Acquire): Disposable;
}

/** Filled by the class below. */
export let lockInternals: LockInternals;

class Acquire extends Waiter<Disposable, void> {
  readonly #lock: Lock;

  constructor(lock: Lock) {
    super();
    this.#lock = lock;
  }

  protected override onWithdraw(): CancelOutcome {
    lockInternals.withdraw(this.#lock);
    return "left";
  }

  protected override onWithdrawn(): void {
    lockInternals.withdrawn(this.#lock, this);
  }

  protected override onLost(): void {
    lockInternals.lost(this.#lock, this);
  }

  protected override onResume(): Disposable {
    return lockInternals.take(this.#lock, this);
  }
}

/**
 * A lock for the tasks of one thread: held by one at a time, by whoever acquired it.
 *
 * - First come, first served: a newcomer never overtakes one who waits or has just been woken.
 * - Whoever is cancelled after being woken passes the lock on.
 * - It is not re-entrant, and belongs to no task: anyone may release it.
 *
 * CPython: `asyncio.Lock`. There `acquire` returns `True`; here a permit, so that a `using`
 * declaration does what `async with` does.
 *
 * @example
 * ```ts
 * import { gather, Lock, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * const log: string[] = [];
 * const visit = async (name: string) => {
 *   using _ = await lock.acquire();
 *   log.push(`${name} in`);
 *   await sleep(1);
 *   log.push(`${name} out`);
 * };
 * await gather(() => visit("A"), () => visit("B"));
 * assertEquals(log, ["A in", "A out", "B in", "B out"]);
 * ```
 */
export class Lock {
  #holder: Disposable | undefined = undefined;
  // As in CPython, those who were woken or called off stand in line until their turn.
  readonly #line: WaitQueue<Acquire> = new WaitQueue();
  #leaving = 0;

  static {
    lockInternals = {
      holder: (lock) => lock.#holder,
      replace: (lock, permit, other) => {
        if (lock.#holder === permit) lock.#holder = other;
      },
      withdraw: (lock) => {
        lock.#leaving++;
      },
      withdrawn: (lock, wait) => {
        lock.#leaving--;
        lock.#line.remove(wait);
        lock.#passOn();
      },
      lost: (lock, wait) => {
        lock.#line.remove(wait);
        lock.#passOn();
      },
      take: (lock, wait) => {
        lock.#line.remove(wait);
        return lock.#holder = new Permit(lock);
      },
    };
  }

  /**
   * Wait until the lock is free, and hold it.
   *
   * When it is free, there is no wait, and no cancellation point either.
   *
   * @returns A permit that releases the lock when it is disposed of. Once the lock was released,
   *   by the permit or by `release()`, the permit is dead and disposing of it does nothing.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<Disposable> {
    if (this.#free()) {
      wentOn();
      return Promise.resolve(this.#holder = new Permit(this));
    }
    const wait = new Acquire(this);
    this.#line.append(wait);
    return wait.begin();
  }

  /**
   * Hold the lock if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `threading.Lock.acquire(blocking=False)`.
   *
   * @returns A permit, or `undefined` if the lock is not free.
   */
  tryAcquire(): Disposable | undefined {
    return this.#free() ? this.#holder = new Permit(this) : undefined;
  }

  /**
   * Release the lock and wake the one who has waited longest.
   *
   * @throws {InvalidStateError} If it is not held.
   */
  release(): void {
    if (this.#holder === undefined) {
      throw new InvalidStateError("Cannot release a lock: it is not held");
    }
    this.#holder = undefined;
    this.#passOn();
  }

  /** Whether it is held. One who was woken holds it only from its turn on. */
  locked(): boolean {
    return this.#holder !== undefined;
  }

  #free(): boolean {
    return this.#holder === undefined && this.#line.size === this.#leaving;
  }

  // The first in line may have been woken already, or be about to leave and then call this itself.
  #passOn(): void {
    if (this.#holder === undefined) this.#line.first?.wake();
  }
}
