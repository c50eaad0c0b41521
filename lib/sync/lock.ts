import { InvalidStateError } from "../task_errors.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { type Slotted, WaitQueue } from "../base/slot_queue.ts";
import { currentFiber } from "../core/context.ts";
import { fiberOf } from "../core/fiber_numbers.ts";
import { type CancelOutcome, noWait, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/** What holds a lock, and the number of the task that took it. */
type Permit = Disposable & { readonly fiber?: number };

/** Somebody who stands in line for a lock. */
type LockWait = Slotted & Pick<Waiter<unknown, void>, "wake">;

/** What a condition may do with its lock and users may not. */
export interface LockInternals {
  /** What those in line wait for. */
  describe(lock: Lock): WaitSubject;
  /** The permit that holds the lock. */
  holder(lock: Lock): Permit | undefined;
  /** Let `permit` hold the lock if that needs no waiting. */
  tryHold(lock: Lock, permit: Permit): boolean;
  /** Let `wait` stand in line for the lock; it is woken when it may hold it. */
  append(lock: Lock, wait: LockWait): void;
  /** One of those in line was called off, and leaves in its turn. */
  callOff(lock: Lock): void;
  /** `wait` has its turn and leaves the line, after it was called off or not. */
  leave(lock: Lock, wait: LockWait, calledOff: boolean): void;
  /** `wait` has its turn, and leaves the line with the lock held by `permit`. */
  hold(lock: Lock, wait: LockWait, permit: Permit): void;
}

/** Filled by the class below. */
export let lockInternals: LockInternals;

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
  #holder: Permit | undefined = undefined;
  /**
   * Everybody who waits. As in CPython, those who were woken or cancelled stand here until their
   * turn, so that a newcomer between a release and that turn does not overtake them:
   *
   *     lock.release(); await lock.acquire();   // in one step: behind who waited before
   */
  readonly #waiters: WaitQueue<LockWait> = new WaitQueue();
  /** How many of the waiters were cancelled, and leave in their turn. */
  #leaving = 0;

  static #Acquire = class extends Waiter<Disposable, void> {
    readonly #lock: Lock;

    constructor(lock: Lock) {
      super();
      this.#lock = lock;
      lock.#waiters.append(this);
    }

    override describe(): WaitSubject {
      return lockInternals.describe(this.#lock);
    }

    protected override onWithdraw(): CancelOutcome {
      this.#lock.#leaving++;
      return "left";
    }

    protected override onWithdrawn(): void {
      this.#lock.#leave(this, true);
    }

    protected override onLost(): void {
      this.#lock.#leave(this, false);
    }

    protected override onResume(): Disposable {
      const permit = new Lock.#Permit(this.#lock, this.fiber?.id ?? 0);
      this.#lock.#hold(this, permit);
      return permit;
    }
  };

  /** One hold of a lock. The lock knows the permit that holds it: any other permit is dead. */
  static #Permit = class implements Disposable {
    /** The number of the task that took it. */
    readonly fiber: number;
    readonly #lock: Lock;

    constructor(lock: Lock, fiber: number = currentFiber()) {
      this.#lock = lock;
      this.fiber = fiber;
    }

    [Symbol.dispose](): void {
      if (this.#lock.#holder === this) this.#lock.release();
    }
  };

  static {
    lockInternals = {
      describe: (lock) => ({ kind: "Lock", holder: fiberOf(lock.#holder?.fiber ?? 0) }),
      holder: (lock) => lock.#holder,
      tryHold: (lock, permit) => {
        if (!lock.#free()) return false;
        lock.#holder = permit;
        return true;
      },
      append: (lock, wait) => lock.#waiters.append(wait),
      callOff: (lock) => void lock.#leaving++,
      leave: (lock, wait, calledOff) => lock.#leave(wait, calledOff),
      hold: (lock, wait, permit) => lock.#hold(wait, permit),
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
      return noWait(this.#holder = new Lock.#Permit(this));
    }
    return new Lock.#Acquire(this).begin();
  }

  /**
   * Hold the lock if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `threading.Lock.acquire(blocking=False)`.
   *
   * @returns A permit, or `undefined` if the lock is not free.
   */
  tryAcquire(): Disposable | undefined {
    return this.#free() ? this.#holder = new Lock.#Permit(this) : undefined;
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

  /** Whether the lock is held. One who was woken holds it only from its turn on. */
  locked(): boolean {
    return this.#holder !== undefined;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const holder = fiberOf(this.#holder?.fiber ?? 0)?.task.name;
    const by = holder === undefined ? "" : ` by ${JSON.stringify(holder)}`;
    const state = this.#holder === undefined ? "unlocked" : `locked${by}`;
    return `Lock [${[state, ...showCounts({ waiting: this.#waiters.size })].join(", ")}]`;
  }

  #free(): boolean {
    return this.#holder === undefined && this.#waiters.size === this.#leaving;
  }

  // In one step: `lock.release(); first.cancel();`. The release woke the first, or found it still
  // standing there; nobody but the one who leaves can wake the second.
  #leave(wait: LockWait, calledOff: boolean): void {
    if (calledOff) this.#leaving--;
    this.#waiters.remove(wait);
    this.#passOn();
  }

  #hold(wait: LockWait, permit: Permit): void {
    this.#waiters.remove(wait);
    this.#holder = permit;
  }

  // The first may have been woken already, or be about to leave: it calls this itself then.
  #passOn(): void {
    if (this.#holder === undefined) this.#waiters.first?.wake();
  }
}
