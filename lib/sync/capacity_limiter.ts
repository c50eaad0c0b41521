import { inspect, showCounts } from "../base/inspect.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkFunction, checkInteger } from "../base/validate.ts";
import { WaitChain } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { type CancelOutcome, noWait, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/**
 * A limit to how many do something at a time, which can be changed meanwhile.
 *
 * - First come, first served: a newcomer never overtakes one who waits or has just been woken.
 * - A higher `total` wakes those who wait. A lower one takes nothing away: those who are inside
 *   finish, and `available` is 0 or less until enough of them have.
 * - Whoever is cancelled after being let in passes that on.
 *
 * It counts permits and not who has them, so one task may take several. A `Semaphore` has neither a
 * total nor a count of those inside; use it where permits come from elsewhere.
 *
 * CPython: not there; `anyio.CapacityLimiter`, whose permits belong to tasks.
 *
 * @example
 * ```ts
 * import { CapacityLimiter, gather, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const limiter = new CapacityLimiter(2);
 * let inside = 0, most = 0;
 * const visit = () =>
 *   limiter.run(async () => {
 *     most = Math.max(most, ++inside);
 *     await sleep(1);
 *     inside--;
 *   });
 * await gather([visit, visit, visit, visit]);
 * assertEquals([most, limiter.borrowed], [2, 0]);
 *
 * limiter.total = 10; // the server has become faster
 * assertEquals(limiter.available, 10);
 * ```
 */
export class CapacityLimiter {
  #total: number;
  /** How many are inside, or were woken and have not had their turn. */
  #borrowed = 0;
  /** How many were woken and have not had their turn. */
  #woken = 0;
  readonly #waiters: WaitQueue<Waiter<Disposable, void>> = new WaitQueue();

  static #Acquire = class extends Waiter<Disposable, void> {
    readonly #limiter: CapacityLimiter;

    constructor(limiter: CapacityLimiter) {
      super();
      this.#limiter = limiter;
      limiter.#waiters.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "CapacityLimiter" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#limiter.#waiters.remove(this);
      return "left";
    }

    protected override onLost(): void {
      // In one step: `permit[Symbol.dispose](); first.cancel();`. The room went to the first.
      this.#limiter.#woken--;
      this.#limiter.#giveBack();
    }

    protected override onResume(): Disposable {
      // One that came meanwhile waits behind this one, although there may have been room for both.
      this.#limiter.#woken--;
      this.#limiter.#passOn();
      return new CapacityLimiter.#Permit(this.#limiter);
    }
  };

  /** Room for one, which is given back once. */
  static #Permit = class implements Disposable {
    #limiter: CapacityLimiter | undefined;

    constructor(limiter: CapacityLimiter) {
      this.#limiter = limiter;
    }

    [Symbol.dispose](): void {
      const limiter = this.#limiter;
      this.#limiter = undefined;
      if (limiter !== undefined) limiter.#giveBack();
    }
  };

  /**
   * Make a limiter.
   *
   * @param total How many may be inside at a time; `Infinity` for no limit.
   * @throws {TypeError} If `total` is not a number.
   * @throws {RangeError} If `total` is neither a positive integer nor `Infinity`.
   */
  constructor(total: number) {
    checkTotal("create a capacity limiter", total);
    this.#total = total;
  }

  /** How many may be inside at a time. Setting it throws as the constructor does. */
  get total(): number {
    return this.#total;
  }
  set total(total: number) {
    checkTotal("set the total of a capacity limiter", total);
    this.#total = total;
    this.#passOn();
  }

  /** How many are inside. One who was woken counts from then on. */
  get borrowed(): number {
    return this.#borrowed;
  }

  /** How many more may come in; less than 0 where `total` has become less than are inside. */
  get available(): number {
    return this.#total - this.#borrowed;
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Wait until there is room, and take it.
   *
   * When there is room, there is no wait, and no cancellation point either.
   *
   * @returns A permit, which gives the room back when it is disposed of, and only once.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  acquire(): Promise<Disposable> {
    const permit = this.tryAcquire();
    if (permit === undefined) return new CapacityLimiter.#Acquire(this).begin();
    return noWait(permit);
  }

  /**
   * Take room if that needs no waiting; does not overtake those who wait.
   *
   * @returns A permit, or `undefined` if there is no room.
   */
  tryAcquire(): Disposable | undefined {
    if (this.#borrowed >= this.#total || this.#woken + this.#waiters.size > 0) return undefined;
    this.#borrowed++;
    return new CapacityLimiter.#Permit(this);
  }

  /**
   * Wait until there is room, and call a function with it.
   *
   * @typeParam T What the function returns, or what the promise that it returns resolves to.
   * @param fn The function; it may be async.
   * @returns What it returns. The room is given back when that is there.
   * @throws {TypeError} (as a rejection) If `fn` is not a function.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   * @throws What `fn` throws or rejects with, as a rejection.
   */
  run<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    const chain = new WaitChain();
    return racedWait(this.#run(fn, chain), chain);
  }

  async #run<T>(fn: () => T | PromiseLike<T>, chain: WaitChain): Promise<T> {
    checkFunction("run under a capacity limiter", "fn", fn);
    const permit = await chain.step(this.acquire());
    try {
      return await chain.step(Promise.resolve(fn()));
    } finally {
      permit[Symbol.dispose]();
    }
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const inside = `${this.#borrowed}/${this.#total}`;
    return `CapacityLimiter [${[inside, ...showCounts({ waiting: this.waiting })].join(", ")}]`;
  }

  #giveBack(): void {
    this.#borrowed--;
    this.#passOn();
  }

  #passOn(): void {
    while (this.#borrowed < this.#total && this.#waiters.size > 0) {
      this.#borrowed++;
      this.#woken++;
      this.#waiters.shift()!.wake();
    }
  }
}

function checkTotal(what: string, total: unknown): void {
  if (total !== Infinity) checkInteger(what, "total", total, 1);
}
