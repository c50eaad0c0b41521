import { assertEquals } from "@std/assert";
import {
  ProcessPool,
  type ProcessPoolOptions,
  WorkerPool,
  type WorkerPoolOptions,
} from "../../mod.ts";

/** Which hosts a pool of threads has. */
export const HOSTS = ["web", "node"] as const;

/** Run `body` with a pool of threads, and see that no worker is left of it afterwards. */
export function withPool<T>(
  options: WorkerPoolOptions,
  body: (pool: WorkerPool) => Promise<T>,
): Promise<T> {
  return endingPool(new WorkerPool(options), body);
}

/** Run `body` with a pool of one process, or as many as `options` say; the same otherwise. */
export function withProcesses<T>(
  options: ProcessPoolOptions,
  body: (pool: ProcessPool) => Promise<T>,
): Promise<T> {
  return endingPool(new ProcessPool({ maxWorkers: 1, ...options }), body);
}

async function endingPool<P extends WorkerPool | ProcessPool, T>(
  pool: P,
  body: (pool: P) => Promise<T>,
): Promise<T> {
  try {
    return await body(pool);
  } finally {
    await pool.terminate();
    const { workers, stuck } = pool.stats;
    assertEquals({ workers, stuck }, { workers: 0, stuck: 0 });
  }
}

const realSetTimeout = setTimeout; // The time of the test may be a fake one later.

/** Come back when `what` holds; only events decide when that is. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((go) => realSetTimeout(go, 1));
}

/** A word that a worker and the test wait on: no clock decides who is first. */
export class Gate {
  readonly words: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8));

  /** Wait until the worker has come to the gate. */
  async reached(): Promise<void> {
    await until(() => Atomics.load(this.words, 0) !== 0);
  }

  /** Let the worker through. */
  open(): void {
    Atomics.store(this.words, 1, 1);
    Atomics.notify(this.words, 1);
  }
}

/** Comes to a gate, and blocks its thread until that is opened; travels as source. */
export const blockAtGate = (words: Int32Array<SharedArrayBuffer>): string => {
  Atomics.store(words, 0, 1);
  Atomics.wait(words, 1, 0);
  return "through";
};

/** What `fn` rejects with. */
export async function failureOf(fn: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return error;
  }
  throw new Error("It was expected to reject");
}
