import { laterGlobal } from "./builtins.ts";
import { unrefNative } from "./runtime.ts";

// Not the globals: fake time may have been put in their place.
const start = laterGlobal("setInterval");
const stop = laterGlobal("clearInterval");

/** Call `fn` every `ms` milliseconds of real time, without holding the program alive for it. */
export function onBeat(ms: number, fn: () => void): () => void {
  const timer: unknown = (start.read() as typeof setInterval)(fn, ms);
  unrefNative(timer);
  return () => (stop.read() as typeof clearInterval)(timer as number);
}
