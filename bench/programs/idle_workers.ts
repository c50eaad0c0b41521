import { RawWorker } from "../floors/raw_worker.ts";

const workers = Array.from({ length: 8 }, () => new RawWorker());
await Promise.all(workers.map((one) => one.echo(1)));
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(Deno.memoryUsage().rss);
Deno.exit(0);
