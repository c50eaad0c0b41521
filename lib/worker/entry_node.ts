/**
 * What runs first in a worker thread of node:worker_threads.
 * @module
 */
import type { Boot } from "./protocol.ts";
import { serve } from "./runtime/serve.ts";

interface Surroundings {
  process: {
    getBuiltinModule(name: string): {
      workerData: { strand: Boot };
    };
  };
  navigator: { locks?: { request(name: string, hold: () => Promise<never>): Promise<void> } };
  self?: unknown;
}

const here = globalThis as unknown as Surroundings;

// What is written for one kind of thread is to run in the other, too.
here.self ??= here;

// Deno (2.9.4 and later) really stops a thread that never comes back, if it holds a lock.
here.navigator.locks?.request(`strand ${crypto.randomUUID()}`, () => new Promise(() => {}));

serve(...here.process.getBuiltinModule("node:worker_threads").workerData.strand);
