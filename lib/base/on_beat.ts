import { laterGlobal } from "./builtins.ts";

// Not the globals: fake time may have been put in their place.
const start = laterGlobal("setInterval");
const stop = laterGlobal("clearInterval");

/** The parts of timers that differ between runtimes. */
interface TimerHolder {
  readonly Deno?: { unrefTimer(timer: unknown): void };
}

/** Call `fn` every `ms` milliseconds of real time, without holding the program alive for it. */
export function onBeat(ms: number, fn: () => void): () => void {
  const timer: unknown = (start.read() as typeof setInterval)(fn, ms);
  if (typeof timer === "object") (timer as { unref?(): void }).unref?.();
  else (globalThis as unknown as TimerHolder).Deno?.unrefTimer(timer);
  return () => (stop.read() as typeof clearInterval)(timer as number);
}
