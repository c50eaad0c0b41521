import type { CancelledError } from "../task_errors.ts";

/**
 * The wait behind a promise, for whoever was handed the promise: what asyncio does with the coroutine
 * in that place.
 *
 *     await waitFor(queue.get(), 50);         // the limit ends the wait, and no item is lost
 *     ensureFuture(lock.acquire()).cancel();  // leaves the queue of the lock
 *     await shield(gather(a, b));             // no longer hangs on the task around it
 */
export interface HeldWait {
  /** Untie it from the task that began it: only who holds the promise ends it from now on. */
  detach(): void;
  /** Call it off; `false` if it is over. */
  withdraw(error: CancelledError): boolean;
  /**
   * Whether it is over, so that what it gave is on its way to who holds the promise, and would be lost
   * if that one were cancelled now:
   *
   *     const item = waitFor(queue.get(), 50);
   *     queue.putNowait(1);   // the wait takes it in its turn, and whoever follows its promise hears of
   *                           // that some microtasks later: tests/sync/handed_on_sweep_test.ts
   */
  over(): boolean;
}

/** What is behind a promise that follows something that is there already. */
export const noHeldWait: HeldWait = { detach() {}, withdraw: () => false, over: () => true };

const held: unique symbol = Symbol("the wait behind");

type Tagged = { [held]?: HeldWait };

/** Let `promise`, or a thenable, lead to its wait. */
export function holdWait<P extends object>(promise: P, wait: HeldWait): P {
  // Not in a WeakMap: an entry there takes as long as half of a wait.
  (promise as Tagged)[held] = wait;
  return promise;
}

/** The wait behind a promise or thenable of the library, while it may be called off. */
export function heldWait(promise: object): HeldWait | undefined {
  return (promise as Tagged)[held];
}

/**
 * The wait behind the promise of an async function of the library: the one that the function is in.
 *
 *     const chain = new WaitChain();
 *     return holdWait(this.#wait(chain), chain);   // and in it: await chain.step(lock.acquire())
 */
export class WaitChain implements HeldWait {
  #current: HeldWait | undefined;
  #detached = false;
  #due: CancelledError | undefined;

  /** The function goes on to wait for this promise. */
  step<P extends Promise<unknown>>(promise: P): P {
    this.#current = heldWait(promise);
    if (this.#detached) this.#current?.detach();
    if (this.#due !== undefined && this.#current?.withdraw(this.#due)) this.#due = undefined;
    return promise;
  }

  detach(): void {
    this.#detached = true;
    this.#current?.detach();
  }

  withdraw(error: CancelledError): boolean {
    // Between two waits of the function, the next one takes it.
    if (!this.#current?.withdraw(error)) this.#due = error;
    return true;
  }

  over(): boolean {
    return false; // It may be between two waits.
  }
}
