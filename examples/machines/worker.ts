/**
 * Serves the queue, on this machine, until it is told to end. Start as many as you like.
 *
 * Python: `celery worker`, `dask worker`.
 *
 * Run it: `deno run --allow-net --allow-env --allow-read=. examples/machines/worker.ts`
 *
 * @module
 */
import * as bullmq from "npm:bullmq@6";
import { Redis } from "npm:ioredis@5";
import { serveBull } from "@strand/strand/bullmq";
import { modules } from "./modules.ts";

const connection = new Redis(Deno.env.get("REDIS_URL") ?? "redis://127.0.0.1:6379");
const server = serveBull({ bullmq, connection, queue: "primes", modules });
await server.ready;
console.log(`${server.name} runs ${server.stats.slots} calls at a time`);

Deno.addSignalListener("SIGTERM", async () => {
  await server.close(); // what runs may end within 10 seconds; the rest goes back to the queue
  Deno.exit();
});
