import { inspect } from "../base/inspect.ts";
import { InvalidStateError, TimeoutError } from "../task_errors.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import { LockProtocol, NOT_HELD } from "./protocol/lock_protocol.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import { SharedPermits } from "./shared_permits.ts";
import { self } from "./thread_registry.ts";

const KIND = "SharedLock";

/**
 * A hold of a {@linkcode SharedLock}, or a permit of a {@linkcode SharedSemaphore}; disposing of it
 * gives it back, once.
 *
 * @example
 * ```ts
 * import { SharedArray, SharedLock, type SharedPermit } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Whoever died with the lock may have moved only half of the money.
 * function check(permit: SharedPermit, accounts: SharedArray, total: number): void {
 *   if (!permit.abandoned) return;
 *   accounts.set(0, total - accounts.get(1));
 * }
 *
 * const lock = new SharedLock();
 * const accounts = new SharedArray("int32", [60, 40]);
 * {
 *   using permit = await lock.acquire();
 *   check(permit, accounts, 100);
 *   accounts.set(0, accounts.get(0) - 10);
 *   accounts.set(1, accounts.get(1) + 10);
 * }
 * assertEquals([...accounts, lock.locked()], [50, 50, false]);
 * ```
 */
export interface SharedPermit extends Disposable {
  /**
   * Whether the last holder died with it: what it protects may be half changed. A wait at a
   * condition, which holds the lock again under the same permit, may make it `true`.
   */
  readonly abandoned: boolean;
}

/** A hold that a wait at a condition gives up for a while. */
export interface InterruptedHold {
  /**
   * Let the hold of now be the one of before, so that the permit of that one is good again.
   *
   * @param abandoned Whether the holder in between died with it, which the permit is to say.
   */
  resume(abandoned: boolean): void;
}

/** What a condition may do with its lock and users may not. */
interface SharedLockInternals {
  /** The hold that this thread has of it, if any. */
  interrupt(lock: SharedLock): InterruptedHold | undefined;
  /** Hold it again, however long that takes, blocking; gives whether it was abandoned. */
  acquireAgain(lock: SharedLock): boolean;
}

/** Filled by the class below. */
export let lockInternals: SharedLockInternals;

/** What is known here of one hold. */
interface HoldState {
  /** Its number: once another one holds the lock, the permit for this one is dead. */
  turn: number;
  abandoned: boolean;
}

/**
 * A lock between threads: held by one at a time, whichever thread and task it is in.
 *
 * - First come, first served, sleeping threads (`acquireSync`) and waiting tasks (`acquire`) alike:
 *   a newcomer never overtakes one who waits. With more than 64 threads, or many tasks of different
 *   threads taking turns in the queue, the order between threads is only roughly kept; the order
 *   within a thread always is.
 * - Whoever is cancelled after being handed the lock passes it on.
 * - If a worker of a pool, or a `Thread`, dies with the lock, the next one gets it, and its permit
 *   says `abandoned`.
 * - It is not re-entrant, and anyone may release it.
 *
 * Passed to a worker, it arrives as the same lock.
 *
 * CPython: `multiprocessing.Lock`. There `acquire` returns `True`; here a permit, so that a `using`
 * declaration does what `with` does, and which knows of the death of the last holder.
 *
 * @example
 * ```ts
 * import { SharedLock } from "@strand/strand";
 * import { assertEquals, assertFalse } from "@std/assert";
 *
 * const lock = new SharedLock();
 * {
 *   using permit = await lock.acquire();
 *   assertFalse(permit.abandoned);
 *   assertEquals(lock.tryAcquire(), undefined);
 * }
 * assertFalse(lock.locked());
 * ```
 */
export class SharedLock extends Shareable {
  readonly #block: SharedBlock;
  readonly #protocol: LockProtocol;
  readonly #permits: SharedPermits<SharedPermit>;
  /** The last hold for which a permit was made here. */
  #last: HoldState | undefined = undefined;

  static #Permit = class implements SharedPermit {
    readonly #lock: SharedLock;
    readonly #hold: HoldState;

    constructor(lock: SharedLock, hold: HoldState) {
      this.#lock = lock;
      this.#hold = hold;
    }

    get abandoned(): boolean {
      return this.#hold.abandoned;
    }

    [Symbol.dispose](): void {
      this.#lock.#release(this.#hold.turn);
    }
  };

  static {
    lockInternals = {
      interrupt: (lock) => lock.#interrupt(),
      acquireAgain: (lock) => lock.#permits.block(Infinity) && lock.#protocol.abandoned(),
    };
  }

  /**
   * Make a lock.
   *
   * @param options `allowBlockingMain`: also let `acquireSync` block the main thread.
   * @throws {TypeError} If `options` is not an object.
   */
  constructor(options?: SharedOptions) {
    super();
    checkSharedOptions("create a shared lock", options);
    const block = options instanceof SharedBlock
      ? options
      : SharedBlock.create(LockProtocol.SIZE, options);
    this.#block = block;
    this.#protocol = new LockProtocol(block.words, 0, self);
    this.#permits = new SharedPermits(block, this.#protocol, {
      hold: () => this.#hold(),
      passOn: () => this.#release(),
    });
  }

  /**
   * Wait until the lock is free, and hold it. It does not block the thread.
   *
   * When it is free, there is no wait, and no cancellation point either.
   *
   * @returns A permit that releases the lock when it is disposed of. Once the lock was released, by
   *   the permit or by `release()`, the permit is dead and disposing of it does nothing.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<SharedPermit> {
    return this.#permits.acquire();
  }

  /**
   * Block the thread until the lock is free, and hold it. For workers: a blocked thread runs no
   * tasks and cannot be cancelled.
   *
   * CPython: `Lock.acquire(timeout=…)`, which returns `False` when the time is over.
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
    const what = "acquire a shared lock";
    const until = beginBlocking(this.#block, what, "acquire", timeoutMs);
    if (!this.#permits.block(until)) throw new TimeoutError(`Cannot ${what}: time is over`);
    return this.#hold();
  }

  /**
   * Hold the lock if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `Lock.acquire(block=False)`.
   *
   * @returns A permit, or `undefined` if the lock is not free.
   */
  tryAcquire(): SharedPermit | undefined {
    return this.#permits.tryAcquire();
  }

  /**
   * Release the lock and hand it to the one who has waited longest.
   *
   * As in CPython, any thread may release it, not only the one that holds it.
   *
   * @throws {InvalidStateError} If it is not held.
   */
  release(): void {
    if (this.#release()) return;
    self.checkAlive();
    throw new InvalidStateError("Cannot release a shared lock: it is not held");
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedLock [${this.locked() ? "locked" : "unlocked"}]`;
  }

  /** Whether it is held, by any thread. */
  locked(): boolean {
    return this.#protocol.locked();
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: this.#block.handle() };
  }

  #hold(): SharedPermit {
    const protocol = this.#protocol;
    this.#last = { turn: protocol.turn(), abandoned: protocol.abandoned() };
    return new SharedLock.#Permit(this, this.#last);
  }

  #release(turn?: number): boolean {
    const slot = this.#protocol.release(turn);
    if (slot > 0) this.#permits.wakeAt(slot);
    return slot !== NOT_HELD;
  }

  #interrupt(): InterruptedHold | undefined {
    const protocol = this.#protocol;
    if (!protocol.mine()) return undefined;
    const turn = protocol.turn();
    // A permit that another object for this lock has made is not known here.
    const hold = this.#last?.turn === turn ? this.#last : undefined;
    return {
      resume: (abandoned) => {
        this.#last = hold;
        if (hold === undefined) {
          protocol.resumeTurn(turn);
          if (abandoned) protocol.leaveNotice();
        } else {
          hold.turn = protocol.turn();
          if (abandoned) hold.abandoned = true;
        }
      },
    };
  }
}

registerSharedType(KIND, (handle: SharedHandle) => {
  return new SharedLock(SharedBlock.open(handle, LockProtocol.SIZE));
});
