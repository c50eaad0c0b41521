import { QueueEmpty, QueueFull, QueueShutDown } from "../errors.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkOptions, show } from "../base/validate.ts";
import { again, type CancelOutcome, noWait, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";
import { PlainWait } from "./_plain_wait.ts";
import { Fifo, type Storage } from "./_storage.ts";
import { QueueItems } from "./queue_items.ts";

/**
 * Options of `Queue.shutdown`.
 *
 * @example
 * ```ts
 * import { Queue, type QueueShutdownOptions, QueueShutDown } from "@strand/strand";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * // Stops a queue of jobs: at leisure, or at once.
 * function stop(jobs: Queue<string>, how: QueueShutdownOptions): void {
 *   jobs.shutdown(how);
 * }
 *
 * const [patient, hasty] = [new Queue<string>(), new Queue<string>()];
 * for (const jobs of [patient, hasty]) jobs.putNowait("print");
 *
 * stop(patient, { immediate: false });
 * assertEquals(await patient.get(), "print"); // what is there is still worked off
 *
 * stop(hasty, { immediate: true });
 * await assertRejects(() => hasty.get(), QueueShutDown);
 * await hasty.join(); // what was dropped counts as done
 * ```
 */
export interface QueueShutdownOptions {
  /** Whether to drop the items that are left, counting them as done. Default: `false`. */
  immediate?: boolean;
}

/** What the queues of other orders may do with a queue and users may not. */
interface QueueInternals {
  /** Keep the items of a new queue in `storage`. */
  storeIn<T>(queue: Queue<T>, storage: Storage<T>): void;
}

/** Filled by the class below. */
export let queueInternals: QueueInternals;

/**
 * A queue for the tasks of one thread: first in, first out, with a limit to its size if wanted.
 *
 * - Those who wait are served in the order in which they came. As in CPython, one who was woken
 *   takes its item in its turn, and whoever asks in between may be quicker; it then waits on, at
 *   the end of those who wait.
 * - Whoever is cancelled after being woken passes the wake-up on: no item is lost.
 * - `for await (const item of queue)` ends when the queue is shut down and drained.
 *
 * CPython: `asyncio.Queue`.
 *
 * @typeParam T What it holds.
 *
 * @example
 * ```ts
 * import { createTask, Queue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<number>(2);
 * const consumer = createTask(async () => {
 *   const seen: number[] = [];
 *   for await (const item of queue) seen.push(item);
 *   return seen;
 * });
 * for (const item of [1, 2, 3, 4]) await queue.put(item);
 * queue.shutdown();
 * assertEquals(await consumer, [1, 2, 3, 4]);
 * ```
 */
export class Queue<T> {
  readonly #maxsize: number;
  #storage: Storage<T> = new Fifo();
  readonly #getters: WaitQueue<Waiter<T, void>> = new WaitQueue();
  readonly #putters: WaitQueue<Waiter<void>> = new WaitQueue();
  readonly #joiners: WaitQueue<PlainWait<void>> = new WaitQueue();
  #unfinished = 0;
  #isShutDown = false;

  static #Get = class<T> extends Waiter<T, void> {
    readonly #queue: Queue<T>;

    constructor(queue: Queue<T>) {
      super();
      this.#queue = queue;
      queue.#getters.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "Queue.get" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#queue.#getters.remove(this);
      return "left";
    }

    protected override onLost(): void {
      // In one step: `queue.putNowait(item); first.cancel();`. The item woke the first only.
      if (!this.#queue.empty()) this.#queue.#getters.shift()?.wake();
    }

    protected override onResume(): T | typeof again {
      const queue = this.#queue;
      if (queue.empty() && !queue.#isShutDown) {
        // In one step: `queue.putNowait(item); queue.getNowait();`. As in CPython, one whose item
        // somebody else was quicker to take goes to the end of those who wait.
        queue.#getters.append(this);
        return again;
      }
      try {
        return queue.getNowait();
      } catch (error) {
        // A `compare` that throws: another one may have the item.
        this.onLost();
        throw error;
      }
    }
  };

  static #Put = class<T> extends Waiter<void> {
    readonly #queue: Queue<T>;
    readonly #item: T;

    constructor(queue: Queue<T>, item: T) {
      super();
      this.#queue = queue;
      this.#item = item;
      queue.#putters.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "Queue.put" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#queue.#putters.remove(this);
      return "left";
    }

    protected override onLost(): void {
      // In one step: `queue.getNowait(); first.cancel();`. The room woke the first only.
      if (!this.#queue.full()) this.#queue.#putters.shift()?.wake();
    }

    protected override onResume(): void | typeof again {
      const queue = this.#queue;
      if (queue.full() && !queue.#isShutDown) {
        // In one step: `queue.getNowait(); queue.putNowait(item);`.
        queue.#putters.append(this);
        return again;
      }
      try {
        return queue.putNowait(this.#item);
      } catch (error) {
        // An item that cannot be compared: another one may have the room.
        this.onLost();
        throw error;
      }
    }
  };

  static {
    queueInternals = {
      storeIn: (queue, storage) => {
        queue.#storage = storage;
      },
    };
  }

  /**
   * Make a queue.
   *
   * @param maxsize How many items it holds at most; 0 (the default), a negative number or `Infinity`
   *   for no limit.
   * @throws {TypeError} If `maxsize` is not a number.
   * @throws {RangeError} If `maxsize` is `NaN`.
   */
  constructor(maxsize: number = 0) {
    if (typeof maxsize !== "number") {
      throw new TypeError(
        `Cannot create a queue: maxsize must be a number, received ${show(maxsize)}`,
      );
    }
    if (Number.isNaN(maxsize)) {
      throw new RangeError("Cannot create a queue: maxsize must be a number, received NaN");
    }
    this.#maxsize = maxsize;
  }

  /**
   * Put an item into the queue; wait for room if it is full.
   *
   * When there is room, there is no wait, and no cancellation point either.
   *
   * @param item What to put.
   * @returns When it is in the queue.
   * @throws {QueueShutDown} (as a rejection) If the queue is shut down, before or meanwhile.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits; the item is
   *   not in the queue then.
   */
  put(item: T): Promise<void> {
    if (this.full() && !this.#isShutDown) {
      return new Queue.#Put(this, item).begin();
    }
    try {
      this.putNowait(item);
      return noWait(undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Take the next item out of the queue; wait for one if it is empty.
   *
   * When there is one, there is no wait, and no cancellation point either.
   *
   * @returns The item. An item that is itself a promise, future or task is awaited on the way, as
   *   promises do; `getNowait` gives it as it is.
   * @throws {QueueShutDown} (as a rejection) If the queue is shut down, before or meanwhile, and
   *   has no items left.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  get(): Promise<T> {
    if (this.empty() && !this.#isShutDown) return new Queue.#Get<T>(this).begin();
    try {
      return noWait(this.getNowait());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Put an item into the queue at once.
   *
   * @param item What to put.
   * @throws {QueueFull} If there is no room.
   * @throws {QueueShutDown} If the queue is shut down.
   */
  putNowait(item: T): void {
    if (this.#isShutDown) {
      throw new QueueShutDown("Cannot put an item into a queue: it is shut down");
    }
    if (this.full()) throw new QueueFull("Cannot put an item into a queue: it is full");
    this.#storage.push(item);
    this.#unfinished++;
    this.#getters.shift()?.wake();
  }

  /**
   * Take the next item out of the queue at once.
   *
   * @returns The item.
   * @throws {QueueEmpty} If there is none.
   * @throws {QueueShutDown} If there is none and the queue is shut down.
   */
  getNowait(): T {
    if (this.empty()) {
      throw this.#isShutDown
        ? new QueueShutDown("Cannot get an item from a queue: it is shut down")
        : new QueueEmpty("Cannot get an item from a queue: it is empty");
    }
    const item = this.#storage.take();
    this.#putters.shift()?.wake();
    return item;
  }

  /**
   * Say that the work on an item that was taken out is done. `join` counts on it.
   *
   * @throws {RangeError} If it is called more often than items were put.
   */
  taskDone(): void {
    if (this.#unfinished === 0) {
      throw new RangeError("Cannot mark an item of a queue as done: all of them are already");
    }
    this.#unfinished--;
    this.#wakeJoiners();
  }

  /**
   * Wait until the work on every item is done: `taskDone` was called as often as items were put.
   *
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  join(): Promise<void> {
    if (this.#unfinished === 0) return noWait(undefined);
    return new PlainWait(this.#joiners, "Queue.join").begin();
  }

  /**
   * Shut the queue down: `put` rejects from now on, and `get` once no item is left. Whoever waits
   * is woken. It may be called again, then also with `immediate`.
   *
   * @param options `immediate`: also drop the items that are left, counting them as done.
   * @throws {TypeError} If `options` is not an object, or `immediate` not a boolean.
   */
  shutdown(options?: QueueShutdownOptions): void {
    checkOptions("shut down a queue", options, ["immediate"]);
    const immediate = options?.immediate ?? false;
    if (typeof immediate !== "boolean") {
      throw new TypeError(
        `Cannot shut down a queue: immediate must be a boolean, received ${show(immediate)}`,
      );
    }
    this.#isShutDown = true;
    if (immediate) {
      this.#unfinished = Math.max(0, this.#unfinished - this.#storage.size);
      this.#storage = new Fifo();
      this.#wakeJoiners();
    }
    for (const waiters of [this.#getters, this.#putters]) {
      while (waiters.size > 0) waiters.shift()!.wake();
    }
  }

  /** How many items are in the queue. */
  qsize(): number {
    return this.#storage.size;
  }

  /** Whether no item is in the queue. */
  empty(): boolean {
    return this.#storage.size === 0;
  }

  /** Whether there is no room for another item. */
  full(): boolean {
    return this.#maxsize > 0 && this.#storage.size >= this.#maxsize;
  }

  /** How many items the queue holds at most, as given to the constructor. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const bounded = this.#maxsize > 0 && this.#maxsize < Infinity;
    const counts = showCounts({
      [this.#getters.size === 1 ? "getter" : "getters"]: this.#getters.size,
      [this.#putters.size === 1 ? "putter" : "putters"]: this.#putters.size,
      unfinished: this.#unfinished,
    });
    const held = bounded ? `${this.qsize()}/${this.#maxsize}` : `${this.qsize()}`;
    const state = this.#isShutDown ? ["shut down"] : [];
    return `${this.constructor.name} [${[held, ...counts, ...state].join(", ")}]`;
  }

  /** The items, each taken out; it ends when the queue is shut down and drained. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new QueueItems(this);
  }

  #wakeJoiners(): void {
    if (this.#unfinished === 0) PlainWait.wake(this.#joiners, Infinity, undefined);
  }
}
