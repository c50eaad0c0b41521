/**
 * A machine, in a process of its own: `serve.ts <ours or raw> <port>`, with two slots.
 *
 * @module
 */
import { serveBull } from "../../bullmq.ts";
import { bullmq, Redis } from "../../tests/bullmq/support/engine.ts";

const [kind, port] = Deno.args;
const connection = new Redis(Number(port), "127.0.0.1", { maxRetriesPerRequest: null });
if (kind === "ours") {
  const modules = { square: new URL("./square.ts", import.meta.url) };
  const pool = 2;
  await serveBull({ bullmq, connection, queue: "ours", modules, pool }).ready;
} else {
  const square = (job: { data: number }) => Promise.resolve(job.data * job.data);
  const kept = { removeOnComplete: { count: 1_000 } };
  const worker = new bullmq.Worker("raw", square, { connection, concurrency: 2, ...kept });
  await worker.waitUntilReady();
}
console.log("ready");
