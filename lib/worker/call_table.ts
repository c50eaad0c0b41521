/**
 * The memory that a worker shares with the thread that gave it work.
 *
 * One cell per call says who may still change its fate, so that a call that waits in the worker can
 * be taken back at any instant, and a busy loop can see that it was asked to stop. A ring beside it
 * carries results that are plain numbers and the like, with a doorbell, so that under load many of
 * them arrive with one message.
 */
import { canShareMemory } from "../base/runtime.ts";

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
const HEADER = 8;

const ENTRIES = HEADER + SLOTS;
const WORDS = ENTRIES + SLOTS * 2;

// What a ring entry holds.
const NUMBER = 0;
const UNDEFINED = 1;
const NULL = 2;
const TRUE = 3;
const FALSE = 4;

/** How many calls may be with one worker at a time. */
export const MOST_IN_FLIGHT: number = SLOTS - 1;

/** Numbers of calls start again at 0 after this many. */
export const CALL_NUMBERS: number = 2 ** 29;

/** What a worker finds when it wants to begin a call. */
export type Claim = "mine" | "revoked" | "stopped";

/** Where memory cannot be shared, a side that needs a table has one to itself. */
function allocate(size: number): ArrayBufferLike {
  return canShareMemory() ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
}

/** Both sides' view of the memory. Calls are known by a number that goes up by one each time. */
export class CallTable {
  /** The memory itself, to be sent across. */
  readonly memory: ArrayBufferLike;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(memory = allocate(WORDS * 4 + SLOTS * 8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#numbers = new Float64Array(memory, WORDS * 4);
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
    const kind = kindOf(value);
    if (kind < 0) return false;
    const at = written & MASK;
    if (kind === NUMBER) this.#numbers[at] = value as number;
    words[ENTRIES + at * 2] = call;
    words[ENTRIES + at * 2 + 1] = kind;
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
      const call = words[ENTRIES + at * 2]!;
      const value = this.#value(words[ENTRIES + at * 2 + 1]!, at);
      Atomics.store(words, READ, (read + 1) | 0);
      done(call, value);
    }
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

  #value(kind: number, at: number): unknown {
    if (kind === NUMBER) return this.#numbers[at];
    if (kind === UNDEFINED) return undefined;
    if (kind === NULL) return null;
    if (kind === TRUE || kind === FALSE) return kind === TRUE;
    throw new TypeError(`Cannot read a result of kind ${kind} in the call table`);
  }
}

function kindOf(value: unknown): number {
  if (typeof value === "number") return NUMBER;
  if (value === undefined) return UNDEFINED;
  if (value === null) return NULL;
  if (value === true) return TRUE;
  return value === false ? FALSE : -1;
}
