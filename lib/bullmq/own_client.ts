import type { RedisClient, RedisLike } from "./engine.ts";

/**
 * A client of the library's own. It is not lazy, since BullMQ takes the first failure of a lazy one
 * for the last, and waits for a Redis that is away for as long as it takes. It reports its errors to
 * nobody: what they mean is seen in the commands that fail.
 */
export function ownClient(template: RedisLike): RedisClient {
  const client = template.duplicate({ lazyConnect: false, maxRetriesPerRequest: null });
  client.on("error", () => {});
  return client;
}
