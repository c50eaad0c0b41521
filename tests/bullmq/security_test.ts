import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError } from "@strand/strand";
import { readSource } from "../support/module_graph.ts";
import { Cluster, until } from "./support/cluster.ts";
import { Redis } from "./support/engine.ts";
import { hasTls } from "./support/redis_server.ts";
import { redisTest } from "./support/with_redis.ts";
import * as tasks from "./fixtures/tasks.ts";

const LARGE = { large: true };

/** What the page says that a queue needs, for the queue and the password of the tests. */
async function ruleOfThePage(): Promise<string[]> {
  const page = await readSource("docs/guide/more_than_one_machine.md");
  const [, rule] = /^ACL SETUSER (primes (?:.*\\\n)*.*)$/m.exec(page)!;
  return rule!.replaceAll("\\\n", " ").replaceAll("primes", "tests").split(/\s+/);
}

redisTest("A user with the rights that the page names can do all, and nothing else", async () => {
  await using cluster = await Cluster.start();
  const admin = cluster.redis.client();
  await admin.call("ACL", "SETUSER", ...await ruleOfThePage());
  const connection = cluster.redis.client({ username: "tests", password: "password" });
  const server = cluster.serve({ connection, pool: 2 });
  const executor = cluster.executor({ connection });
  assertEquals(await executor.submit(tasks.square, 3), 9);
  assertEquals(await executor.map(tasks.square, [1, 2, 3]), [1, 4, 9]);
  await assertRejects(() => executor.submit(tasks.fail, "no"), RangeError, "no");
  const file = await Deno.makeTempFile();
  const again = { attempts: 2, backoff: 5 };
  assertEquals(await executor.apply(tasks.failUntil, [file, 2], again), 2);
  assertEquals(await executor.apply(tasks.square, [4], { delay: 5, priority: 3 }), 16);
  assertEquals(await executor.apply(tasks.square, [5], { key: "five" }), 25);
  const waiting = [1, 2, 3, 4].map(() => executor.submit(tasks.nap, 600_000));
  await until(() => server.stats.active === 2);
  for (const call of waiting) call.cancel();
  for (const call of waiting) await assertRejects(() => call, CancelledError);
  await until(() => server.stats.active === 0);
  // Closing gives back what runs, and another one looks for what was lost.
  const slow = executor.submit(tasks.slowAtFirst, await Deno.makeTempFile());
  await until(() => server.stats.active === 1);
  await server.close();
  const next = cluster.serve({ connection, stalledInterval: 100 });
  assertEquals(await slow, 2);
  await next.ready;
  await until(async () => (await executor.counts()).active === 0);
  assertEquals((await executor.workers()).length, 1);
  await executor.shutdown();
  assertEquals(await admin.call("ACL", "LOG"), []);

  const user = connection;
  for (
    const command of [
      ["SET", "bull:others:meta", "x"],
      ["HGETALL", "bull:others:1"],
      ["PUBLISH", "bull:others:strand:control", "[]"],
      ["EVAL", 'return redis.call("GET", "bull:others:meta")', "0"],
      ["FLUSHALL"],
      ["KEYS", "*"],
      ["CONFIG", "GET", "*"],
      ["ACL", "LIST"],
      ["CLIENT", "KILL", "TYPE", "normal"],
      ["SCRIPT", "FLUSH"],
      ["DEBUG", "SLEEP", "0"],
      ["MONITOR"],
      ["SHUTDOWN"],
    ] as [string, ...string[]][]
  ) {
    await assertRejects(() => user.call(...command), Error, "", command.join(" "));
  }
  await Deno.remove(file);
}, LARGE);

if (await hasTls()) {
  redisTest(
    "Connections by TLS and with a password are duplicated with all that they have",
    async () => {
      await using cluster = await Cluster.start({ tls: true });
      const connection = cluster.redis.client();
      cluster.serve({ connection });
      const executor = cluster.executor({ connection });
      assertEquals(await executor.submit(tasks.square, 3), 9);
      assertEquals(await executor.map(tasks.square, [1, 2, 3]), [1, 4, 9]);
      // All of it is encrypted: the port speaks nothing else.
      const { port } = cluster.redis;
      const plain = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null });
      plain.on("error", () => {});
      await assertRejects(() => plain.connect());
      plain.disconnect();
    },
    LARGE,
  );
}
