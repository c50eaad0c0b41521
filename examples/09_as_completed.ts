/**
 * Each call is a future; they are looked at as they are done, and an error spoils only its own.
 *
 * Python: `for future in as_completed(futures): try: future.result() except …`.
 *
 * Run it: `deno run --allow-read=. examples/09_as_completed.ts`
 *
 * @module
 */
import { asCompleted, type Future, remote, run, WorkerPool } from "@strand/strand";

/** Refuses what has no real square root. */
export const root = remote(import.meta, function root(n: number): number {
  if (n < 0) throw new RangeError(`${n} has no real square root`);
  return Math.sqrt(n);
});

async function main(): Promise<void> {
  await using pool = new WorkerPool(2);
  const questions = new Map([16, -4, 2.25, -1].map((n) => [pool.submit(root, n), n]));
  let failed = 0;
  for await (const done of asCompleted(questions.keys())) {
    const future = done as unknown as Future<number>; // TypeScript takes it for its result
    const question = questions.get(future);
    try {
      console.log(`root of ${question}: ${future.result()}`);
    } catch (error) {
      failed++;
      console.log(`root of ${question}: ${error}`); // the class and the message of the worker
    }
  }
  console.log(`${questions.size - failed} answered, ${failed} failed`);
}

if (import.meta.main) await run(main);
