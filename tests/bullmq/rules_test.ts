import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CancelledError,
  remote,
  TimeoutError,
  WorkerCrashedError,
  WorkerPool,
} from "@strand/strand";
import type { RedisClient, RedisLike } from "@strand/strand/bullmq";
import { startHolder, startServer, startSubmitter } from "./support/children.ts";
import { Cluster, modules, until } from "./support/cluster.ts";
import { bullmq, type Redis } from "./support/engine.ts";
import { redisTest } from "./support/with_redis.ts";
import * as other from "./fixtures/other_tasks.ts";
import * as tasks from "./fixtures/tasks.ts";

async function linesOf(file: string): Promise<string[]> {
  return (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
}

/** Until what holds for so long holds for longer again. */
async function untilRenewed(client: Redis, key: string): Promise<void> {
  let last = await client.pttl(key);
  await until(async () => {
    const left = await client.pttl(key);
    const renewed = left > last;
    last = left;
    return renewed;
  });
}

redisTest(
  "Rule 1: only names cross, and what they stand for each side says for itself",
  async () => {
    await using cluster = await Cluster.start();
    const executor = cluster.executor();
    const stranger = remote(import.meta, { stranger: () => 1 }).stranger;
    for (const fn of [(n: number) => n, stranger, other.square]) {
      assertThrows(
        () => executor.submit(fn as (n: number) => number, 1),
        TypeError,
        "Cannot submit",
      );
      assertThrows(() => executor.apply(fn as () => number, []), TypeError, "Cannot apply");
      assertThrows(() => executor.map(fn as () => number, [1]), TypeError, "Cannot map");
    }
    assertThrows(
      () => executor.import("https://example.com/x.ts"),
      TypeError,
      "none of the modules",
    );

    const call = executor.submit(tasks.square, 3);
    const client = cluster.redis.client();
    let key: string | undefined;
    await until(async () => key = (await client.keys("bull:tests:c-*"))[0]);
    const job = await client.hgetall(key!);
    assertEquals(job.name, "tasks/square");
    assertEquals(/[a-z]+:\/\//.test(JSON.stringify(job)), false);
    cluster.serve({ modules: { tasks: new URL("./fixtures/other_tasks.ts", import.meta.url) } });
    assertEquals(await call, 1_009);
  },
);

redisTest("Rule 2: calls with one key are one call, also of several executors", async () => {
  await using cluster = await Cluster.start();
  const file = await Deno.makeTempFile();
  const [one, two] = [cluster.executor(), cluster.executor()];
  const calls = [one, one, two].map((executor) => {
    return executor.apply(tasks.failUntil, [file, 1], { key: "a key: of any kind/✓" });
  });
  const apart = one.apply(tasks.failUntil, [file, 1], { key: "another" });
  cluster.serve();
  assertEquals(await Promise.all(calls), [
    calls[0]!.result(),
    calls[0]!.result(),
    calls[0]!.result(),
  ]);
  await apart;
  assertEquals((await Deno.readTextFile(file)).length, 2);
  // Also long after: its result is kept when those are taken out that have arrived.
  await one.shutdown();
  assertEquals(
    await two.apply(tasks.failUntil, [file, 1], { key: "another" }),
    apart.result(),
  );
  await Deno.remove(file);
});

redisTest("Rule 2: what fails, or ends its worker, is tried as often as it may be", async () => {
  await using cluster = await Cluster.start();
  cluster.serve();
  const executor = cluster.executor({ attempts: 2 });
  const files = await Promise.all([1, 2, 3, 4, 5].map(() => Deno.makeTempFile()));
  assertEquals(await executor.submit(tasks.failUntil, files[0]!, 2), 2);
  await assertRejects(() => executor.submit(tasks.failUntil, files[1]!, 4), Error, "Time 2 of 4");
  const options = { attempts: 3, backoff: 5 };
  assertEquals(await executor.apply(tasks.failUntil, [files[2]!, 3], options), 3);
  await assertRejects(
    () => executor.apply(tasks.crash, [], { attempts: 1 }),
    WorkerCrashedError,
    "died",
  );
  assertEquals(executor.stats.crashed, 1);
  assertEquals(await executor.submit(tasks.crashUntil, files[3]!, 2), 2);
  // The chunks of a map, too.
  const items: [string, number][] = [[files[4]!, 2]];
  assertEquals(await executor.starmap(tasks.failUntil, items), [2]);
  await Promise.all(files.map((file) => Deno.remove(file)));
});

redisTest(
  "Rule 2: a call whose servers are lost too often rejects, in words of the library",
  async () => {
    await using cluster = await Cluster.start();
    const executor = cluster.executor();
    const file = await Deno.makeTempFile();
    const call = executor.submit(tasks.note, file, "begun", 600_000);
    const options = { lockDuration: 400, stalledInterval: 100, maxCrashes: 1 };
    for (const lines of [1, 2]) {
      await using child = await startServer(cluster.redis, options);
      await until(async () => (await linesOf(file)).length === lines);
      await child.lose();
    }
    cluster.serve(options);
    await assertRejects(() => call, WorkerCrashedError, "server that ran the call was lost");
    assertEquals(executor.stats.crashed, 1);
    await Deno.remove(file);
  },
);

/** A template whose clients are changed before they are used. */
function changed(connection: RedisLike, change: (client: RedisClient) => void): RedisLike {
  return {
    duplicate(override) {
      const client = connection.duplicate(override);
      change(client);
      return client;
    },
  };
}

/** A template whose clients tell nobody anything. */
function silent(connection: RedisLike): RedisLike {
  return changed(connection, (client) => client.publish = () => Promise.resolve(0));
}

redisTest("Rule 3: a reply that is lost is looked up", async () => {
  await using cluster = await Cluster.start();
  const { connection } = cluster.common;
  const executor = cluster.executor();
  const server = cluster.serve({ connection: silent(connection) });
  assertEquals(await executor.submit(tasks.square, 3), 9);
  await assertRejects(() => executor.submit(tasks.fail, "lost"), RangeError, "lost");
  assertEquals(server.stats.done, 2);
});

redisTest("Rule 3: what was pushed while the connection was away is looked up", async () => {
  await using cluster = await Cluster.start();
  const { connection } = cluster.common;
  // Without a lease there are no regular looks either.
  const executor = cluster.executor({
    connection: changed(connection, (client) => {
      client.set = () => Promise.reject(new Error("Not now"));
    }),
  });
  const call = executor.submit(tasks.square, 3);
  const client = cluster.redis.client();
  let key: string | undefined;
  await until(async () => key = (await client.keys("bull:tests:c-*"))[0]);
  await client.set(`bull:tests:strand:lease:${key!.split("-")[1]}`, "1");
  const server = cluster.serve({ connection: silent(connection) });
  await until(() => server.stats.done === 1);
  assertEquals(call.done(), false);
  await client.call("CLIENT", "KILL", "TYPE", "pubsub");
  assertEquals(await call, 9);
});

redisTest("Rule 3: a call that is missing once is looked up again before it is lost", async () => {
  await using cluster = await Cluster.start();
  const { connection } = cluster.common;
  let looks = 0;
  const executor = cluster.executor({
    connection: changed(connection, (client) => {
      const hmget = client.hmget.bind(client);
      // As if another had just taken it out, who has the same key, and whose answer is on its way.
      client.hmget = async (...args) => {
        const found = await hmget(...args);
        return ++looks === 1 ? found.map(() => null) : found;
      };
    }),
  });
  cluster.serve({ connection: silent(connection) });
  assertEquals(await executor.submit(tasks.square, 3), 9);
  assert(looks >= 2, `${looks} looks`);
});

redisTest("Rule 3: a call that has vanished from the queue rejects", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor();
  const call = executor.submit(tasks.square, 1);
  call.addDoneCallback(() => {});
  const client = cluster.redis.client();
  let keys: string[] = [];
  await until(async () => (keys = await client.keys("bull:tests:c-*")).length === 1);
  await client.del(...keys);
  await assertRejects(() => call, WorkerCrashedError, "lost");
});

redisTest(
  "Rule 4: calls of a submitter that died are dropped, but for those with a key",
  async () => {
    await using cluster = await Cluster.start();
    const file = await Deno.makeTempFile();
    await using submitter = await startSubmitter(cluster.redis, file);
    await submitter.lose();
    const client = cluster.redis.client();
    await until(async () => (await client.keys("*strand:lease*")).length === 0);
    const server = cluster.serve();
    await until(() => server.stats.done === 2);
    assertEquals(await linesOf(file), ["keyed", "keyed done"]);
    await Deno.remove(file);
  },
);

redisTest("Rule 4: a lease is renewed as long as there is somebody, and ends with it", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor({ lease: 5_000 });
  const client = cluster.redis.client();
  let lease: string | undefined;
  await until(async () => lease = (await client.keys("*strand:lease*"))[0]);
  await untilRenewed(client, lease!);
  await executor.shutdown();
  assertEquals(await client.exists(lease!), 0);
});

redisTest("Rule 4: calls of a submitter that was only away are done", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor({ lease: 600_000 });
  const client = cluster.redis.client();
  let leases: string[] = [];
  await until(async () => (leases = await client.keys("*strand:lease*")).length === 1);
  const calls = [executor.submit(tasks.square, 4), executor.submit(tasks.square, 5)];
  await until(async () => (await executor.counts()).waiting === 2);
  await client.del(...leases);
  const server = cluster.serve();
  assertEquals(await Promise.all(calls), [16, 25]);
  assert(server.stats.failed >= 1, "None was taken for an orphan");
});

redisTest(
  "Rule 5: a call that is cancelled leaves its slot, even if it is a busy loop",
  async () => {
    await using cluster = await Cluster.start();
    const pool = cluster.use(new WorkerPool({ maxWorkers: 1, host: "node", cancelGrace: 20 }));
    const server = cluster.serve({ pool });
    const executor = cluster.executor();
    assertEquals(await executor.submit(tasks.square, 2), 4);
    assertEquals(server.stats.slots, 1);
    const busy = executor.submit(tasks.spin, 600_000);
    await until(() => server.stats.active === 1);
    busy.cancel();
    await assertRejects(() => busy, CancelledError);
    assertEquals(await executor.submit(tasks.square, 3), 9);
    // Nothing is left of it.
    const client = cluster.redis.client();
    for (const left of ["bull:tests:c-*", "bull:tests:strand:cancelled:*"]) {
      await until(async () => (await client.keys(left)).length === 0);
    }
  },
);

redisTest("Rule 5: a cancellation whose message is lost is found all the same", async () => {
  await using cluster = await Cluster.start();
  const server = cluster.serve();
  const executor = cluster.executor({ connection: silent(cluster.common.connection) });
  const call = executor.submit(tasks.nap, 600_000);
  await until(() => server.stats.active === 1);
  call.cancel();
  await assertRejects(() => call, CancelledError);
  await until(() => server.stats.active === 0);
});

redisTest("Rule 5: a call that is cancelled on its way into a slot never begins", async () => {
  await using cluster = await Cluster.start();
  const gate = Promise.withResolvers<void>();
  let [asked, heard] = [false, false];
  const connection = changed(cluster.common.connection, (client) => {
    const exists = client.exists.bind(client);
    client.exists = async (...keys) => {
      asked = true;
      await gate.promise;
      return await exists(...keys);
    };
    const on = client.on.bind(client);
    client.on = (event, listener) => {
      if (event !== "message") return on(event, listener);
      return on(event, (...args) => {
        listener(...args);
        heard = true;
      });
    };
  });
  const pool = cluster.use(new WorkerPool({ maxWorkers: 1, host: "node" }));
  await pool.submit(tasks.square, 2);
  const server = cluster.serve({ connection, pool });
  const executor = cluster.executor();
  const file = await Deno.makeTempFile();
  const call = executor.submit(tasks.note, file, "begun");
  await until(() => asked);
  call.cancel();
  await assertRejects(() => call, CancelledError);
  await until(() => heard);
  gate.resolve();
  await until(() => server.stats.done === 1);
  assertEquals(await linesOf(file), []);
  await Deno.remove(file);
});

redisTest("Rule 5: a map is cancelled by one message", async () => {
  await using cluster = await Cluster.start();
  const server = cluster.serve({ pool: 2 });
  const executor = cluster.executor();
  const messages: unknown[] = [];
  const client = cluster.redis.client();
  client.on("message", (_channel, text) => messages.push(...JSON.parse(text)));
  await client.subscribe("bull:tests:strand:control");
  const controller = new AbortController();
  const naps = Array.from({ length: 100 }, () => 600_000);
  const map = executor.map(tasks.nap, naps, { signal: controller.signal, chunksize: 1 });
  await until(() => server.stats.active === 2);
  controller.abort("enough");
  await assertRejects(() => Promise.resolve(map), CancelledError, "enough");
  await until(() => server.stats.active === 0 && messages.length > 0);
  await until(async () => (await executor.counts()).waiting === 0);
  assertEquals(messages.length, 1);
  assertEquals(await executor.submit(tasks.square, 3), 9);
});

redisTest("Rule 6: a call of many locks is not taken for lost", async () => {
  await using cluster = await Cluster.start();
  const options = { lockDuration: 6_000, stalledInterval: 200 };
  const servers = [cluster.serve(options), cluster.serve(options)];
  const executor = cluster.executor();
  const busy = executor.submit(tasks.spinPolitely, 600_000);
  const client = cluster.redis.client();
  let lock: string | undefined;
  await until(async () => lock = (await client.keys("bull:tests:c-*:lock"))[0]);
  // Its thread has time for nothing else, and its lock is renewed.
  await untilRenewed(client, lock!);
  assertEquals(busy.done(), false);
  assertEquals(servers[0]!.stats.active + servers[1]!.stats.active, 1);
  // The engine counts there how many times it was taken for lost.
  assertEquals(await client.hget(lock!.slice(0, -":lock".length), "stc"), null);
  busy.cancel();
  await assertRejects(() => busy, CancelledError);
});

redisTest("Rule 6: modules of users are loaded by the workers alone", async () => {
  await using cluster = await Cluster.start();
  const loaded = new URL("./fixtures/loaded.ts", import.meta.url);
  cluster.serve({ modules: { loaded } });
  const executor = cluster.executor({ modules: { loaded } });
  const module = executor.import<{ isLoaded(): boolean }>(loaded);
  assertEquals(await module.isLoaded(), true);
  assertEquals("loadedModule" in globalThis, false);
});

redisTest("Rule 7: closing lets calls end in time, and puts the others back at once", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor();
  const first = cluster.serve({ drainTimeout: 600_000 });
  const nap = executor.submit(tasks.nap, 100);
  await until(() => first.stats.active === 1);
  await first.close();
  assertEquals(await nap, "a task");
  assertEquals(first.stats.done, 1);

  const second = cluster.serve({ drainTimeout: 0 });
  const file = await Deno.makeTempFile();
  const slow = executor.submit(tasks.slowAtFirst, file);
  await until(async () => (await Deno.readTextFile(file)).length === 1);
  await second.close();
  const { waiting, active } = await executor.counts();
  assertEquals({ waiting, active }, { waiting: 1, active: 0 });
  cluster.serve();
  assertEquals(await slow, 2);
  await Deno.remove(file);
});

redisTest("Rule 7: nothing is fetched beyond the slots", async () => {
  await using cluster = await Cluster.start();
  const pool = cluster.use(new WorkerPool({ maxWorkers: 2, host: "node" }));
  const executor = cluster.executor();
  const naps = Array.from({ length: 8 }, () => executor.submit(tasks.nap, 60));
  await until(async () => (await executor.counts()).waiting === 8);
  const server = cluster.serve({ pool });
  let most = 0;
  const done = Promise.all(naps);
  let over = false;
  void done.then(() => over = true);
  await until(async () => {
    most = Math.max(most, (await executor.counts()).active, server.stats.active);
    return over;
  });
  assertEquals(most, 2);
});

redisTest(
  "Rule 8: time limits count on the server, priorities and signals as anywhere",
  async () => {
    await using cluster = await Cluster.start();
    const executor = cluster.executor();
    const file = await Deno.makeTempFile();
    const limited = executor.apply(tasks.nap, [600_000], { timeout: 20 });
    const calls = [-5, 0, 7].map((priority) => {
      return executor.apply(tasks.note, [file, `${priority}`], { priority });
    });
    const controller = new AbortController();
    const called = executor.apply(tasks.note, [file, "not wanted"], { signal: controller.signal });
    await until(async () => (await executor.counts()).waiting === 5);
    controller.abort("changed my mind");
    await assertRejects(() => called, CancelledError, "changed my mind");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(limited.done(), false);
    cluster.serve();
    await assertRejects(() => limited, TimeoutError, "time limit");
    await Promise.all(calls);
    const begun = (await linesOf(file)).filter((line) => !line.endsWith("done"));
    assertEquals(begun, ["7", "0", "-5"]);
    for (const priority of [1_000_001, -1_000_001, 0.5]) {
      assertThrows(() => executor.apply(tasks.square, [1], { priority }), RangeError, "priority");
    }
    await Deno.remove(file);
  },
);

redisTest(
  "Rule 9: a job of a later version of the wire is refused with a text that says so",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve({ name: "old" });
    const queue = new bullmq.Queue("tests", { connection: cluster.redis.client() });
    const job = await queue.add("tasks/square", [2, "v8", "call", "me", "", null, true, "new"]);
    await until(async () => (await job.getState()) === "failed");
    const { failedReason = "" } = await queue.getJob(job.id!) ?? {};
    assertEquals(
      failedReason,
      'TypeError: Cannot run a call of wire version 2: worker "old" knows versions up to 1; ' +
        "update the workers before the submitters",
    );
    const other = await queue.add("tasks/square", [1, "jsc", "call", "me", "[2]", null, true]);
    await until(async () => (await other.getState()) === "failed");
    const { failedReason: reason = "" } = await queue.getJob(other.id!) ?? {};
    assertEquals(
      reason,
      'TypeError: Cannot run a call whose arguments have the format "jsc": worker "old" reads ' +
        '"v8"; run both on V8 (Deno, Node), or both on Bun',
    );
    await queue.close();
  },
);

redisTest(
  "Rule 8: delayed calls wait, and the modules of both sides have to be there",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve({ modules: { others: modules.tasks }, name: "poor" });
    const executor = cluster.executor();
    const later = executor.apply(tasks.square, [1], { delay: 600_000 });
    await until(async () => (await executor.counts()).delayed === 1);
    later.cancel();
    await assertRejects(() => later, CancelledError);
    await until(async () => (await executor.counts()).delayed === 0);
    await assertRejects(
      () => executor.apply(tasks.square, [1], { delay: 30 }),
      TypeError,
      'Cannot run "tasks/square": worker "poor" has no such module, it has others',
    );
  },
);

redisTest("Rule 9: an executor holds its program until it is shut down", async () => {
  await using cluster = await Cluster.start();
  await using child = startHolder(cluster.redis);
  const { code, out } = await child.ended();
  assertEquals([code, out], [0, "held\n"]);
});

redisTest("The engine is told what the options of a server say", async () => {
  await using cluster = await Cluster.start();
  let told: Record<string, unknown> = {};
  class Worker extends bullmq.Worker {
    constructor(name: string, processor: bullmq.Processor, options: bullmq.WorkerOptions) {
      super(name, processor, options);
      told = { ...options };
    }
  }
  const server = cluster.serve({
    bullmq: { ...bullmq, Worker },
    pool: 3,
    concurrency: 2,
    name: "told",
    lockDuration: 9_000,
    stalledInterval: 800,
    maxCrashes: 7,
    resultTtl: 90_500,
  });
  await server.ready;
  const kept = { age: 91, count: 10_000 };
  delete told["connection"];
  assertEquals(told, {
    prefix: "bull",
    name: "told",
    concurrency: 2,
    lockDuration: 9_000,
    stalledInterval: 800,
    maxStalledCount: 7,
    removeOnComplete: kept,
    removeOnFail: kept,
    // On Deno BullMQ looks for what is due only when such a wait, in seconds, is over.
    drainDelay: 0.25,
    runRetryDelay: 1_000,
  });
  // Results go through the stream of events, too, which nobody here reads.
  const client = cluster.redis.client();
  await until(async () => await client.hget("bull:tests:meta", "opts.maxLenEvents") === "100");
});

redisTest("The engine is told by an executor, too, to keep few events", async () => {
  await using cluster = await Cluster.start();
  cluster.executor();
  const client = cluster.redis.client();
  await until(async () => await client.hget("bull:tests:meta", "opts.maxLenEvents") === "100");
});
