import { BullExecutor } from "../../bullmq.ts";
import { bullmq, Redis } from "../../tests/bullmq/support/engine.ts";
import { RedisServer } from "../../tests/bullmq/support/redis_server.ts";
import { RunningProcess } from "../../tests/support/running_process.ts";

const SERVE = new URL("./serve.ts", import.meta.url).pathname;
const MAP = new URL("../../tests/import_map.json", import.meta.url).pathname;

/** A machine with two slots, in a process of its own. */
async function startMachine(kind: "ours" | "raw", port: number): Promise<RunningProcess> {
  const args = ["run", "-A", "--no-check", `--import-map=${MAP}`, SERVE, kind, `${port}`];
  const machine = new RunningProcess(args);
  await machine.finds((read) => /ready/.exec(read));
  return machine;
}

/** An executor, and a machine that serves it. */
export async function openOurs() {
  const redis = await RedisServer.start();
  const machine = await startMachine("ours", redis.port);
  const connection = redis.client();
  const modules = { square: new URL("./square.ts", import.meta.url) };
  const executor = new BullExecutor({ bullmq, connection, queue: "ours", modules });
  return {
    redis,
    connection,
    executor,
    async close() {
      await executor.terminate();
      await machine[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** BullMQ by itself, as its manual has it: a job, and the end of it by the events of the queue. */
export async function openRaw() {
  const redis = await RedisServer.start();
  const machine = await startMachine("raw", redis.port);
  const connection = redis.client();
  const queue = new bullmq.Queue("raw", { connection });
  const own = new Redis(redis.port, "127.0.0.1", { maxRetriesPerRequest: null });
  const events = new bullmq.QueueEvents("raw", { connection: own });
  await events.waitUntilReady();
  return {
    redis,
    connection,
    async call(n: number): Promise<number> {
      const job = await queue.add("square", n);
      return await job.waitUntilFinished(events);
    },
    async close() {
      await events.close();
      own.disconnect();
      await queue.close();
      await machine[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
