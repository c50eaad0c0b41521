import type { Future } from "../core/future.ts";
import { atRunEnd } from "../task/at_run_end.ts";
import { PoolExecutor } from "./pool/pool_executor.ts";
import { readPoolOptions } from "./pool/options.ts";
import { Pool } from "./pool/pool.ts";
import { defaultHost } from "./hosts/default_host.ts";

let shared: PoolExecutor | undefined;

function sharedExecutor(what: string): PoolExecutor {
  if (shared !== undefined) return shared;
  const pool = new Pool(defaultHost(what), readPoolOptions(what, "toThread", { name: "toThread" }));
  atRunEnd(() => pool.endIdle());
  return shared = new PoolExecutor(pool);
}

/**
 * Run a function in a worker of the pool that the whole program shares.
 *
 * For a single computation that would otherwise hold up this thread. For many of them make a
 * `WorkerPool`; for work that mainly waits (files, network) no thread is needed, and `TaskPool`
 * bounds how much of it goes on at a time; for work that must be killed, or that may crash, there is
 * `ProcessPool`. The shared pool has as many workers as the machine has processors, starts them as
 * they are needed, and does not keep the program alive; the end of `run` ends those that are idle.
 *
 * CPython: `asyncio.to_thread`. There the function shares all memory; here what it needs is copied.
 *
 * @typeParam A Its parameters.
 * @typeParam R What it returns.
 * @param fn A self-contained function, or one that was registered with `remote`.
 * @param args Its arguments.
 * @returns A future of its result; cancelling it stops the work as in every pool.
 * @throws {TypeError} If `fn` is not a function, or one that cannot travel.
 *
 * @example
 * ```ts
 * import { run, toThread } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const sum = await run(() =>
 *   toThread((n: number) => {
 *     let sum = 0;
 *     for (let i = 1; i <= n; i++) sum += i;
 *     return sum;
 *   }, 1_000)
 * );
 * assertEquals(sum, 500_500);
 * ```
 */
export function toThread<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...args: A
): Future<Awaited<R>> {
  const what = "run a function in a thread";
  return sharedExecutor(what).submit(fn, args, toThread) as Future<Awaited<R>>;
}
