import { startTimer, type Timer } from "../base/clock.ts";
import { callSoon, type Handle, runTimer } from "./scheduler.ts";

/** A limit that is over already: it takes effect in its turn. */
class PastLimit implements Handle, Timer {
  #fire: (() => void) | undefined;

  constructor(fire: () => void, enter: (handle: Handle) => void) {
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
 * once, as asyncio's timeouts do, or with the timers that are due.
 */
export function startLimit(
  ms: number,
  fire: () => void,
  enter: (handle: Handle) => void = callSoon,
): Timer {
  if (ms <= 0) return new PastLimit(fire, enter);
  return startTimer(ms, () => runTimer(fire));
}
