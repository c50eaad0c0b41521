import { RawWorker } from "../floors/raw_worker.ts";

const worker = new RawWorker();
console.log(await worker.echo(7));
worker.stop();
