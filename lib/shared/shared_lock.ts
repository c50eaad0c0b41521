import { InvalidStateError, TimeoutError } from "../errors.ts";
import { checkOptions } from "../base/validate.ts";
import type { CancelOutcome } from "../core/waiter.ts";
import { type Parcel, parcel, registerSharedType, type Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./blocking.ts";
import { Home, type Passage, type SharedOptions } from "./shared_block.ts";
import { LineWait, LineWaits } from "./queued_wait.ts";
import { self } from "./thread_registry.ts";
import { CROWDED, LockProtocol, TAKEN } from "./protocol/lock_protocol.ts";

const KIND = "SharedLock";
const LINE = 0;

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

let turnOf: (permit: Permit) => number;
let tell: (permit: Permit) => void;

class Permit implements SharedPermit {
  readonly #lock: SharedLock;
  /** Which hold of the lock it stands for. */
  readonly #turn: number;
  #abandoned: boolean;

  static {
    turnOf = (permit) => permit.#turn;
    tell = (permit) => permit.#abandoned = true;
  }

  constructor(lock: SharedLock, turn: number, abandoned: boolean) {
    this.#lock = lock;
    this.#turn = turn;
    this.#abandoned = abandoned;
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  [Symbol.dispose](): void {
    lockInternals.release(this.#lock, this.#turn);
  }
}

class Acquire extends LineWait<SharedPermit> {
  readonly #lock: SharedLock;

  constructor(lock: SharedLock) {
    super();
    this.#lock = lock;
  }

  protected override onWithdraw(): CancelOutcome {
    lockInternals.withdraw(this.#lock, this);
    return "left";
  }

  protected override onLost(): void {
    lockInternals.lost(this.#lock, this);
  }

  protected override onResume(): SharedPermit {
    return lockInternals.take(this.#lock, this);
  }
}

/** A hold that is given up for a while. */
export interface Hold {
  readonly turn: number;
  /** The permit for it, if it was made by the same object. */
  readonly permit: Permit | undefined;
}

/** What waits, conditions and other shared objects may do with a lock and its users may not. */
export interface LockInternals {
  /** Make a lock in `buffer`, at its start, where other things may live behind it. */
  within(buffer: SharedArrayBuffer, options: SharedOptions | undefined): SharedLock;
  /** Make the lock again that has crossed. */
  arrive(passage: Passage): SharedLock;
  /** The hold that this thread has of it, if any. */
  hold(lock: SharedLock): Hold | undefined;
  /**
   * Let the hold of now be the one of before, so that the permit of that one is good again.
   *
   * @param abandoned Whether the holder in between died, which the permit is to say.
   */
  resume(lock: SharedLock, hold: Hold, abandoned: boolean): void;
  /** Release it, if it is still held as at that turn. */
  release(lock: SharedLock, turn?: number): void;
  /** A wait is called off. */
  withdraw(lock: SharedLock, wait: Acquire): void;
  /** A wait that was handed the lock cannot make use of it. */
  lost(lock: SharedLock, wait: Acquire): void;
  /** A wait that was handed the lock goes on. */
  take(lock: SharedLock, wait: Acquire): SharedPermit;
  /** Hold it again, however long that takes, blocking; gives whether it was abandoned. */
  acquireAgain(lock: SharedLock): boolean;
}

/** Filled by the class below. */
export let lockInternals: LockInternals;

let arriving: Home | undefined;

function make(home: Home): SharedLock {
  arriving = home;
  return new SharedLock();
}

/**
 * A lock between threads: held by one at a time, whichever thread and task it is in.
 *
 * - First come, first served, sleeping threads (`acquireSync`) and waiting tasks (`acquire`) alike:
 *   a newcomer never overtakes one who waits. With more than 64 threads, or many tasks of different
 *   threads taking turns in the line, the order between threads is only roughly kept; the order
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
export class SharedLock implements Shareable {
  readonly #home: Home;
  readonly #protocol: LockProtocol;
  readonly #waits: LineWaits<SharedPermit>;
  /** The last one that was made here. */
  #permit: Permit | undefined = undefined;

  static {
    lockInternals = {
      within: (buffer, options) => make(Home.build(LockProtocol.SIZE, options, buffer)),
      arrive: (passage) => make(Home.arrive(passage, LockProtocol.SIZE)),
      hold: (lock) => {
        if (!lock.#protocol.mine()) return undefined;
        const turn = lock.#protocol.turn();
        const last = lock.#permit;
        return { turn, permit: last !== undefined && turnOf(last) === turn ? last : undefined };
      },
      resume: (lock, { turn, permit }, abandoned) => {
        lock.#protocol.resumeTurn(turn);
        lock.#permit = permit;
        if (!abandoned) return;
        if (permit !== undefined) tell(permit);
        else lock.#protocol.leaveNews();
      },
      release: (lock, turn) => void lock.#release(turn),
      withdraw: (lock, wait) => {
        if (!lock.#waits.leave(wait)) lockInternals.lost(lock, wait);
      },
      lost: (lock, wait) => {
        lock.#waits.over(wait);
        lock.#release();
      },
      take: (lock, wait) => {
        lock.#waits.over(wait);
        return lock.#hold();
      },
      acquireAgain: (lock) => lock.#block(Infinity) && lock.#protocol.abandoned(),
    };
  }

  /**
   * Make a lock.
   *
   * @param options `allowBlockingMain`: also let `acquireSync` block the main thread.
   * @throws {TypeError} If `options` is not an object.
   */
  constructor(options?: SharedOptions) {
    checkOptions("create a shared lock", options);
    const home = arriving ?? Home.build(LockProtocol.SIZE, options);
    arriving = undefined;
    this.#home = home;
    this.#protocol = new LockProtocol(home.words, 0, self);
    this.#waits = new LineWaits(home, this.#protocol.lines, LINE, (wait) => this.#join(wait));
    home.inhabit(this);
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
    try {
      const crowded = this.#waits.crowded;
      if (!crowded && this.#protocol.tryTake()) return Promise.resolve(this.#hold());
      const wait = new Acquire(this);
      if (crowded || !this.#join(wait)) this.#waits.place(wait, CROWDED);
      return wait.begin();
    } catch (error) {
      return Promise.reject(error);
    }
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
    const until = beginBlocking(this.#home, what, "acquire", timeoutMs);
    if (!this.#block(until)) throw new TimeoutError("Cannot acquire a shared lock: time is over");
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
    return this.#protocol.tryTake() ? this.#hold() : undefined;
  }

  /**
   * Release the lock and hand it to the one who has waited longest.
   *
   * As in CPython, any thread may release it, not only the one that holds it.
   *
   * @throws {InvalidStateError} If it is not held.
   */
  release(): void {
    if (!this.#release()) {
      throw new InvalidStateError("Cannot release a shared lock: it is not held");
    }
  }

  /** Whether it is held, by any thread. */
  locked(): boolean {
    return this.#protocol.locked();
  }

  /**
   * Take it from a holder that is dead.
   * @ignore
   */
  recover(isDead: (id: number) => boolean): void {
    this.#protocol.recover(isDead);
    this.#waits.look();
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: this.#home.passage() };
  }

  #hold(): Permit {
    const protocol = this.#protocol;
    return this.#permit = new Permit(this, protocol.turn(), protocol.abandoned());
  }

  #block(until: number): boolean {
    const protocol = this.#protocol;
    for (;;) {
      if (protocol.tryTake()) return true;
      const place = protocol.takeOrJoin(0);
      if (place === TAKEN) return true;
      if (place !== CROWDED) {
        const taken = protocol.park(place, until, this.#home.impatience);
        if (taken) protocol.lines.over(place, 1);
        return taken;
      }
      if (!protocol.lines.doze(LINE, until)) return false;
    }
  }

  #join(wait: LineWait<SharedPermit>): boolean {
    const place = this.#protocol.takeOrJoin(this.#waits.mine);
    if (place === CROWDED) return false;
    if (place === TAKEN) wait.wake();
    else this.#waits.place(wait, place);
    return true;
  }

  #release(turn?: number): boolean {
    const place = this.#protocol.release(turn);
    if (place > 0) this.#waits.called(place);
    return place >= 0;
  }
}

registerSharedType(KIND, lockInternals.arrive);
