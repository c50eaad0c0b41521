import { inspect } from "../base/inspect.ts";
import { checkInteger } from "../base/validate.ts";
import { TimeoutError } from "../task_errors.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import { SemaphoreProtocol, TOO_MANY } from "./protocol/semaphore_protocol.ts";
import {
  checkSharedOptions,
  SharedBlock,
  type SharedHandle,
  type SharedOptions,
} from "./shared_block.ts";
import type { SharedPermit } from "./shared_lock.ts";
import { SharedPermits } from "./shared_permits.ts";
import { self } from "./thread_registry.ts";

const KIND = "SharedSemaphore";
const MOST = 2 ** 31 - 1;

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
export class SharedSemaphore extends Shareable {
  readonly #block: SharedBlock;
  readonly #protocol: SemaphoreProtocol;
  readonly #permits: SharedPermits<SharedPermit>;

  /** One unit taken from a semaphore, given back once. */
  static #Permit = class implements SharedPermit {
    readonly abandoned: boolean;
    #semaphore: SharedSemaphore | undefined;

    constructor(semaphore: SharedSemaphore) {
      this.#semaphore = semaphore;
      this.abandoned = semaphore.#protocol.abandoned();
    }

    [Symbol.dispose](): void {
      const semaphore = this.#semaphore;
      this.#semaphore = undefined;
      if (semaphore !== undefined) semaphore.#release();
    }
  };

  /**
   * Make a semaphore.
   *
   * @param value How many permits there are at first; 1 by default.
   * @param options `allowBlockingMain`: also let `acquireSync` block the main thread.
   * @throws {TypeError} If `value` is not a number, or `options` not an object.
   * @throws {RangeError} If `value` is negative, no integer, or more than 2,147,483,647.
   */
  constructor(value: number = 1, options?: SharedOptions) {
    super();
    const what = "create a shared semaphore";
    checkInteger(what, "value", value, 0);
    if (value > MOST) {
      throw new RangeError(`Cannot ${what}: value must be at most ${MOST}, received ${value}`);
    }
    checkSharedOptions(what, options);
    const isOpen = options instanceof SharedBlock;
    const block = isOpen ? options : SharedBlock.create(SemaphoreProtocol.SIZE, options);
    this.#block = block;
    this.#protocol = new SemaphoreProtocol(block.words, 0, self);
    if (!isOpen) this.#protocol.initialize(value);
    this.#permits = new SharedPermits<SharedPermit>(block, this.#protocol, {
      hold: () => new SharedSemaphore.#Permit(this),
      passOn: () => void this.#release(),
    });
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
    return this.#permits.acquire();
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
    const until = beginBlocking(this.#block, what, "acquire", timeoutMs);
    if (!this.#permits.block(until)) throw new TimeoutError(`Cannot ${what}: time is over`);
    return new SharedSemaphore.#Permit(this);
  }

  /**
   * Take a permit if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `Semaphore.acquire(block=False)`.
   *
   * @returns The permit, or `undefined` if there is none to take.
   */
  tryAcquire(): SharedPermit | undefined {
    return this.#permits.tryAcquire();
  }

  /**
   * Give back a permit, or add one, and hand it to the one who has waited longest.
   *
   * @throws {RangeError} If there would be more than 2,147,483,647 permits.
   */
  release(): void {
    if (this.#release() === TOO_MANY) {
      throw new RangeError(`Cannot release a shared semaphore: its value is ${MOST} already`);
    }
    self.checkAlive();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedSemaphore [${this.value} free]`;
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
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    return { kind: KIND, data: this.#block.handle() };
  }

  #release(): number {
    const slot = this.#protocol.release(MOST);
    if (slot > 0) this.#permits.wakeAt(slot);
    return slot;
  }
}

registerSharedType(KIND, (handle: SharedHandle) => {
  return new SharedSemaphore(0, SharedBlock.open(handle, SemaphoreProtocol.SIZE));
});
