import { assertEquals } from "@std/assert";
import { WorkerPool, type WorkerPoolOptions } from "../../mod.ts";

/** Which hosts a pool of threads has. */
export const HOSTS = ["web", "node"] as const;

/** Run `body` with a pool, and see that no worker is left of it afterwards. */
export async function withPool<T>(
  options: WorkerPoolOptions,
  body: (pool: WorkerPool) => Promise<T>,
): Promise<T> {
  const pool = new WorkerPool(options);
  try {
    return await body(pool);
  } finally {
    await pool.terminate();
    const { workers, stuck } = pool.stats;
    assertEquals({ workers, stuck }, { workers: 0, stuck: 0 });
  }
}

/** A word that a worker and the test wait on: no clock decides who is first. */
export class Gate {
  readonly words: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8));

  /** Wait until the worker has come to the gate. */
  async reached(): Promise<void> {
    while (Atomics.load(this.words, 0) === 0) await new Promise((go) => setTimeout(go, 1));
  }

  /** Let the worker through. */
  open(): void {
    Atomics.store(this.words, 1, 1);
    Atomics.notify(this.words, 1);
  }
}

/** What `fn` rejects with. */
export async function failureOf(fn: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return error;
  }
  throw new Error("It was expected to reject");
}
