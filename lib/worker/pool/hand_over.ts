import { nextTurn, now } from "../../base/clock.ts";
import { processorCount } from "../../base/runtime.ts";
import { callSoon, type Handle } from "../../core/scheduler.ts";
import type { CallTable } from "../call_table.ts";
import { ROW_MS, spin, SPIN_MS } from "../spin.ts";

/** For how many milliseconds this thread looks for the answer of a worker that has to be woken. */
const WAKE_MS = 0.15;

/** A worker that was given nothing for so many milliseconds makes room for another. */
const STALE_MS = 1;

/** After a miss so many calls go by message at most until it is tried again. */
const MOST_LEFT_OUT = 1024;

/** Those whose workers look for their next call before they sleep. */
const attentive = new Set<HandOver>();

/** When timers and I/O last had their turn during a row of calls. */
let turnedAt = 0;

/**
 * Gives calls to a worker by memory where they come in a row, each right after the answer to the one
 * before.
 *
 * A message wakes a thread, which takes ten times as long as a small call. In a row the worker looks
 * for the next call for a moment before it sleeps, and this thread for the answer, once its tasks have
 * had their turns. Nothing depends on it: who finds nobody looking sends a message.
 *
 * Whoever looks takes a processor, so it is left be where that gains nothing: where calls take long
 * or do not come in a row, where there are not as many processors, and where the system has both
 * threads on the same one. That shows in misses, after each of which it is tried less often.
 */
export class HandOver implements Handle {
  readonly #table: CallTable;
  readonly #onLooked: () => void;
  #givenAt = 0;
  /** For how many milliseconds to look. */
  #spinMs = 0;
  /** Whether the answer came in time, so that the worker has to be found looking for the next call. */
  #inTime = false;
  #misses = 0;
  #leftOut = 0;

  /** `onLooked` is called when there may be answers in the table, whose doorbell is muted. */
  constructor(table: CallTable, onLooked: () => void) {
    this.#table = table;
    this.#onLooked = onLooked;
  }

  /** The worker, which had nothing to do for so many milliseconds, is given something. */
  onGiven(at: number, idleMs: number): void {
    this.#givenAt = at;
    const row = idleMs < SPIN_MS && this.#table.timePerCall < SPIN_MS;
    if (row && this.#leftOut > 0) this.#leftOut--;
    else if (row && this.#mayLook()) return this.#look(true);
    this.#look(false);
  }

  /** Hand over the one call that the worker has; `false` if it has to go by message. */
  hand(call: number, fn: number, args: readonly unknown[]): boolean {
    const handed = this.#table.hand(call, fn, args);
    if (handed) this.#misses = 0;
    else if (this.#inTime) this.#miss();
    this.#inTime = false;
    if (!attentive.has(this)) return handed;
    this.#spinMs = handed ? SPIN_MS : WAKE_MS;
    this.#table.muteDoorbell();
    if (this.#givenAt - turnedAt < ROW_MS) callSoon(this);
    else {
      nextTurn(() => {
        turnedAt = now();
        callSoon(this);
      });
    }
    return handed;
  }

  /** Look for the answer. */
  run(): void {
    this.#inTime = spin(() => this.#table.answered, this.#spinMs);
    if (!this.#inTime) this.#miss();
    this.#onLooked();
  }

  /** The worker is gone. */
  end(): void {
    attentive.delete(this);
  }

  #miss(): void {
    this.#misses = Math.min(Math.max(this.#misses * 2, 1), MOST_LEFT_OUT);
    this.#leftOut = this.#misses;
    this.#look(false);
  }

  #look(looks: boolean): void {
    if (looks === attentive.has(this)) return;
    if (looks) attentive.add(this);
    else attentive.delete(this);
    this.#table.attentive = looks;
  }

  /** Whether there is a processor for its worker beside those that look, and that of this thread. */
  #mayLook(): boolean {
    if (attentive.has(this)) return true;
    const most = processorCount() - 1;
    for (const other of attentive) {
      if (attentive.size < most) return true;
      if (this.#givenAt - other.#givenAt > STALE_MS) other.#look(false);
    }
    return attentive.size < most;
  }
}
