/**
 * Notices that a thread with a memory limit has run out of memory.
 *
 * The runtime stops whatever the thread is doing then, and ends the thread if the event loop itself
 * had called that. What ran in a microtask is stopped, too, but nobody hears of it: its promise stays
 * pending, no `finally` runs, timers and ports go on. One trace is left: so that it can stop anything
 * at all, the engine has raised its limit. Code that is busy, however long, leaves no such trace.
 */
import { builtin } from "../../base/builtins.ts";
import { unrefTimer } from "../../base/runtime.ts";

/** How often it looks, in milliseconds. */
const EVERY_MS = 100;

interface HeapStatistics {
  getHeapStatistics(): { heap_size_limit: number };
}

/** Call back once the engine has raised the limit of the heap. */
export function watchMemory(onOut: (error: Error) => void): void {
  const heap = builtin<HeapStatistics>("node:v8");
  if (heap === undefined) return;
  const limit = heap.getHeapStatistics().heap_size_limit;
  const timer = setInterval(() => {
    if (heap.getHeapStatistics().heap_size_limit <= limit) return;
    clearInterval(timer);
    onOut(outOfMemory());
  }, EVERY_MS);
  unrefTimer(timer);
}

/** The error that the runtime gives where it notices. */
function outOfMemory(): Error {
  const message = "Worker terminated due to reaching memory limit: JS heap out of memory";
  return Object.assign(new Error(message), { code: "ERR_WORKER_OUT_OF_MEMORY" });
}
