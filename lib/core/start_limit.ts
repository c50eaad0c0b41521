import { now, startTimer, type Timer } from "../base/clock.ts";
import { callSoon, type DueHandle, runTimer } from "./scheduler.ts";

/** A limit that is over already: it takes effect in its turn. */
class PastLimit implements DueHandle, Timer {
  readonly due: number;
  #fire: (() => void) | undefined;

  constructor(ms: number, fire: () => void, enter: (handle: DueHandle) => void) {
    this.due = now() + ms;
    this.#fire = fire;
    enter(this);
  }

  run(): void {
    this.#fire?.();
  }

  stop(): void {
    this.#fire = undefined;
  }
}

/**
 * Call `fire` once `ms` milliseconds have gone by; with none left, when `enter` gives it a turn: at
 * once, as asyncio's timeouts do, or with the timers that are due, in the order of their times.
 */
export function startLimit(
  ms: number,
  fire: () => void,
  enter: (handle: DueHandle) => void = callSoon,
): Timer {
  if (ms <= 0) return new PastLimit(ms, fire, enter);
  return startTimer(ms, () => runTimer(fire));
}
