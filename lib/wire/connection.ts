import { InvalidStateError } from "../task_errors.ts";
import { nextTurn, startTimer, type Timer } from "../base/clock.ts";
import { Deque } from "../base/deque.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { isInstance } from "../base/instance.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkDuration, show } from "../base/validate.ts";
import { heldWait, holdWait, noHeldWait } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import type { WaitSubject } from "../core/wait_subject.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import { needPeers } from "./resource_sharer.ts";
import { type Packed, unpack } from "./packing.ts";
import { type PipeMessage, PipePort } from "./pipe_port.ts";
import { type Parcel, parcel, registerSharedType, Shareable } from "./shareable.ts";
import { checkTransfer } from "./transfer.ts";

const OPEN = 0;
const CLOSED = 1;
const MOVED = 2;

/** How many turns of the event loop a message that is there may need to come in. */
const TURNS = 3;

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
  readonly #port: PipePort;
  readonly #received = new Deque<unknown>();
  readonly #receivers: WaitQueue<Waiter<unknown, Received>> = new WaitQueue();
  readonly #pollers: WaitQueue<Waiter<boolean>> = new WaitQueue();
  #state = OPEN;
  /** Whether nothing more can come: the other end is closed or gone. */
  #ended = false;
  /** Why nothing more can come, where it is not that the other end is closed. */
  #fault: InvalidStateError | undefined;

  static #Receive = class extends Waiter<unknown, Received> {
    readonly #connection: Connection<unknown>;

    constructor(connection: Connection<unknown>) {
      super();
      this.#connection = connection;
      connection.#receivers.append(this);
    }

    override describe(): WaitSubject {
      return { kind: "Connection.recv" };
    }

    protected override onWithdraw(): CancelOutcome {
      this.#connection.#receivers.remove(this);
      this.#connection.#hold();
      return "left";
    }

    protected override onLost({ value }: Received): void {
      const connection = this.#connection;
      connection.#received.unshift(value);
      connection.#serve();
      connection.#hold();
    }

    protected override onResume({ value }: Received): unknown {
      return value;
    }
  };

  static #Poll = class extends Waiter<boolean> {
    readonly #connection: Connection<unknown>;
    #timer: Timer | undefined;

    constructor(connection: Connection<unknown>, ms: number) {
      super();
      this.#connection = connection;
      connection.#pollers.append(this);
      if (ms > 0) this.#timer = startTimer(ms, () => this.#giveUp());
      else this.#waitTurns(TURNS);
    }

    override describe(): WaitSubject {
      return { kind: "Connection.poll" };
    }

    override wake(there: boolean): boolean {
      this.#timer?.stop();
      return super.wake(there);
    }

    protected override onWithdraw(): CancelOutcome {
      this.#timer?.stop();
      this.#leave();
      return "left";
    }

    #waitTurns(left: number): void {
      if (left === 0) this.#giveUp();
      else nextTurn(() => this.#waitTurns(left - 1));
    }

    #giveUp(): void {
      if (this.#leave()) this.wake(false);
    }

    /** `false` if it was told already. */
    #leave(): boolean {
      const left = this.#connection.#pollers.remove(this);
      this.#connection.#hold();
      return left;
    }
  };

  static #Items = class<T> implements AsyncIterator<T, undefined> {
    readonly #connection: Connection<T>;
    #ended = false;

    constructor(connection: Connection<T>) {
      this.#connection = connection;
    }

    next(): Promise<IteratorResult<T, undefined>> {
      if (this.#ended) return this.return();
      const got = this.#connection.recv();
      const next = got.then<IteratorResult<T, undefined>, IteratorResult<T, undefined>>(
        (value) => ({ done: false, value }),
        (error) => {
          if (isInstance(error, InvalidStateError) && this.#connection.#exhausted) {
            return this.return();
          }
          this.#ended = true;
          throw error;
        },
      );
      const wait = heldWait(got);
      return wait === undefined ? holdWait(next, noHeldWait) : racedWait(next, wait);
    }

    return(): Promise<IteratorResult<T, undefined>> {
      this.#ended = true;
      return Promise.resolve({ done: true, value: undefined });
    }
  };

  /**
   * Not for use: `pipe` makes the two ends.
   *
   * @throws {TypeError} Always, when called from outside.
   * @ignore
   */
  constructor(port: unknown) {
    super();
    if (!(port instanceof PipePort)) {
      throw new TypeError("Cannot construct a connection: use pipe");
    }
    this.#port = port;
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
      this.#listen();
      this.#port.send(value, [...transfer]);
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
      this.#listen();
    } catch (error) {
      return Promise.reject(error);
    }
    // One that is cancelled already takes nothing; those who came first are served first.
    const promise = new Connection.#Receive(this).begin();
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
      this.#listen();
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = new Connection.#Poll(this, timeoutMs).begin();
    if (this.#received.size > 0 || this.#ended) this.#tellPollers(true);
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
    if (!this.#ended) this.#port.sayClosed();
    this.#shut(new InvalidStateError("Cannot receive: this end was closed"));
    this.#port.close();
  }

  /** Whether this end is closed, or has moved to another thread. */
  get closed(): boolean {
    return this.#state !== OPEN;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const received = this.#received.size;
    const counts = showCounts({ received, waiting: this.#receivers.size + this.#pollers.size });
    const state = this.#state === CLOSED ? "closed" : this.#state === MOVED ? "moved" : "open";
    const other = state === "open" && this.#ended ? ["the other end is closed"] : [];
    return `Connection [${[state, ...counts, ...other].join(", ")}]`;
  }

  /** Receive one after the other, until nothing more can come. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new Connection.#Items(this);
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
    if (this.#port.listening) {
      throw new InvalidStateError("Cannot pass a connection on: it was used in this thread");
    }
    this.#state = MOVED;
    // A queue may come through it.
    needPeers();
    return { kind: "Connection", data: this.#port.moving, transfer: [this.#port.moving] };
  }

  #over(): boolean {
    return this.#ended && this.#received.size === 0;
  }

  /** Whether all was received that came until the other end was closed. */
  get #exhausted(): boolean {
    return this.#state === OPEN && this.#over() && this.#fault === undefined;
  }

  #check(what: string): void {
    if (this.#state === CLOSED) throw new InvalidStateError(`Cannot ${what}: this end is closed`);
    if (this.#state === MOVED) {
      throw new InvalidStateError(`Cannot ${what}: this end has moved to another thread`);
    }
  }

  #listen(): void {
    this.#port.listen({
      onMessage: (message) => this.#take(message),
      onClose: () => this.#end(),
    });
  }

  #take(message: PipeMessage): void {
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
      const receiver = this.#receivers.shift();
      if (receiver === undefined) break;
      receiver.wake({ value: this.#received.shift()! });
    }
    if (this.#over()) {
      this.#failReceivers(
        this.#fault ?? new InvalidStateError("Cannot receive: the other end is closed"),
      );
    }
    if (this.#received.size > 0 || this.#ended) this.#tellPollers(true);
  }

  #failReceivers(error: InvalidStateError): void {
    for (;;) {
      const receiver = this.#receivers.shift();
      if (receiver === undefined) return;
      receiver.fail(error);
    }
  }

  #tellPollers(there: boolean): void {
    for (;;) {
      const poller = this.#pollers.shift();
      if (poller === undefined) return;
      poller.wake(there);
    }
  }

  #end(): void {
    if (this.#ended || this.#state !== OPEN) return;
    this.#ended = true;
    this.#port.close();
    this.#serve();
    this.#hold();
  }

  #shut(error: InvalidStateError): void {
    this.#failReceivers(error);
    this.#tellPollers(false);
    this.#received.clear();
    this.#hold();
  }

  /** The port is to hold the program alive exactly while something waits. */
  #hold(): void {
    const waiting = this.#receivers.size > 0 || this.#pollers.size > 0;
    this.#port.hold(this.#state === OPEN && !this.#ended && waiting);
  }
}

registerSharedType<MessagePort>("Connection", (port) => new Connection(PipePort.adopt(port)));

/** What a wait is woken with, which may be `undefined`. */
interface Received {
  readonly value: unknown;
}

/** What a message holds. Throws for one that no end of a pipe sends. */
function read(message: Exclude<PipeMessage, null>): unknown {
  if (!Array.isArray(message) || message.length < 1 || message.length > 2) {
    throw new TypeError(`Cannot read ${show(message)} as a message of a pipe`);
  }
  return message.length === 2 ? unpack(message[0] as Packed) : message[0];
}
