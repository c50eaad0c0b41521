import { assertEquals } from "@std/assert";
import { Cluster, until } from "./support/cluster.ts";
import { bullmq } from "./support/engine.ts";
import { redisTest } from "./support/with_redis.ts";
import { QueueKeys } from "../../lib/bullmq/queue_keys.ts";
import { Receipts } from "../../lib/bullmq/receipts.ts";

function openQueue(cluster: Cluster) {
  const client = cluster.redis.client();
  const queue = new bullmq.Queue("tests", { connection: client });
  const keys = new QueueKeys(queue);
  return { client, queue, keys, receipts: new Receipts(client, keys) };
}

redisTest("Of a call whose outcome has arrived nothing stays, however it ended", async () => {
  await using cluster = await Cluster.start();
  const { client, queue, keys, receipts } = openQueue(cluster);
  const job = (id: string) => client.exists(keys.job(id));
  // As the engine leaves them: done, failed, and under way.
  await client.hset(keys.job("c-done"), "finishedOn", "1");
  await client.zadd(keys.completed, 1, "c-done", 1, "c-other");
  await client.hset(keys.job("c-failed"), "finishedOn", "1");
  await client.zadd(keys.failed, 1, "c-failed", 1, "c-other");
  await client.hset(keys.job("c-under-way"), "timestamp", "1");
  await client.hset(keys.job("c-other"), "finishedOn", "1");
  // As a command leaves it that a broken connection has sent twice: no list knows it.
  await client.hset(keys.job("c-half"), "finishedOn", "1");
  const ids = ["c-done", "c-failed", "c-under-way", "c-half", "c-gone"];
  for (const id of ids) receipts.add(id);
  await receipts.flush();
  assertEquals(await Promise.all(ids.map(job)), [0, 0, 1, 0, 0]);
  assertEquals(await client.zrange(keys.completed, 0, -1), ["c-other"]);
  assertEquals(await client.zrange(keys.failed, 0, -1), ["c-other"]);
  assertEquals(await job("c-other"), 1);
  // What was under way goes as soon as it is finished.
  await client.hset(keys.job("c-under-way"), "finishedOn", "1");
  await client.zadd(keys.completed, 1, "c-under-way");
  await until(async () => await job("c-under-way") === 0);
  assertEquals(await client.zrange(keys.completed, 0, -1), ["c-other"]);
  receipts.stop();
  await queue.close();
});

redisTest("Thousands are taken out some hundreds at a time", async () => {
  await using cluster = await Cluster.start();
  const { client, queue, keys, receipts } = openQueue(cluster);
  const ids = Array.from({ length: 1_234 }, (_, n) => `c-me-${n}`);
  await Promise.all(ids.map((id) => client.hset(keys.job(id), "finishedOn", "1")));
  await client.zadd(keys.completed, ...ids.flatMap((id) => [1, id]));
  for (const id of ids) receipts.add(id);
  await receipts.flush();
  assertEquals(await client.keys("*:c-me-*"), []);
  assertEquals(await client.exists(keys.completed), 0);
  receipts.stop();
  await queue.close();
});
