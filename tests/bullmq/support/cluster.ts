import {
  BullExecutor,
  type BullExecutorOptions,
  type BullServer,
  serveBull,
  type ServeBullOptions,
} from "@strand/strand/bullmq";
import { bullmq } from "./engine.ts";
import { type RedisOptions, RedisServer } from "./redis_server.ts";

/** The modules of the tests, by their names on the queue. */
export const modules = { tasks: new URL("../fixtures/tasks.ts", import.meta.url) };

/** A Redis, and what works on one queue of it; everything ends with it. */
export class Cluster implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly #stack = new AsyncDisposableStack();

  private constructor(redis: RedisServer) {
    this.redis = redis;
    this.#stack.use(redis);
  }

  /** One with a Redis that runs, and nothing else. */
  static async start(options: RedisOptions = {}): Promise<Cluster> {
    return new Cluster(await RedisServer.start(options));
  }

  /** One around a Redis, whether it runs or not. */
  static around(redis: RedisServer): Cluster {
    return new Cluster(redis);
  }

  /** What both sides are given. */
  get common(): Pick<BullExecutorOptions, "bullmq" | "connection" | "queue" | "modules"> {
    return { bullmq, connection: this.redis.client(), queue: "tests", modules };
  }

  /** Make a server, here; one slot by default. It need not be ready. */
  serve(options: Partial<ServeBullOptions> = {}): BullServer {
    return this.#stack.use(serveBull({ ...this.common, pool: 1, drainTimeout: 0, ...options }));
  }

  /** Make an executor. What it has not done when the cluster ends is called off. */
  executor(options: Partial<BullExecutorOptions> = {}): BullExecutor {
    const executor = new BullExecutor({ ...this.common, ...options });
    this.#stack.defer(() => executor.terminate());
    return executor;
  }

  /** End something with the cluster. */
  use<T extends AsyncDisposable>(value: T): T {
    return this.#stack.use(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Wait until something is so. */
export async function until(isSo: () => unknown): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
