import { inspect, showCounts } from "../base/inspect.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkInteger } from "../base/validate.ts";
import { type CancelOutcome, noWait, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/**
 * A counter of permits: `acquire` takes one and waits when there is none.
 *
 * - First come, first served: a newcomer never overtakes one who waits or has just been woken.
 * - Whoever is cancelled after being handed a permit passes it on.
 *
 * CPython: `asyncio.Semaphore`. There `acquire` returns `True`; here a permit, so that a `using`
 * declaration does what `async with` does.
 *
 * @example
 * ```ts
 * import { gather, Semaphore, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * let inside = 0, most = 0;
 * const visit = async () => {
 *   using _ = await semaphore.acquire();
 *   most = Math.max(most, ++inside);
 *   await sleep(1);
 *   inside--;
 * };
 * await gather([visit, visit, visit, visit]);
 * assertEquals(most, 2);
 * ```
 */
export class Semaphore {
  #value: number;
  readonly #waiters: WaitQueue<Waiter<Disposable, void>> = new WaitQueue();
  /** How many were woken and have not had their turn: each of them has its permit already. */
  #woken = 0;

  static #Acquire = class extends Waiter<Disposable, void> {
    readonly #semaphore: Semaphore;

    constructor(semaphore: Semaphore) {
      super();
      this.#semaphore = semaphore;
      semaphore.#waiters.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "Semaphore" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#semaphore.#waiters.remove(this);
      return "left";
    }

    protected override onWithdrawn(): void {
      this.#semaphore.#passOn();
    }

    protected override onLost(): void {
      // In one step: `semaphore.release(); first.cancel();`. The permit went to the first.
      this.#semaphore.#woken--;
      this.#semaphore.#value++;
      this.#semaphore.#passOn();
    }

    protected override onResume(): Disposable {
      this.#semaphore.#woken--;
      this.#semaphore.#passOn();
      return new Semaphore.#Permit(this.#semaphore);
    }
  };

  /** A permit that was taken from a semaphore, and is given back once. */
  static #Permit = class implements Disposable {
    #semaphore: Semaphore | undefined;

    constructor(semaphore: Semaphore) {
      this.#semaphore = semaphore;
    }

    [Symbol.dispose](): void {
      const semaphore = this.#semaphore;
      this.#semaphore = undefined;
      semaphore?.release();
    }
  };

  /**
   * Make a semaphore.
   *
   * @param value How many permits there are at first; 1 by default.
   * @throws {TypeError} If `value` is not a number.
   * @throws {RangeError} If `value` is negative or no integer.
   */
  constructor(value: number = 1) {
    checkInteger("create a semaphore", "value", value, 0);
    this.#value = value;
  }

  /**
   * Wait for a permit.
   *
   * When there is one to take, there is no wait, and no cancellation point either.
   *
   * @returns The permit, which is given back when it is disposed of, and only once.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<Disposable> {
    if (!this.locked()) {
      this.#value--;
      return noWait(new Semaphore.#Permit(this));
    }
    return new Semaphore.#Acquire(this).begin();
  }

  /**
   * Take a permit if that needs no waiting; does not overtake those who wait.
   *
   * CPython: `threading.Semaphore.acquire(blocking=False)`.
   *
   * @returns The permit, or `undefined` if there is none to take.
   */
  tryAcquire(): Disposable | undefined {
    if (this.locked()) return undefined;
    this.#value--;
    return new Semaphore.#Permit(this);
  }

  /** Give back a permit, or add one, and wake the one who has waited longest. */
  release(): void {
    this.#value++;
    this.#wakeFirst();
  }

  /** Whether `acquire` would have to wait: no permit is left, or others are waiting for theirs. */
  locked(): boolean {
    return this.#value === 0 || this.#woken + this.#waiters.size > 0;
  }

  /** How many permits are left; one handed to somebody who was woken is not among them. */
  get value(): number {
    return this.#value;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const counts = showCounts({ waiting: this.#waiters.size });
    return `${this.constructor.name} [${[`${this.#value} free`, ...counts].join(", ")}]`;
  }

  // Permits may be left while some wait: they came when others had been woken before them.
  #passOn(): void {
    while (this.#value > 0 && this.#waiters.size > 0) this.#wakeFirst();
  }

  #wakeFirst(): void {
    const wait = this.#waiters.shift();
    if (wait === undefined) return;
    this.#value--;
    this.#woken++;
    wait.wake();
  }
}
