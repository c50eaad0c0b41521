import { now } from "../base/clock.ts";

/**
 * For how many milliseconds a thread looks for what is about to come before it sleeps. To be woken
 * takes about as long, and ten times as long as a small call.
 */
export const SPIN_MS = 0.05;

/** So many milliseconds a row of calls may last until timers and I/O have their turn. */
export const ROW_MS = 1;

/** How often it looks at most, where the clock is coarse or a fake. */
const MOST_LOOKS = 50_000;

/** How often it looks between two readings of the clock. */
const LOOKS = 32;

/** Look for so many milliseconds, and no longer, whether something is there. */
export function spin(there: () => boolean, ms: number): boolean {
  if (there()) return true;
  const end = now() + ms;
  for (let looks = 1; looks < MOST_LOOKS; looks++) {
    if (there()) return true;
    if (looks % LOOKS === 0 && now() > end) return false;
  }
  return false;
}
