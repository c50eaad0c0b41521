import type { WaitSubject } from "../core/wait_subject.ts";
import { inspect } from "../base/inspect.ts";
import { allocateShared } from "../base/shared_memory.ts";
import { checkInteger, checkMaxsize, checkOptions } from "../base/validate.ts";
import { again, type CancelOutcome, noWait } from "../core/waiter.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "../errors.ts";
import { QueueItems } from "../sync/queue_items.ts";
import { needPeers } from "../wire/resource_sharer.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./begin_blocking.ts";
import {
  GETTERS,
  JOINERS,
  PUTTERS,
  type QueueOutcome,
  QueueProtocol,
} from "./protocol/queue_protocol.ts";
import { QueuedWait, QueuedWaits } from "./queued_wait.ts";
import { type PendingItem, RingItems } from "./ring_items.ts";
import { SharedBlock, type SharedHandle, type SharedOptions } from "./shared_block.ts";
import { self } from "./thread_registry.ts";

const KIND = "SharedQueue";

/** Where the ring begins in the memory. */
const RING = Math.ceil(QueueProtocol.SIZE / 16) * 64;

const DEFAULT_CAPACITY = 2 ** 20;

/** How large the ring may become for the sake of one item, unless the capacity is larger. */
const LARGEST = 2 ** 28;

/**
 * Options of {@linkcode SharedQueue}.
 *
 * @example
 * ```ts
 * import { QueueFull, SharedQueue, type SharedQueueOptions } from "@strand/strand";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * // Producers wait when consumers are four frames behind; each frame is large.
 * const frames: SharedQueueOptions = { maxsize: 4, capacity: 2 ** 22 };
 *
 * const queue = new SharedQueue<Uint8Array>(frames);
 * for (let i = 0; i < 4; i++) queue.putNowait(new Uint8Array(2 ** 19));
 * assertThrows(() => queue.putNowait(new Uint8Array(1)), QueueFull);
 * assertEquals((await queue.get()).length, 2 ** 19);
 * queue.putNowait(new Uint8Array(1)); // there is room again
 * ```
 */
export interface SharedQueueOptions extends SharedOptions {
  /** How many items it holds at most; 0 (the default) or less, or `Infinity`, for no limit. */
  maxsize?: number;
  /**
   * How much room there is for the items, in bytes, rounded up to a power of two of at least 1 KiB;
   * 1 MiB by default, at most 1 GiB. A whole number of 32 bits takes 8 bytes, another number 16, a
   * short text 8 more than its length and 2, each rounded up to a multiple of 8.
   */
  capacity?: number;
}

/**
 * A queue between threads: a ring in shared memory, with any number of producers and consumers.
 *
 * - Items of one producer come out in the order in which they were put. None is lost or doubled; an
 *   item that a worker had taken out when it died is gone with it.
 * - `put` waits while there is no room, be it for the number of items or for their size; `get` waits
 *   while there is none. First come, first served, sleeping threads and waiting tasks alike, within
 *   the limits that `SharedLock` describes; a newcomer may be quicker than one who was just woken.
 * - Items are copies, as structured clone makes them, except that errors keep class and fields. What
 *   is shared (a `SharedLock`, another queue, a `SharedArrayBuffer`) arrives as the same thing on the
 *   same memory; since memory cannot be written into a ring, it goes beside it, by a message to each
 *   thread that may have the queue, which takes some 10 µs more. What moves or belongs to the platform
 *   (a `Connection`, a port, a stream, a `Blob`, a `URL`) is refused with a `TypeError`: pass it as an
 *   argument or through a pipe.
 * - An item larger than the capacity goes in when the queue is empty, and the capacity grows to hold
 *   it, up to 256 MiB. Until then other producers have to wait behind it.
 *
 * Passed to a worker, it arrives as the same queue. For items of a megabyte or more a pipe, which can
 * move buffers instead of copying them, is quicker.
 *
 * CPython: `multiprocessing.JoinableQueue`; when `put` is over, the item is in the queue.
 *
 * @typeParam T What it holds.
 * @example
 * ```ts
 * import { gather, SharedQueue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const [queue, seen] = [new SharedQueue<{ id: number }>({ maxsize: 2 }), [] as number[]];
 * await gather(
 *   async () => {
 *     for (const id of [1, 2, 3]) await queue.put({ id });
 *     queue.close();
 *   },
 *   async () => {
 *     for await (const { id } of queue) seen.push(id);
 *   },
 * );
 * assertEquals(seen, [1, 2, 3]);
 * ```
 */
export class SharedQueue<T> extends Shareable {
  readonly #block: SharedBlock;
  readonly #maxsize: number;
  readonly #largest: number;
  readonly #protocol: QueueProtocol;
  readonly #items: RingItems;
  readonly #waits: QueuedWaits<T | void>[];

  /** A wait in one of the queues: for an item, for room for one, or until all are done. */
  static #Wait = class<T> extends QueuedWait<T | void> {
    readonly #owner: SharedQueue<T>;
    readonly queue: number;
    /** What it is to put. */
    readonly item: PendingItem | undefined;
    /** Whether it was woken and found no room all the same: newcomers are held back for it. */
    starving = false;

    constructor(owner: SharedQueue<T>, queue: number, item?: PendingItem) {
      super();
      this.#owner = owner;
      this.queue = queue;
      this.item = item;
    }

    override describe(): WaitSubject {
      return { kind: "SharedQueue" };
    }

    protected override onWithdraw(): CancelOutcome {
      if (!this.#owner.#waits[this.queue]!.leave(this)) this.onLost();
      else if (this.starving) this.#owner.#protocol.yieldRoom();
      this.item?.discard();
      return "left";
    }

    protected override onLost(): void {
      this.#owner.#waits[this.queue]!.finish(this);
      this.#owner.#passOn(this.queue);
      this.item?.discard();
    }

    protected override onResume(): T | void | typeof again {
      return this.#owner.#resume(this);
    }
  };

  /**
   * Make a queue.
   *
   * @param options `maxsize`: how many items at most, no limit by default; `capacity`: how many bytes
   *   at most, 1 MiB by default; `allowBlockingMain`: also let `putSync` and `getSync` block the main
   *   thread.
   * @throws {TypeError} If `options` is not an object, or `maxsize` or `capacity` not a number.
   * @throws {RangeError} If `maxsize` is no integer and not `Infinity`, or `capacity` is not a
   *   positive integer or more than 1 GiB.
   */
  constructor(options?: SharedQueueOptions) {
    super();
    const what = "create a shared queue";
    const isOpen = options instanceof SharedBlock;
    if (!isOpen) checkOptions(what, options, ["maxsize", "capacity", "allowBlockingMain"]);
    const { maxsize = 0, capacity = DEFAULT_CAPACITY } = options ?? {};
    checkMaxsize(what, maxsize);
    checkInteger(what, "capacity", capacity, 1);
    if (capacity > 2 ** 30) {
      throw new RangeError(`Cannot ${what}: capacity must be at most 1 GiB, received ${capacity}`);
    }
    this.#maxsize = maxsize;
    const block = isOpen ? options : create(capacity, options);
    const { buffer } = block;
    this.#block = block;
    this.#largest = (buffer.growable ? buffer.maxByteLength : buffer.byteLength) - RING;
    const limit = maxsize > 0 && maxsize < 2 ** 31 ? maxsize : 0;
    const protocol = new QueueProtocol(block.words, 0, self, limit);
    if (!isOpen) protocol.initialize((buffer.byteLength - RING) / 8);
    this.#protocol = protocol;
    this.#items = new RingItems(buffer, RING, protocol.size());
    this.#waits = [GETTERS, PUTTERS, JOINERS].map((queue) => {
      return new QueuedWaits(block, protocol.queues, queue, (wait) => this.#retry(queue, wait));
    });
    protocol.onWake = (slot) => this.#waits.forEach((waits) => waits.wakeAt(slot));
    block.attach((isDead) => {
      protocol.recover(isDead);
      for (const waits of this.#waits) waits.look();
    });
  }

  /**
   * Put an item into the queue; wait for room if it is full. It does not block the thread.
   *
   * When there is room, there is no wait, and no cancellation point either. The item is copied at
   * once: what happens to it afterwards does not matter.
   *
   * @param item What to put.
   * @returns When it is in the queue.
   * @throws {TypeError} (as a rejection) If the item holds something that cannot be copied.
   * @throws {RangeError} (as a rejection) If the item is larger than the queue can grow.
   * @throws {QueueShutDown} (as a rejection) If the queue is closed, before or meanwhile.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits; the item is
   *   not in the queue then.
   */
  put(item: T): Promise<void> {
    try {
      this.#load(item);
      const outcome = this.#protocol.tryPut(this.#items, false);
      if (endPut(outcome) !== "blocked") return noWait(undefined);
      const wait = new SharedQueue.#Wait(this, PUTTERS, this.#items.unload());
      return endPut(this.#join(wait, false)) === "blocked"
        ? wait.begin() as Promise<void>
        : noWait(undefined);
    } catch (error) {
      this.#items.discard();
      return Promise.reject(error);
    }
  }

  /**
   * Take the next item out of the queue; wait for one if it is empty. It does not block the thread.
   *
   * When there is one, there is no wait, and no cancellation point either.
   *
   * @returns The item.
   * @throws {QueueShutDown} (as a rejection) If the queue is closed, before or meanwhile, and has no
   *   items left.
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  get(): Promise<T> {
    try {
      const outcome = this.#protocol.tryGet(this.#items);
      if (outcome !== "blocked") return noWait(this.#endGet(outcome));
      const wait = new SharedQueue.#Wait(this, GETTERS);
      const last = this.#join(wait, false);
      return last === "blocked" ? wait.begin() as Promise<T> : noWait(this.#endGet(last));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Put an item into the queue; block the thread while it is full. For workers: a blocked thread
   * runs no tasks and cannot be cancelled.
   *
   * CPython: `Queue.put(item, timeout=…)`.
   *
   * @param item What to put.
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @throws {TypeError} If the item holds something that cannot be copied, or `timeoutMs` is given
   *   and not a number.
   * @throws {RangeError} If the item is larger than the queue can grow, or `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the queue was constructed with
   *   `allowBlockingMain`.
   * @throws {QueueShutDown} If the queue is closed, before or meanwhile.
   * @throws {QueueFull} If the time was over first.
   */
  putSync(item: T, timeoutMs?: number): void {
    const what = "put an item into a shared queue";
    const until = beginBlocking(this.#block, what, "put", timeoutMs);
    try {
      this.#load(item);
      if (endPut(this.#protocol.put(this.#items, until, this.#block.checkLiveness)) === "blocked") {
        throw new QueueFull(`Cannot ${what}: it is full, and time is over`);
      }
    } catch (error) {
      this.#items.discard();
      throw error;
    }
  }

  /**
   * Take the next item out of the queue; block the thread while it is empty. For workers: a blocked
   * thread runs no tasks and cannot be cancelled.
   *
   * CPython: `Queue.get(timeout=…)`.
   *
   * @param timeoutMs How long to wait at most, in milliseconds; for ever by default.
   * @returns The item.
   * @throws {TypeError} If `timeoutMs` is given and not a number.
   * @throws {RangeError} If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} If called on the main thread, unless the queue was constructed with
   *   `allowBlockingMain`.
   * @throws {QueueShutDown} If the queue is closed, before or meanwhile, and has no items left.
   * @throws {QueueEmpty} If the time was over first.
   */
  getSync(timeoutMs?: number): T {
    const what = "get an item from a shared queue";
    const until = beginBlocking(this.#block, what, "get", timeoutMs);
    const outcome = this.#protocol.get(this.#items, until, this.#block.checkLiveness);
    if (outcome === "blocked") {
      throw new QueueEmpty(`Cannot ${what}: it is empty, and time is over`);
    }
    return this.#endGet(outcome);
  }

  /**
   * Put an item into the queue at once.
   *
   * @param item What to put.
   * @throws {TypeError} If the item holds something that cannot be copied.
   * @throws {RangeError} If the item is larger than the queue can grow.
   * @throws {QueueFull} If there is no room, or it is being kept for an item larger than that.
   * @throws {QueueShutDown} If the queue is closed.
   */
  putNowait(item: T): void {
    try {
      this.#load(item);
      if (endPut(this.#protocol.tryPut(this.#items, false)) === "blocked") {
        throw new QueueFull("Cannot put an item into a shared queue: it is full");
      }
    } catch (error) {
      this.#items.discard();
      throw error;
    }
  }

  /**
   * Take the next item out of the queue at once.
   *
   * @returns The item.
   * @throws {QueueEmpty} If there is none.
   * @throws {QueueShutDown} If there is none and the queue is closed.
   */
  getNowait(): T {
    const outcome = this.#protocol.tryGet(this.#items);
    if (outcome === "blocked") {
      throw new QueueEmpty("Cannot get an item from a shared queue: it is empty");
    }
    return this.#endGet(outcome);
  }

  /**
   * Say that the work on an item that was taken out is done. `join` counts on it.
   *
   * @throws {RangeError} If it is called more often than items were put.
   */
  taskDone(): void {
    if (!this.#protocol.taskDone()) {
      throw new RangeError("Cannot mark an item of a queue as done: all of them are already");
    }
  }

  /**
   * Wait until the work on every item is done: `taskDone` was called as often as items were put. It
   * does not block the thread.
   *
   * @throws {CancelledError} (as a rejection) If the task is cancelled while it waits.
   */
  join(): Promise<void> {
    try {
      if (this.#protocol.unfinished() === 0) return noWait(undefined);
      const wait = new SharedQueue.#Wait(this, JOINERS);
      const last = this.#join(wait, false);
      return last === "blocked" ? wait.begin() as Promise<void> : noWait(undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Close the queue: `put` rejects from now on, and `get` once no item is left. Whoever waits in
   * vain is woken. It may be called again, and by anyone.
   *
   * CPython: `asyncio.Queue.shutdown`. `multiprocessing.Queue.close`, in contrast, is only for the
   * process that calls it.
   */
  close(): void {
    this.#protocol.close();
  }

  /** What `console.log` shows. */
  [inspect](): string {
    return `SharedQueue [${this.qsize()}${this.maxsize > 0 ? `/${this.maxsize}` : ""}]`;
  }

  /** How many items are in the queue. Others may change that at any time. */
  qsize(): number {
    return this.#protocol.count();
  }

  /** How many items it holds at most, as given to the constructor. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** The items, each taken out; it ends when the queue is closed and drained. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new QueueItems(this);
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    needPeers();
    return { kind: KIND, data: [this.#block.handle(), this.#maxsize] };
  }

  #load(item: T): void {
    this.#items.load(item);
    const bytes = 8 * this.#items.slots;
    if (bytes <= this.#largest) return;
    throw new RangeError(
      `Cannot put an item into a shared queue: it takes ${bytes} bytes, at most ${this.#largest} are possible`,
    );
  }

  #endGet(outcome: QueueOutcome): T {
    if (outcome === "done") return this.#items.value() as T;
    throw new QueueShutDown("Cannot get an item from a shared queue: it is closed");
  }

  /** What a wait came for: "blocked" if it is not to be had. */
  #attempt({ queue, item }: QueueWait, woken: boolean, slot: number): QueueOutcome {
    if (queue === GETTERS) return this.#protocol.tryGet(this.#items);
    if (item === undefined) return this.#protocol.unfinished() === 0 ? "done" : "blocked";
    this.#items.reload(item);
    return this.#protocol.tryPut(this.#items, woken, slot);
  }

  /** Stand in the queue, and look once more: it may have become possible before that. */
  #join(wait: QueueWait & QueuedWait<T | void>, back: boolean): QueueOutcome {
    const waits = this.#waits[wait.queue]!;
    const mine = back ? waits.mineInFront : waits.mine;
    const slot = this.#protocol.join(wait.queue, mine, back);
    waits.enter(wait, slot, back);
    const outcome = this.#attempt(wait, back, waits.isFirst(wait) ? slot : 0);
    // Woken on top of that: let another one look.
    if (outcome !== "blocked" && !waits.leave(wait)) {
      waits.finish(wait);
      this.#passOn(wait.queue);
    }
    return outcome;
  }

  /** A wait was woken. */
  #resume(wait: QueueWait & QueuedWait<T | void>): T | void | typeof again {
    const waits = this.#waits[wait.queue]!;
    if (wait.queue === JOINERS) return waits.finish(wait);
    let outcome: QueueOutcome;
    try {
      outcome = this.#attempt(wait, true, 0);
    } finally {
      waits.finish(wait);
    }
    if (outcome === "blocked") {
      if (wait.queue === PUTTERS) wait.starving = true;
      outcome = this.#join(wait, true);
    }
    if (outcome === "blocked") return again;
    if (wait.queue === GETTERS) return this.#endGet(outcome);
    if (outcome === "closed") wait.item?.discard();
    endPut(outcome);
  }

  /** Give the wake-up to another one. */
  #passOn(queue: number): void {
    const protocol = this.#protocol;
    if (queue === PUTTERS) protocol.yieldRoom();
    else if (queue === GETTERS && !protocol.empty()) protocol.wakeOne(GETTERS);
  }

  /** There was no slot for it. Let it look for itself, now and then. */
  #retry(queue: number, wait: QueuedWait<T | void>): boolean {
    if (queue !== JOINERS) return wait.wake();
    const waits = this.#waits[queue]!;
    const slot = this.#protocol.join(queue, waits.mine);
    if (slot !== 0) waits.enter(wait, slot);
    if (this.#protocol.unfinished() > 0) return slot !== 0;
    waits.leave(wait);
    waits.finish(wait);
    return wait.wake();
  }
}

/** What tells one wait at a queue from another. */
interface QueueWait {
  readonly queue: number;
  readonly item: PendingItem | undefined;
  starving: boolean;
}

function create(capacity: number, options: SharedQueueOptions | undefined): SharedBlock {
  let size = 1_024;
  while (size < capacity) size *= 2;
  const maxByteLength = RING + Math.max(size, LARGEST);
  const buffer = allocateShared(RING + size, { maxByteLength });
  return SharedBlock.create(QueueProtocol.SIZE, options, buffer);
}

function endPut(outcome: QueueOutcome): QueueOutcome {
  if (outcome !== "closed") return outcome;
  throw new QueueShutDown("Cannot put an item into a shared queue: it is closed");
}

registerSharedType(KIND, ([handle, maxsize]: [SharedHandle, number]) => {
  const block = SharedBlock.open(handle, QueueProtocol.SIZE);
  return new SharedQueue(Object.assign(block, { maxsize }));
});
