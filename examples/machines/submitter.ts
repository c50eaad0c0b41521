/**
 * Counts the primes below a million, on all machines that serve the queue.
 *
 * Python: `with Client(address) as client: client.map(count_primes, range(...))` of Dask.
 *
 * Run it: `deno run --allow-net --allow-env --allow-read=. examples/machines/submitter.ts`
 *
 * @module
 */
import * as bullmq from "npm:bullmq@6";
import { Redis } from "npm:ioredis@5";
import { BullExecutor } from "@strand/strand/bullmq";
import { modules } from "./modules.ts";
import { countPrimes } from "./tasks.ts";

const connection = new Redis(Deno.env.get("REDIS_URL") ?? "redis://127.0.0.1:6379");
{
  await using machines = new BullExecutor({ bullmq, connection, queue: "primes", modules });
  const thousands = Array.from({ length: 1_000 }, (_, n) => 1_000 * n);
  const counts = await machines.map(countPrimes, thousands);
  console.log(`primes below a million: ${counts.reduce((a, b) => a + b)}`);
  for (const { name, done } of await machines.workers()) console.log(`${name}: ${done} jobs`);
}
connection.disconnect();
