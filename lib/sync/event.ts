import { noWait } from "../core/waiter.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { PlainWait } from "./_plain_wait.ts";

/**
 * A flag that tasks can wait for.
 *
 * CPython: `asyncio.Event`.
 *
 * @example
 * ```ts
 * import { createTask, Event } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const ready = new Event();
 * const task = createTask(async () => {
 *   await ready.wait();
 *   return "went on";
 * });
 * ready.set();
 * assertEquals(await task, "went on");
 * ```
 */
export class Event {
  #set = false;
  readonly #waiters: WaitQueue<PlainWait<true>> = new WaitQueue();

  /** Set the flag and wake everybody who waits for it. */
  set(): void {
    this.#set = true;
    PlainWait.wake(this.#waiters, Infinity, true);
  }

  /** Take the flag back: `wait` waits again. Those who were woken already go on all the same. */
  clear(): void {
    this.#set = false;
  }

  /** Whether the flag is set. */
  isSet(): boolean {
    return this.#set;
  }

  /**
   * Wait until the flag is set.
   *
   * When it is set already, there is no wait, and no cancellation point either.
   *
   * @returns `true`, always.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  wait(): Promise<true> {
    return this.#set ? noWait<true>(true) : new PlainWait(this.#waiters, "Event").begin();
  }
  /** What `console.log` shows. */
  [inspect](): string {
    const state = this.#set ? "set" : "unset";
    return `Event [${[state, ...showCounts({ waiting: this.#waiters.size })].join(", ")}]`;
  }
}
