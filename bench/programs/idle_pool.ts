import { gather, sleep, WorkerPool } from "../../mod.ts";

// Each holds its worker until all have one.
await using pool = new WorkerPool(8);
await gather(Array.from({ length: 8 }, () => () => pool.submit(() => 1)));
while (pool.stats.workers < 8) {
  await gather(Array.from({ length: 8 }, () => pool.submit(() => 1)));
}
await sleep(100);
console.log(Deno.memoryUsage().rss);
