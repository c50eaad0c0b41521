import { afterLoading, isLoading } from "../base/builtins.ts";
import { Deque } from "../base/deque.ts";
import { nextTurn, now } from "../base/clock.ts";
import type { Fiber } from "./fiber.ts";
import { currentScope } from "./context.ts";

/** Something that gets its turn: a wait that ends, a task that starts, a callback. */
export interface Handle {
  /** Take the turn. Must not throw. */
  run(): void;
  /** The tasks that wait for this turn, for those who look from outside. */
  awaiters?(): Fiber[];
}

/** A task, as far as its steps go. */
export interface Stepping {
  /** What runs on as this task does: the task itself, or all calls of one pool. */
  readonly kind: object;
}

/**
 * How many microtasks a resumed task may run on before the next one gets its turn: enough for a
 * step that goes through a few dozen nested async functions.
 */
const STEP_BUDGET = 64;

/** How many turns are taken before it is watched whether the event loop moves on. */
const BATCH = 256;

/** For how many milliseconds it may stand still before timers and I/O get their turn. */
const SLICE = 20;

const ready = new Deque<Handle>();
let running: Stepping | undefined;
let stepBudget = 0;
// A task with many branches side by side never parks as a whole, and the calls of a pool may all end in
// promises of somebody else, such as `pool.map((url) => fetch(url), urls)`: neither is waited for twice.
let branching: object | undefined;
let wakeDriver: (() => void) | undefined;
let inTimer = false;
// As in asyncio, turns are taken in rounds: what becomes ready in one has its turn in the next.
let leftInRound = 0;
let nextRound: DueHandle[] = [];
let turnWanted = false;

/**
 * Give `handle` its turn after those already waiting: asyncio's `loop.call_soon`.
 *
 * Turns are taken one at a time, in microtasks. As in asyncio, what a task does between two waits
 * is one step: `event.set(); other.cancel()` reaches `other` before it has seen the event. In
 * JavaScript a few microtasks go by within such a step (each `await` of a plain async function is
 * one), so the next turn waits for the running task to park or to end, up to `STEP_BUDGET` of them.
 */
export function callSoon(handle: Handle): void {
  ready.push(handle);
  if (wakeDriver !== undefined) resumeDriver(wakeDriver);
}

/** A turn of the next round, which those take in the order of their times. */
export interface DueHandle extends Handle {
  /** When it was due, on the scale of the clock. */
  readonly due: number;
}

/**
 * Give `handle` its turn in the next round, after all that are ready when it begins, and after those
 * that were due before it: asyncio's `loop.call_later` with 0 or less.
 */
export function callNextRound(handle: DueHandle): void {
  nextRound.push(handle);
  if (wakeDriver !== undefined) resumeDriver(wakeDriver);
}

/**
 * Let timers and I/O have their turn before the next round begins. Whoever asks for that and then
 * stands in the line has done what asyncio's `sleep(0)` does.
 */
export function yieldToEventLoop(): void {
  turnWanted = true;
}

function resumeDriver(wake: () => void): void {
  wakeDriver = undefined;
  const fiber = inTimer ? undefined : currentScope()?.fiber;
  // Code outside any task must not cut short the step of a task that is under way.
  if (fiber !== undefined || stepBudget === 0) resumed(fiber);
  wake();
}

/**
 * Do what the clock asks for: a timer carries the context of the code that started it, but is no
 * step of that code.
 */
export function runTimer(fire: () => unknown): void {
  inTimer = true;
  fire();
  inTimer = false;
}

/** Say that user code goes on: that of `task`, or some outside any task, which cannot park. */
export function resumed(task: Stepping | undefined): void {
  running = task;
  stepBudget = task === undefined || task.kind === branching ? 1 : STEP_BUDGET;
}

/**
 * Say that the running task asked for something that was there, and so goes on without a wait.
 *
 * In asyncio `await lock.acquire()` of a free lock is no pause; here it costs microtasks, and any
 * number of such calls in a row must still be one step.
 */
export function continueStep(): void {
  if (stepBudget > 0) resumed(running);
}

/** Say that `task` waits again or has ended, so that the next turn need not be held back. */
export function parked(task: Stepping): void {
  const own = running === task;
  if (own) stepBudget = 0;
  // A call that ends long after its step says nothing of the steps of the others.
  if (branching === task.kind && (own || branching === task)) branching = undefined;
}

let turns = 0;
/** Since when the event loop is watched, and has not moved on. */
let watchedSince: number | undefined;

const movedOn = () => {
  turns = 0;
  watchedSince = undefined;
};

// One promise for every look: `await undefined` would make one each time.
const settled = Promise.resolve();

const idle = (resolve: () => void) => {
  wakeDriver = resolve;
};

// Started here once, so that turns are taken in the empty async context, whoever asked for them.
async function drive(): Promise<never> {
  for (;;) {
    if (ready.size === 0 && nextRound.length === 0) await new Promise<void>(idle);
    while (stepBudget > 0) {
      stepBudget--;
      if (stepBudget === 0) branching = running?.kind;
      await settled;
    }
    if (leftInRound === 0) {
      if (turnWanted) {
        turnWanted = false;
        await new Promise<void>(nextTurn);
      }
      if (nextRound.length > 0) {
        nextRound.sort((one, other) => one.due - other.due);
        for (const handle of nextRound) ready.push(handle);
        nextRound = [];
      }
      leftInRound = ready.size;
    }
    if (isLoading()) {
      await new Promise<void>(afterLoading);
      continue;
    }
    leftInRound--;
    const handle = ready.shift()!;
    // Tasks that wake each other for ever must not starve timers and I/O, not even one that finds
    // nobody else in the line each time.
    if (++turns >= BATCH) {
      turns = 0;
      if (watchedSince === undefined) {
        watchedSince = now();
        nextTurn(movedOn);
      } else if (now() - watchedSince > SLICE) await new Promise<void>(nextTurn);
    }
    handle.run();
  }
}

drive();
