/**
 * Five threads, each with an argument of its own: start them, wait for them.
 *
 * Python: `p = Process(target=worker, args=(i,)); p.start(); p.join()`.
 *
 * Run it: `deno run --allow-read=. examples/01_process_basics.ts`
 *
 * @module
 */
import { remote, run, Thread } from "@strand/strand";

/** Runs in a thread of its own. */
export const worker = remote(import.meta, function worker(id: number): number {
  console.log(`worker ${id} at work`);
  return id * id;
});

async function main(): Promise<void> {
  const threads = [0, 1, 2, 3, 4].map((id) =>
    new Thread(worker, { args: [id], name: `worker-${id}` })
  );
  for (const thread of threads) thread.start(); // from here on they run side by side
  for (const thread of threads) await thread.join();
  for (const thread of threads) {
    console.log(`${thread.name}: exit code ${thread.exitcode}, result ${await thread.result()}`);
  }
}

// Each thread loads this module too; without this line each of them would start five more.
if (import.meta.main) await run(main);
