import type { WaitSubject } from "../core/wait_subject.ts";
import { InvalidStateError } from "../errors.ts";
import { nextTurn, startTimer, type Timer } from "../base/clock.ts";
import { Deque } from "../base/deque.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkDuration, show } from "../base/validate.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import { cloneError } from "./clone_error.ts";
import { needPeers } from "./resource_sharer.ts";
import { adoptPort, type Port, post } from "./message_channel.ts";
import { pack, type Packed, survey, unpack } from "./packing.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "./shareable.ts";
import { checkTransfer } from "./transfer.ts";

/** A message as it crosses: the value as it is, or packed. `null` says that the end was closed. */
type Message = [value: unknown, packed?: undefined] | [value: Packed, packed: true] | null;

const OPEN = 0;
const CLOSED = 1;
const MOVED = 2;

/** How many turns of the event loop a message that is there may need to come in. */
const TURNS = 3;

/** A wait for the next value. */
class Receive extends Waiter<unknown, { value: unknown }> {
  readonly #waiters: WaitQueue<Receive>;
  readonly #giveBack: (value: unknown) => void;
  readonly #left: () => void;

  constructor(
    waiters: WaitQueue<Receive>,
    giveBack: (value: unknown) => void,
    left: () => void,
  ) {
    super();
    this.#waiters = waiters;
    this.#giveBack = giveBack;
    this.#left = left;
    waiters.append(this);
  }

  override describe(): WaitSubject {
    return { kind: "Connection.recv" };
  }

  protected override onWithdraw(): CancelOutcome {
    this.#waiters.remove(this);
    this.#left();
    return "left";
  }

  protected override onLost({ value }: { value: unknown }): void {
    this.#giveBack(value);
  }

  protected override onResume({ value }: { value: unknown }): unknown {
    return value;
  }
}

/** A wait for there to be something to receive. */
class Poll extends Waiter<boolean> {
  readonly #pollers: WaitQueue<Poll>;
  readonly #left: () => void;
  #timer: Timer | undefined;

  constructor(pollers: WaitQueue<Poll>, ms: number, left: () => void) {
    super();
    this.#pollers = pollers;
    this.#left = left;
    pollers.append(this);
    if (ms > 0) this.#timer = startTimer(ms, () => this.tell(false));
    else this.#turn(TURNS);
  }

  tell(there: boolean): void {
    if (!this.#pollers.remove(this)) return;
    this.#timer?.stop();
    this.#left();
    this.wake(there);
  }

  override describe(): WaitSubject {
    return { kind: "Connection.poll" };
  }

  protected override onWithdraw(): CancelOutcome {
    this.#pollers.remove(this);
    this.#timer?.stop();
    this.#left();
    return "left";
  }

  #turn(left: number): void {
    if (left === 0) this.tell(false);
    else nextTurn(() => this.#turn(left - 1));
  }
}

let make: <T>(port: Port) => Connection<T>;

/**
 * One end of a pipe: what is sent into it comes out of the other, in order. `pipe` makes two.
 *
 * - It works in both directions, within a thread and between threads: an end that is passed to a
 *   worker, as an argument or through another pipe, moves there and is closed here. One that was
 *   used already stays where it is.
 * - What crosses is what crosses to a worker: all that structured clone takes, shared objects, other
 *   ends, and errors. What is in `transfer` moves.
 * - When one end is closed, or its thread dies, the other can still receive what was sent before;
 *   then receiving rejects and iteration ends. What no end of a pipe sends ends it, too, with an
 *   error that says so.
 * - There is no bound on how much may be under way: `send` never waits. For a bound use
 *   `SharedQueue`.
 * - Waiting in it is a cancellation point; a message is never lost by it. It holds the program alive
 *   only while something waits to receive.
 *
 * CPython: `multiprocessing.connection.Connection`.
 *
 * @typeParam T What is sent and received.
 *
 * @example
 * ```ts
 * import { type Connection, pipe, Thread } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Runs in a thread: answers until the other end closes.
 * async function echo(connection: Connection<string>): Promise<void> {
 *   for await (const message of connection) await connection.send(message.toUpperCase());
 * }
 *
 * const [here, there] = pipe<string>();
 * const thread = new Thread(echo, { args: [there] }); // that end moves into the thread
 * thread.start();
 * await here.send("hello");
 * assertEquals(await here.recv(), "HELLO");
 * here.close();
 * await thread.join();
 * ```
 */
export class Connection<T> extends Shareable implements AsyncIterable<T>, Disposable {
  readonly #port: Port;
  readonly #received = new Deque<unknown>();
  readonly #waiters: WaitQueue<Receive> = new WaitQueue();
  readonly #pollers: WaitQueue<Poll> = new WaitQueue();
  #state = OPEN;
  #started = false;
  /** Whether nothing more can come: the other end is closed or gone. */
  #ended = false;
  #held = false;
  /** Why nothing more can come, where it is not that the other end is closed. */
  #fault: InvalidStateError | undefined;

  static {
    make = (port) => new Connection(making, port);
    registerSharedType<MessagePort>("Connection", (port) => make(adoptPort(port)));
  }

  /**
   * Not for use: `pipe` makes the two ends.
   *
   * @throws {TypeError} Always, when called from outside.
   * @ignore
   */
  constructor(key: symbol, port: unknown) {
    super();
    if (key !== making) throw new TypeError("Cannot construct a connection: use pipe");
    this.#port = port as Port;
  }

  /**
   * Send a value to the other end. It does not wait for it to be received.
   *
   * CPython: `Connection.send`.
   *
   * @param value What to send; it is copied at once.
   * @param transfer What in it moves instead of being copied.
   * @returns When it is on its way.
   * @throws {TypeError} (as a rejection) If the value cannot be cloned, or `transfer` is no list.
   * @throws {InvalidStateError} (as a rejection) If this end or the other is closed, or this one
   *   has moved to another thread. CPython: `OSError`, `BrokenPipeError`.
   */
  send(value: T, transfer: Transferable[] = []): Promise<void> {
    try {
      checkTransfer("send", transfer);
      this.#check("send");
      if (this.#ended) throw new InvalidStateError("Cannot send: the other end is closed");
      this.#start();
      this.#post(value, [...transfer]);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Receive the next value; waits until there is one.
   *
   * CPython: `Connection.recv`.
   *
   * @returns The value.
   * @throws {InvalidStateError} (as a rejection) If nothing more can come, since the other end is
   *   closed or its thread is gone (CPython: `EOFError`); or if this end is closed or has moved.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   */
  recv(): Promise<T> {
    try {
      this.#check("receive");
      this.#start();
    } catch (error) {
      return Promise.reject(error);
    }
    const waiter = new Receive(
      this.#waiters,
      (value) => this.#giveBack(value),
      () => this.#hold(),
    );
    // One that is cancelled already takes nothing; those who came first are served first.
    const promise = waiter.begin();
    this.#serve();
    this.#hold();
    return promise as Promise<T>;
  }

  /**
   * Whether there is something to receive: a value, or the news that nothing more comes.
   *
   * CPython: `Connection.poll`.
   *
   * @param timeoutMs How many milliseconds to wait for it; `Infinity` for ever. Default: 0, which
   *   still gives what has been sent some turns of the event loop to come in.
   * @returns `true` if `recv` would not wait.
   * @throws {TypeError} (as a rejection) If `timeoutMs` is not a number.
   * @throws {RangeError} (as a rejection) If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} (as a rejection) If this end is closed or has moved.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled.
   *
   * @example
   * ```ts
   * import { pipe } from "@strand/strand";
   * import { assert, assertEquals, assertFalse } from "@std/assert";
   *
   * const [here, there] = pipe<string>();
   * assertFalse(await there.poll(1)); // nothing has come
   * await here.send("ping");
   * assert(await there.poll(60_000));
   * assertEquals(await there.recv(), "ping");
   * here.close();
   * there.close();
   * ```
   */
  poll(timeoutMs = 0): Promise<boolean> {
    try {
      checkDuration("poll", "timeoutMs", timeoutMs);
      this.#check("poll");
      this.#start();
    } catch (error) {
      return Promise.reject(error);
    }
    const waiter = new Poll(this.#pollers, timeoutMs, () => this.#hold());
    const promise = waiter.begin();
    if (this.#received.size > 0 || this.#ended) waiter.tell(true);
    this.#hold();
    return promise;
  }

  /**
   * Close this end. The other can still receive what was sent; waits on this one reject.
   *
   * CPython: `Connection.close`.
   */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSED;
    if (!this.#ended) this.#port.postMessage(null);
    this.#shut(new InvalidStateError("Cannot receive: this end was closed"));
    this.#port.close();
  }

  /** Whether this end is closed, or has moved to another thread. */
  get closed(): boolean {
    return this.#state !== OPEN;
  }

  /** Receive one after the other, until nothing more can come. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      if (this.#state === OPEN && this.#over() && this.#fault === undefined) return;
      let value: T;
      try {
        value = await this.recv();
      } catch (error) {
        const ended = this.#state === OPEN && this.#over() && this.#fault === undefined;
        if (ended && error instanceof InvalidStateError) return;
        throw error;
      }
      yield value;
    }
  }

  /** As `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * How it crosses to another thread: it moves.
   *
   * @throws {InvalidStateError} If it is closed or has moved, or was used in this thread.
   * @ignore
   */
  [parcel](mayMove = true): Parcel {
    if (!mayMove) {
      throw new TypeError("Cannot pass a connection on: it moves, which it cannot here");
    }
    this.#check("pass a connection on");
    // A message may be on its way from the port to here, and would be lost.
    if (this.#started) {
      throw new InvalidStateError("Cannot pass a connection on: it was used in this thread");
    }
    this.#state = MOVED;
    // A queue may come through it.
    needPeers();
    return { kind: "Connection", data: this.#port, transfer: [this.#port] };
  }

  #over(): boolean {
    return this.#ended && this.#received.size === 0;
  }

  #check(what: string): void {
    if (this.#state === CLOSED) throw new InvalidStateError(`Cannot ${what}: this end is closed`);
    if (this.#state === MOVED) {
      throw new InvalidStateError(`Cannot ${what}: this end has moved to another thread`);
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#port.addEventListener("close", () => this.#end());
    this.#port.onmessage = (event: MessageEvent<Message>) => this.#take(event.data);
    this.#port.onmessageerror = () => this.#take([] as never);
    this.#port.unref?.();
  }

  #take(message: Message): void {
    if (this.#state !== OPEN) return;
    if (message === null) return this.#end();
    try {
      this.#received.push(read(message));
    } catch (error) {
      // Code of another thread may have got hold of the port: it ends its own pipe, and no more.
      this.#fault = new InvalidStateError("Cannot receive: what came cannot be read", {
        cause: error,
      });
      return this.#end();
    }
    this.#serve();
    this.#hold();
  }

  /** Give what there is to those who wait. */
  #serve(): void {
    while (this.#received.size > 0) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) break;
      waiter.wake({ value: this.#received.shift()! });
    }
    if (this.#received.size > 0) {
      while (this.#pollers.first !== undefined) this.#pollers.first.tell(true);
    }
    if (this.#over()) {
      const error = this.#fault ??
        new InvalidStateError("Cannot receive: the other end is closed");
      for (let w = this.#waiters.shift(); w !== undefined; w = this.#waiters.shift()) w.fail(error);
      while (this.#pollers.first !== undefined) this.#pollers.first.tell(true);
    }
  }

  #giveBack(value: unknown): void {
    this.#received.unshift(value);
    this.#serve();
    this.#hold();
  }

  #end(): void {
    if (this.#ended || this.#state !== OPEN) return;
    this.#ended = true;
    this.#port.close();
    this.#serve();
    this.#hold();
  }

  #shut(error: InvalidStateError): void {
    for (let w = this.#waiters.shift(); w !== undefined; w = this.#waiters.shift()) w.fail(error);
    while (this.#pollers.first !== undefined) this.#pollers.first.tell(false);
    this.#received.clear();
    this.#hold();
  }

  #post(value: unknown, transfer: Transferable[]): void {
    try {
      const special = survey([value]) < 0;
      post(this.#port, special ? [pack(value, transfer), true] : [value], transfer);
    } catch (error) {
      if ((error as Error).name !== "DataCloneError") throw error;
      throw cloneError("the value", value, transfer, error);
    }
  }

  /** The port is to hold the program alive exactly while something waits. */
  #hold(): void {
    const wanted = this.#state === OPEN && !this.#ended &&
      (this.#waiters.size > 0 || this.#pollers.size > 0);
    if (wanted === this.#held) return;
    this.#held = wanted;
    if (wanted) this.#port.ref?.();
    else this.#port.unref?.();
  }
}

/** What a message holds. Throws for one that no end of a pipe sends. */
function read(message: Exclude<Message, null>): unknown {
  if (!Array.isArray(message) || message.length < 1 || message.length > 2) {
    throw new TypeError(`Cannot read ${show(message)} as a message of a pipe`);
  }
  return message.length === 2 ? unpack(message[0] as Packed) : message[0];
}

const making = Symbol("making a connection");

/** For `pipe`: make an end of a port. */
export function connect<T>(port: Port): Connection<T> {
  return make(port);
}
