import { BullServer } from "./bull_server.ts";
import type { ServeBullOptions } from "./serve_bull_options.ts";

/**
 * Serve a queue: run the calls that executors put on it, on this machine.
 *
 * Calls are fetched as there are slots for them, and none ahead of that. They run in the workers of a
 * pool, and so do all data of users; the thread that renews their locks does nothing else, so that a
 * call may take as long as it likes. One process for each machine is enough: the pool has the threads.
 *
 * Only functions of the `modules` are ever called. Whoever can write to the Redis can call all of
 * them, with any arguments: list modules that are made for it, and close the Redis to others.
 *
 * CPython has no twin; the field's are `celery worker` and `dask worker`.
 *
 * @param options `bullmq`, `connection`, `queue` and `modules`, and how calls are run.
 * @returns The server. It serves until it is closed.
 * @throws {TypeError} If an option is of the wrong type, unknown, or no address of a module.
 * @throws {RangeError} If a number is out of range, or a name has a ":".
 *
 * @example
 * ```ts ignore
 * import * as bullmq from "npm:bullmq@6";
 * import { Redis } from "npm:ioredis@5";
 * import { serveBull } from "@strand/strand/bullmq";
 * import { assertEquals } from "@std/assert";
 *
 * const connection = new Redis(Deno.env.get("REDIS_URL")!);
 * const modules = { math: new URL("./math.ts", import.meta.url) };
 * const server = serveBull({ bullmq, connection, queue: "math", modules, pool: 2 });
 * await server.ready;
 * assertEquals(server.stats.slots, 2);
 *
 * // Until somebody says SIGTERM:
 * await server.close();
 * connection.disconnect();
 * ```
 */
export function serveBull(options: ServeBullOptions): BullServer {
  return new BullServer(options);
}
