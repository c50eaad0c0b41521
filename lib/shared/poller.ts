/**
 * Keeps the program alive while something waits on shared memory, and looks at that memory now and
 * then: a sleep by `Atomics.waitAsync` does not keep the program alive, and on Deno 2.5 its wake-up
 * may stay away until something else happens.
 */
import { nextTurn, now, startTimer, type Timer } from "../base/clock.ts";
import { runInScope } from "../core/context.ts";
import { SLICE } from "./protocol/words.ts";

/** What waits on shared memory. */
export interface Polled {
  /** Look at the memory; `true` if something had changed. */
  look(): boolean;
  /** Time has passed: see whether somebody died. */
  checkLiveness(): void;
}

/** After how many milliseconds to look first; then after twice as many each time. */
const SHORTEST = 2;

/** After how many wake-ups that stayed away not to rely on them any more. */
const MISSED = 5;

/** For how many milliseconds to look in every turn of the event loop then. */
const EAGER = 3;

const waiting = new Set<Polled>();
let timer: Timer | undefined;
let delay = SHORTEST;
let quiet = 0;
let missed = 0;
let eagerUntil = 0;
let turning = false;

/** Begin to hold the program for `one`, and to look. */
export function startPolling(one: Polled): void {
  waiting.add(one);
  if (missed >= MISSED) beEager();
  if (timer !== undefined && delay <= 4 * SHORTEST) return;
  timer?.stop();
  delay = SHORTEST;
  start();
}

/** Stop to do so. */
export function stopPolling(one: Polled): void {
  waiting.delete(one);
  if (waiting.size > 0) return;
  timer?.stop();
  timer = undefined;
}

/** Say that a wake-up came by itself. */
export function wokenByItself(): void {
  if (missed > 0) missed--;
}

function start(): void {
  // The timer belongs to no task, whoever happens to be the first to wait.
  timer = runInScope(undefined, () => startTimer(delay, poll));
}

function poll(): void {
  const changed = lookAround();
  if (changed) missed++;
  quiet += delay;
  if (quiet >= SLICE) {
    quiet = 0;
    for (const one of [...waiting]) if (waiting.has(one)) one.checkLiveness();
  }
  delay = changed ? SHORTEST : Math.min(2 * delay, SLICE);
  if (waiting.size > 0) start();
  else timer = undefined;
}

function lookAround(): boolean {
  let changed = false;
  for (const one of [...waiting]) if (waiting.has(one) && one.look()) changed = true;
  return changed;
}

function beEager(): void {
  eagerUntil = now() + EAGER;
  if (turning) return;
  turning = true;
  runInScope(undefined, () => nextTurn(turn));
}

function turn(): void {
  lookAround();
  turning = waiting.size > 0 && now() < eagerUntil;
  if (turning) nextTurn(turn);
}
