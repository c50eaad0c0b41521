/**
 * Five workers side by side, their results in the order in which they were asked for.
 *
 * Python: `results = await asyncio.gather(*(worker(i) for i in range(5)))`.
 *
 * Run it: `deno run examples/12_gather.ts`
 *
 * @module
 */
import { gather, run, sleep } from "@strand/strand";

async function worker(id: number): Promise<string> {
  console.log(`worker ${id} starts`);
  await sleep(10 * (5 - id)); // the last one ends first
  console.log(`worker ${id} ends`);
  return `result ${id}`;
}

async function main(): Promise<void> {
  const ids = [0, 1, 2, 3, 4];
  const results = await gather(ids.map((id) => () => worker(id)));
  console.log(results.join(", "));

  // With returnExceptions a failure takes its place among the results.
  const mixed = await gather([
    () => worker(4),
    () => Promise.reject(new Error("worker 7 is ill")),
  ], { returnExceptions: true });
  console.log(mixed.map(String).join(", "));
}

if (import.meta.main) await run(main);
