/**
 * The memory that a worker shares with the thread that gave it work.
 *
 * One cell per call says who may still change its fate, so that a call that waits in the worker can
 * be taken back at any instant, and a busy loop can see that it was asked to stop. A ring beside it
 * carries results that are plain numbers and the like, with a doorbell, so that under load many of
 * them arrive with one message.
 */
import { canShareMemory } from "../base/runtime.ts";
import { PlainValues } from "./plain_values.ts";

const SLOTS = 1024;
const MASK = SLOTS - 1;

/** Sent, and not begun: whoever moves it on first has it. */
const SENT = 0;
const RUNNING = 1;
/** Taken back by the sender. */
const REVOKED = 2;
/** Asked to stop. */
const STOPPED = 3;

// Words before the cells.
const DOORBELL = 0;
const READ = 1;
const WRITTEN = 2;
const TIME_PER_CALL = 3;
const THREAD = 4;
const EXIT = 5;
/** How many messages the worker has read. */
const RECEIVED = 6;
/** Whether the worker is to look for the next call for a moment before it sleeps. */
const ATTENTIVE = 7;
/** Where a call that goes by memory stands: one of the three below. */
const HAND_OVER = 8;
const HANDED_CALL = 9;
const HANDED_FN = 10;
const HANDED_COUNT = 11;
/** Whether the worker is at its initializer. */
const INITIALIZING = 12;
const HEADER = 16;

/** Nobody looks: calls go by message. */
const CLOSED = 0;
/** The worker looks, and has nothing else to do. */
const OPEN = 1;
/** There is a call. */
const HANDED = 2;

/** So many arguments may a call have that goes by memory. */
const MOST_ARGUMENTS = 8;

const CALLS = HEADER + SLOTS;
const WORDS = CALLS + SLOTS;
const BYTES = WORDS * 4 + PlainValues.bytes(SLOTS + MOST_ARGUMENTS);

/** How many calls may be with one worker at a time. */
export const MOST_IN_FLIGHT: number = SLOTS - 1;

/** Numbers of calls start again at 0 after this many. */
export const CALL_NUMBERS: number = 2 ** 29;

/** What a worker finds when it wants to begin a call. */
export type Claim = "mine" | "revoked" | "stopped";

/** A call that went by memory. */
export interface HandedCall {
  call: number;
  fn: number;
  args: unknown[];
}

/** Where memory cannot be shared, a side that needs a table has one to itself. */
function allocate(size: number): ArrayBufferLike {
  return canShareMemory() ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
}

/** Both sides' view of the memory. Calls are known by a number that goes up by one each time. */
export class CallTable {
  /** The memory itself, to be sent across. */
  readonly memory: ArrayBufferLike;
  readonly #words: Int32Array;
  readonly #values: PlainValues;
  #posted = 0;

  constructor(memory = allocate(BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#values = new PlainValues(memory, WORDS * 4, SLOTS + MOST_ARGUMENTS);
  }

  /** Sender: the call is on its way. */
  announce(call: number): void {
    Atomics.store(this.#words, HEADER + (call & MASK), call << 2 | SENT);
  }

  /** Sender: take the call back. `false` if the worker has begun it, or ended it. */
  revoke(call: number): boolean {
    return this.#move(call, SENT, REVOKED);
  }

  /** Sender: whether the worker has begun the call. */
  begun(call: number): boolean {
    return Atomics.load(this.#words, HEADER + (call & MASK)) !== (call << 2 | SENT);
  }

  /** Sender: ask the call to stop, whether it has begun or not. */
  stop(call: number): void {
    if (!this.#move(call, SENT, STOPPED)) this.#move(call, RUNNING, STOPPED);
  }

  /** Worker: begin the call, if it may. */
  claim(call: number): Claim {
    if (this.#move(call, SENT, RUNNING)) return "mine";
    return this.stopped(call) ? "stopped" : "revoked";
  }

  /** Worker: whether the call was asked to stop. */
  stopped(call: number): boolean {
    return Atomics.load(this.#words, HEADER + (call & MASK)) === (call << 2 | STOPPED);
  }

  /** Worker: leave a result in the ring; `false` if it is not plain enough, or does not fit. */
  put(call: number, value: unknown): boolean {
    const words = this.#words;
    const written = words[WRITTEN]!;
    if (((written - Atomics.load(words, READ)) | 0) >= SLOTS) return false;
    const at = written & MASK;
    if (!this.#values.write(at, value)) return false;
    words[CALLS + at] = call;
    Atomics.store(words, WRITTEN, (written + 1) | 0);
    return true;
  }

  /** Worker: `true` if a message is due, since none is on its way that the sender has yet to read. */
  ringDoorbell(): boolean {
    return Atomics.exchange(this.#words, DOORBELL, 1) === 0;
  }

  /** Worker: whether a message is on its way that the sender has yet to read. */
  get doorbellRung(): boolean {
    return Atomics.load(this.#words, DOORBELL) === 1;
  }

  /** Sender: a message is read; from now on the worker has to send another. */
  clearDoorbell(): void {
    Atomics.store(this.#words, DOORBELL, 0);
  }

  /**
   * Sender: take every result out of the ring; call it after `clearDoorbell`.
   *
   * @throws {TypeError} If there is what no honest worker writes.
   */
  drain(done: (call: number, value: unknown) => void): void {
    const words = this.#words;
    for (;;) {
      // Looked up each time: `done` may come here, too, as it ends the worker.
      const read = words[READ]!;
      const written = Atomics.load(words, WRITTEN);
      if (read === written) return;
      if (((written - read) | 0) < 0 || ((written - read) | 0) > SLOTS) {
        throw new TypeError("Cannot read more results than the call table has room for");
      }
      const at = read & MASK;
      const call = words[CALLS + at]!;
      const value = this.#values.read(at);
      Atomics.store(words, READ, (read + 1) | 0);
      done(call, value);
    }
  }

  /** Sender: whether there are results in the ring. */
  get answered(): boolean {
    return this.#words[READ] !== Atomics.load(this.#words, WRITTEN);
  }

  /** Sender: a message was posted to the worker. */
  posted(): void {
    this.#posted = (this.#posted + 1) | 0;
  }

  /** Worker: a message was read. */
  received(): void {
    Atomics.add(this.#words, RECEIVED, 1);
  }

  /**
   * Sender: hand a call over by memory. `false` if it has to go by message, as the worker does not
   * look for one, or has not read every message, which go first; or as it is not plain enough.
   */
  hand(call: number, fn: number, args: readonly unknown[]): boolean {
    const words = this.#words;
    if (Atomics.load(words, HAND_OVER) !== OPEN) return false;
    if (Atomics.load(words, RECEIVED) !== this.#posted) return false;
    const count = args.length;
    if (count > MOST_ARGUMENTS) return false;
    for (let i = 0; i < count; i++) if (!this.#values.write(SLOTS + i, args[i])) return false;
    words[HANDED_CALL] = call;
    words[HANDED_FN] = fn;
    words[HANDED_COUNT] = count;
    return Atomics.compareExchange(words, HAND_OVER, OPEN, HANDED) === OPEN;
  }

  /** Sender: it looks at the ring by itself, and needs no message until it clears the doorbell. */
  muteDoorbell(): void {
    Atomics.store(this.#words, DOORBELL, 1);
  }

  /** Whether the worker is to look for the next call before it sleeps. The sender decides that. */
  get attentive(): boolean {
    return Atomics.load(this.#words, ATTENTIVE) === 1;
  }

  set attentive(attentive: boolean) {
    Atomics.store(this.#words, ATTENTIVE, attentive ? 1 : 0);
  }

  /** Worker: take calls by memory from here on; it has nothing else to do. */
  open(): void {
    Atomics.store(this.#words, HAND_OVER, OPEN);
  }

  /** Worker: whether there is a call since it was opened. */
  get handed(): boolean {
    return Atomics.load(this.#words, HAND_OVER) === HANDED;
  }

  /** Worker: take no more calls by memory. Gives the one that there is. */
  close(): HandedCall | undefined {
    const words = this.#words;
    if (Atomics.compareExchange(words, HAND_OVER, OPEN, CLOSED) !== HANDED) return undefined;
    const args: unknown[] = [];
    for (let i = 0; i < words[HANDED_COUNT]!; i++) args.push(this.#values.read(SLOTS + i));
    const handed = { call: words[HANDED_CALL]!, fn: words[HANDED_FN]!, args };
    Atomics.store(words, HAND_OVER, CLOSED);
    return handed;
  }

  /** Whether the worker is at its initializer, which it may not come back from. The worker says so. */
  get initializing(): boolean {
    return Atomics.load(this.#words, INITIALIZING) === 1;
  }

  set initializing(initializing: boolean) {
    Atomics.store(this.#words, INITIALIZING, initializing ? 1 : 0);
  }

  /** How long a call takes of late, in milliseconds. The worker writes it, the sender reads it. */
  get timePerCall(): number {
    return Atomics.load(this.#words, TIME_PER_CALL) / 1000;
  }

  set timePerCall(ms: number) {
    Atomics.store(this.#words, TIME_PER_CALL, Math.min(ms * 1000, 2 ** 31 - 1));
  }

  /** What locks in shared memory know the worker's thread by; 0 as long as it has not said so. */
  get thread(): number {
    return Atomics.load(this.#words, THREAD);
  }

  set thread(id: number) {
    Atomics.store(this.#words, THREAD, id);
  }

  /** The exit code with which the worker ended itself; `undefined` as long as it has not said so. */
  get exitcode(): number | undefined {
    const noted = Atomics.load(this.#words, EXIT);
    return noted === 0 ? undefined : noted - 1;
  }

  /** Noted down once; as for a process, its lowest eight bits count. */
  set exitcode(code: number) {
    Atomics.compareExchange(this.#words, EXIT, 0, 1 + (code & 0xff));
  }

  #move(call: number, from: number, to: number): boolean {
    const expected = call << 2 | from;
    const slot = HEADER + (call & MASK);
    return Atomics.compareExchange(this.#words, slot, expected, call << 2 | to) === expected;
  }
}
