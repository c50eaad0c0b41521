import { assert, assertEquals, assertRejects } from "@std/assert";
import { CancelledError, WorkerCrashedError } from "@strand/strand";
import type { BullExecutor } from "@strand/strand/bullmq";
import { startServer } from "./support/children.ts";
import { Cluster, modules, until } from "./support/cluster.ts";
import { bullmq, Redis } from "./support/engine.ts";
import { RedisServer } from "./support/redis_server.ts";
import { redisTest } from "./support/with_redis.ts";
import * as tasks from "./fixtures/tasks.ts";

const LARGE = { large: true };

/** Locks that end soon, so that what is lost is soon found. */
const SHORT = { lockDuration: 1_000, stalledInterval: 300, maxCrashes: 20 };

const numbers = (length: number) => Array.from({ length }, (_, n) => n);

function checkSquares(squares: number[], length: number): void {
  assertEquals(squares.length, length);
  const wrong = squares.findIndex((square, n) => square !== n * n);
  assertEquals(wrong, -1);
}

/** A map, and a promise of when it has done so many items. */
function mapSquares(executor: BullExecutor, length: number, at: number) {
  let reached = () => {};
  const underWay = new Promise<void>((resolve) => reached = resolve);
  const onProgress = (done: number) => void (done >= at && reached());
  return { map: executor.map(tasks.square, numbers(length), { onProgress }), underWay };
}

redisTest("A server is killed in the middle of a map of 100,000", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor({ chunkMs: 5 });
  await using lost = await startServer(cluster.redis, SHORT);
  const { map, underWay } = mapSquares(executor, 100_000, 2_000);
  const squares = Promise.resolve(map);
  await underWay;
  cluster.serve({ ...SHORT, pool: 2 });
  await lost.lose();
  checkSquares(await squares, 100_000);
}, LARGE);

redisTest("Redis is killed in the middle of a map, and started again with its log", async () => {
  await using cluster = await Cluster.start({ appendOnly: true });
  cluster.serve({ ...SHORT, pool: 2 });
  const executor = cluster.executor({ chunkMs: 20 });
  // What was written in the last second may be lost with Redis: so the map waits for that.
  const gate = Promise.withResolvers<void>();
  async function* items() {
    for (const n of numbers(20_000)) {
      if (n === 10_000) await gate.promise;
      yield n;
    }
  }
  const squares = Promise.resolve(executor.map(tasks.square, items()));
  const slow = executor.submit(tasks.nap, 4_000);
  const client = cluster.redis.client();
  await until(async () => (await client.info("persistence")).includes("aof_enabled:1"));
  await until(async () => (await executor.counts()).active === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await cluster.redis.kill();
  gate.resolve();
  const during = executor.submit(tasks.square, 12);
  await cluster.redis.start();
  assertEquals(await during, 144);
  checkSquares(await squares, 20_000);
  assertEquals(await slow, "a task");
}, LARGE);

redisTest("Redis is frozen for three locks", async () => {
  await using cluster = await Cluster.start();
  cluster.serve({ ...SHORT, pool: 2 });
  const executor = cluster.executor({ chunkMs: 20, lease: 1_000 });
  const { map, underWay } = mapSquares(executor, 20_000, 500);
  const squares = Promise.resolve(map);
  const slow = executor.submit(tasks.nap, 1_000);
  await underWay;
  cluster.redis.signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  cluster.redis.signal("SIGCONT");
  checkSquares(await squares, 20_000);
  assertEquals(await slow, "a task");
}, LARGE);

redisTest("All connections are cut with 500 calls under way", async () => {
  await using cluster = await Cluster.start();
  cluster.serve({ ...SHORT, pool: 2 });
  const executor = cluster.executor();
  const client = cluster.redis.client();
  const calls = numbers(500).map((n) => executor.submit(tasks.square, n));
  await calls[50];
  for (let i = 0; i < 3; i++) {
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await client.call("CLIENT", "KILL", "TYPE", "pubsub");
    await calls[100 * (i + 1)];
  }
  checkSquares(await Promise.all(calls), 500);
}, LARGE);

redisTest(
  "FLUSHALL: calls that were there reject, and those that come after are done",
  async () => {
    await using cluster = await Cluster.start();
    const executor = cluster.executor();
    const calls = numbers(20).map((n) => executor.submit(tasks.square, n));
    await until(async () => (await executor.counts()).waiting === 20);
    await cluster.redis.client().flushall();
    for (const call of calls) await assertRejects(() => call, WorkerCrashedError, "lost");
    cluster.serve();
    assertEquals(await executor.submit(tasks.square, 5), 25);
  },
  LARGE,
);

redisTest("Redis is not there at the start", async () => {
  const redis = await RedisServer.prepare();
  await using cluster = Cluster.around(redis);
  // As people make them: one is lazy, and neither would wait for long.
  const { port } = redis;
  const server = cluster.serve({ connection: new Redis(port, "127.0.0.1", { lazyConnect: true }) });
  const lazy = new Redis(port, "127.0.0.1", { lazyConnect: true, maxRetriesPerRequest: 2 });
  const executor = cluster.executor({ connection: lazy });
  const called = executor.submit(tasks.square, 1);
  const calls = numbers(210).map((n) => executor.submit(tasks.square, n));
  await new Promise((resolve) => setTimeout(resolve, 300));
  called.cancel();
  await assertRejects(() => called, CancelledError);
  await redis.start();
  checkSquares(await Promise.all(calls), 210);
  await server.ready;
}, LARGE);

redisTest("Without a Redis, executors and servers end all the same", async () => {
  await using cluster = Cluster.around(await RedisServer.prepare());
  const executor = cluster.executor();
  const call = executor.submit(tasks.square, 1);
  await executor.terminate();
  await assertRejects(() => call, CancelledError);
}, LARGE);

redisTest("SIGTERM: a server ends what it can, and puts back the rest for others", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor();
  const file = await Deno.makeTempFile();
  await using child = await startServer(cluster.redis, { drainTimeout: 50 });
  const slow = executor.submit(tasks.slowAtFirst, file);
  const next = executor.submit(tasks.square, 3);
  await until(async () => (await Deno.readTextFile(file)).length === 1);
  child.kill("SIGTERM");
  const { code, out } = await child.ended();
  assertEquals([code, out], [0, "ready\nclosed\n"]);
  const { waiting, active } = await executor.counts();
  assertEquals({ waiting, active }, { waiting: 2, active: 0 });
  assertEquals(await executor.workers(), []);
  cluster.serve();
  assertEquals([await slow, await next], [2, 9]);
  await Deno.remove(file);
}, LARGE);

redisTest("16 submitters get their own results, and share the slots", async () => {
  await using cluster = await Cluster.start();
  cluster.serve({ pool: 2 });
  const executors = numbers(16).map(() => cluster.executor());
  const all = await Promise.all(executors.map(async (executor, k) => {
    const calls = Promise.all(numbers(20).map((n) => executor.submit(tasks.add, n, 1_000 * k)));
    const [sums, squares] = await Promise.all([calls, executor.map(tasks.square, numbers(200))]);
    checkSquares(squares, 200);
    return sums;
  }));
  all.forEach((sums, k) => assertEquals(sums, numbers(20).map((n) => n + 1_000 * k)));
}, LARGE);

redisTest(
  "Large arguments and results cross, up to maxPayload, and chunks keep to it",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve();
    const executor = cluster.executor();
    const large = "x".repeat(900_000);
    assertEquals(await executor.submit(tasks.echo, large), large);
    const error = await assertRejects(() => executor.submit(tasks.echo, large + large), RangeError);
    assert(/take 18000\d\d bytes, wanted at most 1048576/.test(error.message), error.message);
    const items = numbers(60).map((n) => `${n}`.repeat(20_000 + 1_000 * n));
    assertEquals(await executor.map(tasks.echo, items), items);
    await assertRejects(
      () => Promise.resolve(executor.map(tasks.echo, items, { chunksize: 60 })),
      RangeError,
      "Cannot submit a chunk of",
    );
  },
  LARGE,
);

redisTest("Jobs of strangers import nothing, and the server goes on", async () => {
  await using cluster = await Cluster.start();
  const server = cluster.serve({ modules: { tasks: modules.tasks } });
  const executor = cluster.executor();
  assertEquals(await executor.submit(tasks.square, 1), 1);
  const queue = new bullmq.Queue("tests", { connection: cluster.redis.client() });
  const evil = "data:text/javascript,throw new Error('imported')";
  const bytes = (...numbers: number[]) => btoa(String.fromCharCode(...numbers));
  // A head of 17 GB; 2 ** 32 - 1 buffers; a buffer of 2 ** 60 bytes.
  const giants = [
    bytes(255, 255, 255, 255, 0, 0, 0, 0, 1),
    bytes(1, 0, 0, 0, 255, 255, 255, 255, 1),
    bytes(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 176, 67, 1),
  ];
  const data = (input: unknown, ...others: unknown[]) => {
    return [1, "v8", "call", "me", input, null, true, ...others];
  };
  const jobs: [name: string, data: unknown, opts?: object][] = [
    ["nothing", data("[]")],
    ["tasks/nothing", data("[]")],
    ["tasks/__proto__", data("[]")],
    ["tasks/constructor", data("[]")],
    ["__proto__/toString", data("[]")],
    [`${evil}/x`, data("[]")],
    ["https://example.com/x.ts/x", data("[]")],
    ["../../tasks/square", data("[]")],
    ["/square", data("[]")],
    ["", data("[]")],
    ["tasks/SoldOut", data("[]")],
    ["tasks/square", null],
    ["tasks/square", {}],
    ["tasks/square", "text"],
    ["tasks/square", [1]],
    ["tasks/square", data("", "more")],
    ["tasks/square", [1, "jsc", "call", "me", "", null, true]],
    ["tasks/square", [1, "v8", "stream", "me", "", null, true]],
    ["tasks/square", [1, "v8", "call", { toString: 1 }, "", null, true]],
    ["tasks/square", [1, "v8", "call", "me", "", "soon", true]],
    ["tasks/square", [1e9, "v8", "call", "me", "", null, true]],
    ["tasks/square", data("not base 64 ~~~")],
    ["tasks/square", data(bytes(0, 0, 0))],
    ["tasks/square", data(bytes(4, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4))],
    ...giants.map((giant): [string, unknown] => ["tasks/square", data(giant)]),
  ];
  const client = cluster.redis.client();
  await client.publish("bull:tests:strand:control", "{");
  await client.publish("bull:tests:strand:control", '[1,["x"],{"length":1e9},null,[1,2,3]]');
  await client.hset("bull:tests:strand:workers", "x", "{", "y", "null", "z", '{"slots":1e99}');
  const added = await Promise.all(jobs.map(([name, data, opts]) => queue.add(name, data, opts)));
  for (const [i, job] of added.entries()) {
    await until(async () => ["failed", "completed"].includes(await job.getState()));
    assertEquals(await job.getState(), "failed", JSON.stringify(jobs[i]));
    const { failedReason = "" } = await queue.getJob(job.id!) ?? {};
    assert(!failedReason.startsWith("Error: imported"), failedReason);
  }
  assertEquals(server.stats.failed, jobs.length);
  assertEquals(await executor.submit(tasks.square, 8), 64);
  assertEquals((await executor.workers()).length, 1);
  await queue.close();
}, LARGE);

redisTest("Answers of strangers fail that one call, and the executor goes on", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor();
  const client = cluster.redis.client();
  const answers = ["+", "+AAAA", "-", "x", "+" + btoa("\x04\0\0\0\0\0\0\0abcd")];
  for (const answer of answers) {
    const call = executor.submit(tasks.square, 1);
    // From the start: it may fail before the client hears that the answer was published.
    const rejected = assertRejects(() => call, Error);
    let key = "";
    await until(async () => key = (await client.keys("bull:tests:c-*"))[0] ?? "");
    const id = key.slice("bull:tests:".length);
    const channel = `bull:tests:strand:replies:${id.slice(2, id.lastIndexOf("-"))}`;
    for (const nonsense of ["{", "[]", "[1,2,3]", `["${id}"]`, '["c-x","+AAAA","s"]']) {
      await client.publish(channel, nonsense);
    }
    await client.publish(channel, JSON.stringify([id, answer, "evil"]));
    await rejected;
    await client.del(key);
    await until(async () => (await client.keys("bull:tests:c-*")).length === 0);
  }
  cluster.serve();
  assertEquals(await executor.submit(tasks.square, 8), 64);
}, LARGE);
