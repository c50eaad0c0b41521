import { QueueEmpty, QueueFull, QueueShutDown } from "../errors.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkOptions, show } from "../base/validate.ts";
import { wentOn } from "../core/scheduler.ts";
import { again, type CancelOutcome, Waiter } from "../core/waiter.ts";
import { Standing, wakeUpTo } from "./_plain_wait.ts";
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
  /** Also drop the items that are left, counting them as done. Default `false`. */
  immediate?: boolean;
}

/** What a wait at a queue, and its subclasses, may do with it and its users may not. */
interface QueueInternals {
  /** Keep the items of a new queue in `storage`. */
  storeIn<T>(queue: Queue<T>, storage: Storage<T>): void;
  getterLeaves<T>(queue: Queue<T>, getter: Getter<T>): void;
  getterLost<T>(queue: Queue<T>): void;
  getterResumes<T>(queue: Queue<T>, getter: Getter<T>): T | typeof again;
  putterLeaves<T>(queue: Queue<T>, putter: Putter<T>): void;
  putterLost<T>(queue: Queue<T>): void;
  putterResumes<T>(queue: Queue<T>, putter: Putter<T>, item: T): void | typeof again;
}

/** Filled by the class below. */
export let queueInternals: QueueInternals;

class Getter<T> extends Waiter<T, void> {
  readonly #queue: Queue<T>;

  constructor(queue: Queue<T>) {
    super();
    this.#queue = queue;
  }

  protected override onWithdraw(): CancelOutcome {
    queueInternals.getterLeaves(this.#queue, this);
    return "left";
  }

  protected override onLost(): void {
    queueInternals.getterLost(this.#queue);
  }

  protected override onResume(): T | typeof again {
    return queueInternals.getterResumes(this.#queue, this);
  }
}

class Putter<T> extends Waiter<void> {
  readonly #queue: Queue<T>;
  readonly #item: T;

  constructor(queue: Queue<T>, item: T) {
    super();
    this.#queue = queue;
    this.#item = item;
  }

  protected override onWithdraw(): CancelOutcome {
    queueInternals.putterLeaves(this.#queue, this);
    return "left";
  }

  protected override onLost(): void {
    queueInternals.putterLost(this.#queue);
  }

  protected override onResume(): void | typeof again {
    return queueInternals.putterResumes(this.#queue, this, this.#item);
  }
}

/**
 * A queue for the tasks of one thread: first in, first out, with a limit to its size if wanted.
 *
 * - Those who wait are served in the order in which they came. As in CPython, one who was woken
 *   takes its item in its turn, and whoever asks in between may be quicker; it then waits on, at
 *   the end of the line.
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
  readonly #getters: WaitQueue<Getter<T>> = new WaitQueue();
  readonly #putters: WaitQueue<Putter<T>> = new WaitQueue();
  readonly #joiners: WaitQueue<Standing<void>> = new WaitQueue();
  #unfinished = 0;
  #isShutDown = false;

  static {
    queueInternals = {
      storeIn: (queue, storage) => {
        queue.#storage = storage;
      },
      getterLeaves: (queue, getter) => void queue.#getters.remove(getter),
      getterLost: (queue) => {
        if (!queue.empty()) queue.#getters.shift()?.wake();
      },
      getterResumes: (queue, getter) => {
        if (queue.empty() && !queue.#isShutDown) {
          // As in CPython, one whose item somebody else was quicker to take joins the end of the line.
          queue.#getters.append(getter);
          return again;
        }
        try {
          return queue.getNowait();
        } catch (error) {
          queueInternals.getterLost(queue);
          throw error;
        }
      },
      putterLeaves: (queue, putter) => void queue.#putters.remove(putter),
      putterLost: (queue) => {
        if (!queue.full()) queue.#putters.shift()?.wake();
      },
      putterResumes: (queue, putter, item) => {
        if (queue.full() && !queue.#isShutDown) {
          queue.#putters.append(putter);
          return again;
        }
        try {
          return queue.putNowait(item);
        } catch (error) {
          // An item that can not be compared: let another one have the room.
          queueInternals.putterLost(queue);
          throw error;
        }
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
      const putter = new Putter(this, item);
      this.#putters.append(putter);
      return putter.begin();
    }
    wentOn();
    try {
      this.putNowait(item);
      return Promise.resolve();
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
    if (!this.#mayTake() && !this.#isShutDown) {
      const getter = new Getter(this);
      this.#getters.append(getter);
      return getter.begin();
    }
    wentOn();
    try {
      return Promise.resolve(this.getNowait());
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
    if (this.#unfinished > 0) return new Standing(this.#joiners).begin();
    wentOn();
    return Promise.resolve();
  }

  /**
   * Shut the queue down: `put` rejects from now on, and `get` once no item is left. Whoever waits
   * is woken. It may be called again, then also with `immediate`.
   *
   * @param options `immediate`: also drop the items that are left, counting them as done.
   * @throws {TypeError} If `options` is not an object, or `immediate` not a boolean.
   */
  shutdown(options?: QueueShutdownOptions): void {
    checkOptions("shut down a queue", options);
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
    for (const line of [this.#getters, this.#putters]) {
      while (line.size > 0) line.shift()!.wake();
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

  /** How many items it holds at most, as given to the constructor. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** The items, each taken out; it ends when the queue is shut down and drained. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new QueueItems(this);
  }

  // As in CPython, a newcomer may be quicker than one who was woken for an item.
  #mayTake(): boolean {
    return !this.empty();
  }

  #wakeJoiners(): void {
    if (this.#unfinished === 0) wakeUpTo(this.#joiners, Infinity, undefined);
  }
}
