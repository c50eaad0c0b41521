import { allocateShared } from "../base/shared_memory.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "../errors.ts";
import { checkInteger, checkMaxsize, checkOptions } from "../base/validate.ts";
import { QueueItems } from "../sync/queue_items.ts";
import { again } from "../core/waiter.ts";
import { needPeers } from "../wire/resource_sharer.ts";
import { type Parcel, parcel, registerSharedType, type Shareable } from "../wire/shareable.ts";
import { beginBlocking } from "./blocking.ts";
import { Home, type Passage, type SharedOptions } from "./shared_block.ts";
import { type LineWait, LineWaits } from "./queued_wait.ts";
import { self } from "./thread_registry.ts";
import {
  GETTERS,
  JOINERS,
  type Outcome,
  PUTTERS,
  QueueProtocol,
} from "./protocol/queue_protocol.ts";
import { Getter, Joiner, Putter, type QueueDesk, type QueueWait } from "./queue_wait.ts";
import { RingCargo } from "./ring_items.ts";

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

interface Arrival {
  home: Home;
  buffer: SharedArrayBuffer;
}

let arriving: Arrival | undefined;

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
 * CPython: `multiprocessing.JoinableQueue`. There is no feeder thread here: when `put` is over, the
 * item is in the queue.
 *
 * @typeParam T What it holds.
 *
 * @example
 * ```ts
 * import { gather, SharedQueue } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new SharedQueue<{ id: number }>({ maxsize: 2 });
 * const seen: number[] = [];
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
export class SharedQueue<T> implements Shareable {
  readonly #home: Home;
  readonly #maxsize: number;
  readonly #largest: number;
  readonly #protocol: QueueProtocol;
  readonly #cargo: RingCargo;
  readonly #lines: LineWaits<T | void>[];

  readonly #desk: QueueDesk<T> = {
    leave: (wait) => {
      if (!this.#lines[wait.line]!.leave(wait)) this.#desk.lost(wait);
      else if (wait instanceof Putter && wait.hungry) this.#protocol.yieldRoom();
    },
    lost: (wait) => {
      this.#lines[wait.line]!.over(wait);
      this.#passOn(wait.line);
    },
    resume: (wait) => this.#resume(wait),
    joined: (wait) => this.#lines[JOINERS]!.over(wait),
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
    const what = "create a shared queue";
    checkOptions(what, options);
    const { maxsize = 0, capacity = DEFAULT_CAPACITY } = options ?? {};
    checkMaxsize(what, maxsize);
    checkInteger(what, "capacity", capacity, 1);
    if (capacity > 2 ** 30) {
      throw new RangeError(`Cannot ${what}: capacity must be at most 1 GiB, received ${capacity}`);
    }
    this.#maxsize = maxsize;
    const { home, buffer } = arriving ?? build(capacity, options);
    this.#home = home;
    this.#largest = (buffer.growable ? buffer.maxByteLength : buffer.byteLength) - RING;
    const limit = maxsize > 0 && maxsize < 2 ** 31 ? maxsize : 0;
    this.#protocol = new QueueProtocol(home.words, 0, self, limit);
    if (arriving === undefined) this.#protocol.initialize((buffer.byteLength - RING) / 8);
    arriving = undefined;
    this.#cargo = new RingCargo(buffer, RING, this.#protocol.size());
    this.#lines = [GETTERS, PUTTERS, JOINERS].map((line) => {
      return new LineWaits(home, this.#protocol.lines, line, (wait) => this.#retry(line, wait));
    });
    this.#protocol.onCall = (place) => this.#lines.forEach((line) => line.called(place));
    home.inhabit(this);
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
      const outcome = this.#protocol.tryPut(this.#cargo, false);
      if (endPut(outcome) !== "blocked") return Promise.resolve();
      const wait = new Putter(this.#desk, this.#cargo.unload());
      const last = this.#join(wait, false);
      if (endPut(last) !== "blocked") return Promise.resolve();
      const done = wait.begin() as Promise<void>;
      if (wait.item.goods === 0) return done;
      return done.catch((error) => {
        wait.item.discard();
        throw error;
      });
    } catch (error) {
      this.#cargo.discard();
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
      const outcome = this.#protocol.tryGet(this.#cargo);
      if (outcome !== "blocked") return Promise.resolve(this.#endGet(outcome));
      const wait = new Getter(this.#desk);
      const last = this.#join(wait, false);
      return last === "blocked" ? wait.begin() as Promise<T> : Promise.resolve(this.#endGet(last));
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
    const until = beginBlocking(this.#home, what, "put", timeoutMs);
    try {
      this.#load(item);
      if (endPut(this.#protocol.put(this.#cargo, until, this.#home.impatience)) === "blocked") {
        throw new QueueFull(`Cannot ${what}: it is full, and time is over`);
      }
    } catch (error) {
      this.#cargo.discard();
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
    const until = beginBlocking(this.#home, what, "get", timeoutMs);
    const outcome = this.#protocol.get(this.#cargo, until, this.#home.impatience);
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
      if (endPut(this.#protocol.tryPut(this.#cargo, false)) === "blocked") {
        throw new QueueFull("Cannot put an item into a shared queue: it is full");
      }
    } catch (error) {
      this.#cargo.discard();
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
    const outcome = this.#protocol.tryGet(this.#cargo);
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
      if (this.#protocol.unfinished() === 0) return Promise.resolve();
      const wait = new Joiner(this.#desk);
      const last = this.#join(wait, false);
      return last === "blocked" ? wait.begin() as Promise<void> : Promise.resolve();
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
   * Clean up after the dead.
   * @ignore
   */
  recover(isDead: (id: number) => boolean): void {
    this.#protocol.recover(isDead);
    for (const line of this.#lines) line.look();
  }

  /**
   * How it crosses to another thread.
   * @ignore
   */
  [parcel](): Parcel {
    needPeers();
    return { kind: KIND, data: [this.#home.passage(), this.#maxsize] };
  }

  #load(item: T): void {
    this.#cargo.load(item);
    const bytes = 8 * this.#cargo.units;
    if (bytes <= this.#largest) return;
    throw new RangeError(
      `Cannot put an item into a shared queue: it takes ${bytes} bytes, at most ${this.#largest} are possible`,
    );
  }

  #endGet(outcome: Outcome): T {
    if (outcome === "done") return this.#cargo.value() as T;
    throw new QueueShutDown("Cannot get an item from a shared queue: it is closed");
  }

  /** What a wait came for: "blocked" if it is not to be had. */
  #attempt(wait: QueueWait<T>, called: boolean, place: number): Outcome {
    if (wait instanceof Getter) return this.#protocol.tryGet(this.#cargo);
    if (!(wait instanceof Putter)) return this.#protocol.unfinished() === 0 ? "done" : "blocked";
    this.#cargo.reload(wait.item);
    return this.#protocol.tryPut(this.#cargo, called, place);
  }

  /** Stand in line, and look once more: it may have become possible before the place was taken. */
  #join(wait: QueueWait<T>, back: boolean): Outcome {
    const line = this.#lines[wait.line]!;
    const mine = back ? line.mineInFront : line.mine;
    const place = this.#protocol.join(wait.line, mine, back);
    line.place(wait, place, back);
    const outcome = this.#attempt(wait, back, line.isFirstAt(wait) ? place : 0);
    // Called on top of that: let another one look.
    if (outcome !== "blocked" && !line.leave(wait)) {
      line.over(wait);
      this.#passOn(wait.line);
    }
    return outcome;
  }

  /** A wait was called. */
  #resume(wait: Getter<T> | Putter<T>): T | void | typeof again {
    let outcome = this.#attempt(wait, true, 0);
    this.#lines[wait.line]!.over(wait);
    if (outcome === "blocked") {
      if (wait instanceof Putter) wait.hungry = true;
      outcome = this.#join(wait, true);
    }
    if (outcome === "blocked") return again;
    return wait instanceof Putter ? void endPut(outcome) : this.#endGet(outcome);
  }

  /** Give the call to another one. */
  #passOn(line: number): void {
    const protocol = this.#protocol;
    if (line === PUTTERS) protocol.yieldRoom();
    else if (line === GETTERS && (!protocol.empty())) protocol.callOne(GETTERS);
  }

  /** There was no place for it in the line. Let it look for itself, now and then. */
  #retry(line: number, wait: LineWait<T | void>): boolean {
    if (line !== JOINERS) return wait.wake();
    const waits = this.#lines[line]!;
    const place = this.#protocol.join(line, waits.mine);
    if (place !== 0) waits.place(wait, place);
    if (this.#protocol.unfinished() > 0) return place !== 0;
    waits.leave(wait);
    waits.over(wait);
    return wait.wake();
  }
}

function build(capacity: number, options: SharedQueueOptions | undefined): Arrival {
  let size = 1_024;
  while (size < capacity) size *= 2;
  const maxByteLength = RING + Math.max(size, LARGEST);
  const buffer = allocateShared(RING + size, { maxByteLength });
  return { home: Home.build(QueueProtocol.SIZE, options, buffer), buffer };
}

function endPut(outcome: Outcome): Outcome {
  if (outcome !== "closed") return outcome;
  throw new QueueShutDown("Cannot put an item into a shared queue: it is closed");
}

registerSharedType(KIND, ([passage, maxsize]: [Passage, number]) => {
  arriving = { home: Home.arrive(passage, QueueProtocol.SIZE), buffer: passage[0] };
  return new SharedQueue({ maxsize });
});
