/**
 * The executor for more than one machine, over BullMQ on Redis or Valkey.
 *
 * ```ts ignore
 * import * as bullmq from "npm:bullmq@6";
 * import { Redis } from "npm:ioredis@5";
 * import { BullExecutor } from "@strand/strand/bullmq";
 * import { resize } from "./images.ts"; // registered with `remote`
 *
 * const connection = new Redis("redis://127.0.0.1:6379");
 * const modules = { images: new URL("./images.ts", import.meta.url) };
 * await using executor = new BullExecutor({ bullmq, connection, queue: "images", modules });
 * console.log(await executor.submit(resize, "cat.png")); // wherever `serveBull` serves that queue
 * ```
 *
 * @module
 */

export { type BullCounts, BullExecutor } from "./lib/bullmq/bull_executor.ts";
export {
  type BullCallOptions,
  type BullExecutorOptions,
} from "./lib/bullmq/bull_executor_options.ts";
export { BullServer } from "./lib/bullmq/bull_server.ts";
export { serveBull } from "./lib/bullmq/serve_bull.ts";
export { type ServeBullOptions, type ServerPool } from "./lib/bullmq/serve_bull_options.ts";
export { type TaskModules } from "./lib/bullmq/module_names.ts";
export { type BullWorkerInfo } from "./lib/bullmq/bull_worker_info.ts";
export {
  type Engine,
  type EngineJob,
  type EngineQueue,
  type EngineWorker,
  type RedisClient,
  type RedisLike,
} from "./lib/bullmq/engine.ts";
