import { TimeoutError } from "../errors.ts";
import { checkInteger, checkOptions } from "../base/validate.ts";
import type { CancelOutcome } from "../core/waiter.ts";
import { type Parcel, parcel, registerSharedType, type Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./blocking.ts";
import { Home, type Passage, type SharedOptions } from "./shared_block.ts";
import { LineWait, LineWaits } from "./queued_wait.ts";
import { self } from "./thread_registry.ts";
import { CROWDED, TAKEN } from "./protocol/lock_protocol.ts";
import { SemaphoreProtocol } from "./protocol/semaphore_protocol.ts";
import type { SharedPermit } from "./shared_lock.ts";

const KIND = "SharedSemaphore";
const LINE = 0;
const MOST = 2 ** 31 - 1;

/** One unit taken from a semaphore, given back once. */
class Permit implements SharedPermit {
  readonly abandoned: boolean;
  #semaphore: SharedSemaphore | undefined;

  constructor(semaphore: SharedSemaphore, abandoned: boolean) {
    this.#semaphore = semaphore;
    this.abandoned = abandoned;
  }

  [Symbol.dispose](): void {
    const semaphore = this.#semaphore;
    this.#semaphore = undefined;
    semaphore?.release();
  }
}

let withdraw: (semaphore: SharedSemaphore, wait: Acquire) => void;
let lost: (semaphore: SharedSemaphore, wait: Acquire) => void;
let taken: (semaphore: SharedSemaphore, wait: Acquire) => SharedPermit;

class Acquire extends LineWait<SharedPermit> {
  readonly #semaphore: SharedSemaphore;

  constructor(semaphore: SharedSemaphore) {
    super();
    this.#semaphore = semaphore;
  }

  protected override onWithdraw(): CancelOutcome {
    withdraw(this.#semaphore, this);
    return "left";
  }

  protected override onLost(): void {
    lost(this.#semaphore, this);
  }

  protected override onResume(): SharedPermit {
    return taken(this.#semaphore, this);
  }
}

let arriving: Home | undefined;

/**
 * A counter of permits between threads: `acquire` takes one and waits when there is none.
 *
 * - First come, first served, sleeping threads (`acquireSync`) and waiting tasks (`acquire`) alike,
 *   within the limits that `SharedLock` describes.
 * - Whoever is cancelled after being handed a permit passes it on.
 * - If a worker of a pool, or a `Thread`, dies, the permits that it took and that were not given back
 *   since are given back, and as many of the next permits say `abandoned`. This is noted for up to 32 threads that hold permits at a time. What one
 *   thread took another may give back.
 *
 * Passed to a worker, it arrives as the same semaphore.
 *
 * CPython: `multiprocessing.Semaphore`. There `acquire` returns `True`; here a permit, so that a
 * `using` declaration does what `with` does.
 *
 * @example
 * ```ts
 * import { SharedSemaphore } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new SharedSemaphore(2);
 * {
 *   using _first = await semaphore.acquire();
 *   using _second = await semaphore.acquire();
 *   assertEquals(semaphore.tryAcquire(), undefined);
 * }
 * assertEquals(semaphore.value, 2);
 * ```
 */
export class SharedSemaphore implements Shareable {
  readonly #home: Home;
  readonly #protocol: SemaphoreProtocol;
  readonly #waits: LineWaits<SharedPermit>;

  static {
    withdraw = (semaphore, wait) => {
      if (!semaphore.#waits.leave(wait)) lost(semaphore, wait);
    };
    lost = (semaphore, wait) => {
      semaphore.#waits.over(wait);
      semaphore.release();
    };
    taken = (semaphore, wait) => {
      semaphore.#waits.over(wait);
      return semaphore.#take();
    };
  }

  /**
   * Make a semaphore.
   *
   * @param value How many permits there are at first; 1 by default.
   * @param options `allowBlockingMain`: also let `acquireSync` block the main thread.
   * @throws {TypeError} If `value` is not a number, or `options` not an object.
   * @throws {RangeError} If `value` is negative, no integer, or more than 2,147,483,647.
   */
  constructor(value: number = 1, options?: SharedOptions) {
    const what = "create a shared semaphore";
    checkInteger(what, "value", value, 0);
    if (value > MOST) {
      throw new RangeError(`Cannot ${what}: value must be at most ${MOST}, received ${value}`);
    }
    checkOptions(what, options);
    const home = arriving ?? Home.build(SemaphoreProtocol.SIZE, options);
    this.#home = home;
    this.#protocol = new SemaphoreProtocol(home.words, 0, self);
    if (arriving === undefined) this.#protocol.initialize(value);
    arriving = undefined;
    this.#waits = new LineWaits(home, this.#protocol.lines, LINE, (wait) => this.#join(wait));
    home.inhabit(this);
  }

  /**
   * Wait for a permit. It does not block the thread.
   *
   * When there is one to take, there is no wait, and no cancellation point either.
   *
   * @returns The permit, which is given back when it is disposed of, and only once.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<SharedPermit> {
    try {
      const crowded = this.#waits.crowded;
      if (!crowded && this.#protocol.tryTake()) return Promise.resolve(this.#take());
      const wait = new Acquire(this);
      if (crowded || !this.#join(wait)) this.#waits.place(wait, CROWDED);
      return wait.begin();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Block the thread until there is a permit, and take it. For workers: a blocked thread runs no
   * tasks and cannot be cancelled.
   *
   * CPython: `Semaphore.acquire(timeout=…)`, which returns `False` when the time is over.
   *
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @returns The permit, which is given back when it is disposed of, and only once.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the semaphore was constructed
   *   with `allowBlockingMain`.
   * @throws {TimeoutError} If the time was over first.
   */
  acquireSync(timeoutMs?: number): SharedPermit {
    const what = "acquire a shared semaphore";
    const until = beginBlocking(this.#home, what, "acquire", timeoutMs);
    const protocol = this.#protocol;
    for (;;) {
      const place = protocol.takeOrJoin(0);
      if (place === TAKEN) return this.#take();
      if (place !== CROWDED) {
        if (!protocol.park(place, until, this.#home.impatience)) break;
        protocol.lines.over(place, 1);
        return this.#take();
      }
      if (!protocol.lines.doze(LINE, until)) break;
    }
    throw new TimeoutError(`Cannot ${what}: time is over`);
  }

  /**
   * Take a permit if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `Semaphore.acquire(block=False)`.
   *
   * @returns The permit, or `undefined` if there is none to take.
   */
  tryAcquire(): SharedPermit | undefined {
    return this.#protocol.tryTake() ? this.#take() : undefined;
  }

  /**
   * Give back a permit, or add one, and hand it to the one who has waited longest.
   *
   * @throws {RangeError} If there would be more than 2,147,483,647 permits.
   */
  release(): void {
    const place = this.#protocol.release(MOST);
    if (place > 0) this.#waits.called(place);
    if (place < 0) {
      throw new RangeError(`Cannot release a shared semaphore: its value is ${MOST} already`);
    }
  }

  /** Whether `acquire` would have to wait: no permit is left. */
  locked(): boolean {
    return this.#protocol.value() === 0;
  }

  /** How many permits are left. None is while somebody waits. */
  get value(): number {
    return this.#protocol.value();
  }

  /**
   * Give back what the dead hold.
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

  #take(): Permit {
    return new Permit(this, this.#protocol.abandoned());
  }

  #join(wait: LineWait<SharedPermit>): boolean {
    const place = this.#protocol.takeOrJoin(this.#waits.mine);
    if (place === CROWDED) return false;
    if (place === TAKEN) wait.wake();
    else this.#waits.place(wait, place);
    return true;
  }
}

registerSharedType(KIND, (passage: Passage) => {
  arriving = Home.arrive(passage, SemaphoreProtocol.SIZE);
  return new SharedSemaphore();
});
