import { startTimer, type Timer } from "../base/clock.ts";
import { byTheClock, callSoon, type Handle } from "./ready_queue.ts";

/** A limit that is over already: it takes effect in its turn. */
class PastLimit implements Handle, Timer {
  #fire: (() => void) | undefined;

  constructor(fire: () => void) {
    this.#fire = fire;
    callSoon(this);
  }

  run(): void {
    this.#fire?.();
  }

  stop(): void {
    this.#fire = undefined;
  }
}

/** Call `fire` once `ms` milliseconds have gone by; with none left, in the next turn. */
export function startLimit(ms: number, fire: () => void): Timer {
  if (ms <= 0) return new PastLimit(fire);
  return startTimer(ms, () => byTheClock(fire));
}
