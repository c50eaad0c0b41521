/**
 * What runs first in a thread of node:worker_threads.
 *
 * @module
 */
import { builtin } from "../../base/builtins.ts";
import { hideFromListeners } from "../../base/hide_from_listeners.ts";
import { exit, lockManager } from "../../base/runtime.ts";
import { isDelivered, isHeardLate } from "../../core/cancellation.ts";
import type { Boot } from "../protocol.ts";
import { serve } from "./serve.ts";

/** What code written for a Web Worker uses to reach its thread, and to end it. */
interface WorkerGlobals {
  self?: unknown;
  close?(): void;
}

const globals = globalThis as unknown as WorkerGlobals;
globals.self ??= globals;
globals.close ??= () => exit(0);

// Deno (2.9.4 and later) really stops a thread that never comes back, if it holds a lock.
void lockManager()?.request(`strand ${crypto.randomUUID()}`, () => new Promise(() => {}));

hideFromListeners(isDelivered, isHeardLate);
serve(builtin<{ workerData: { strand: Boot } }>("node:worker_threads")!.workerData.strand);
