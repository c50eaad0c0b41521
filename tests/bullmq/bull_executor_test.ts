import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { asCompleted, gather, InvalidStateError, TaskGroup, wait } from "@strand/strand";
import { BullExecutor } from "@strand/strand/bullmq";
import { Cluster, until } from "./support/cluster.ts";
import { redisTest } from "./support/with_redis.ts";
import * as tasks from "./fixtures/tasks.ts";

redisTest("Calls, maps and stubs run on a server, and nothing of them stays in Redis", async () => {
  await using cluster = await Cluster.start();
  cluster.serve({ pool: 2 });
  const executor = cluster.executor();
  assertEquals(await executor.submit(tasks.add, 1, 2), 3);
  assertEquals(await executor.apply(tasks.add, [3, 4]), 7);
  assertEquals(await executor.map(tasks.square, [1, 2, 3]), [1, 4, 9]);
  assertEquals(await executor.starmap(tasks.add, [[1, 2], [3, 4]]), [3, 7]);
  const unordered = await Array.fromAsync(executor.mapUnordered(tasks.square, [1, 2, 3]));
  assertEquals(unordered.toSorted(), [1, 4, 9]);
  const module = executor.import<typeof tasks>(new URL("./fixtures/tasks.ts", import.meta.url));
  assertEquals(await module.add(5, 6), 11);
  assertEquals(await executor.map(module.square, [4]), [16]);
  const client = cluster.redis.client();
  await until(async () => {
    const { completed, active, waiting, failed } = await executor.counts();
    return completed + active + waiting + failed === 0;
  });
  assertEquals((await client.keys("*")).filter((key) => /:[cm]-/.test(key)), []);
});

redisTest("Values, errors and what cannot cross have the fidelity of ProcessPool", async () => {
  await using cluster = await Cluster.start();
  cluster.serve();
  const executor = cluster.executor();
  const value = {
    map: new Map([["a", new Set([1n, undefined, null])]]),
    date: new Date(5),
    bytes: new Uint8Array([1, 2, 3]),
    large: new Float64Array(2_000).fill(0.5),
    text: /x/gi,
  };
  assertEquals(await executor.submit(tasks.echo, value), value);
  const soldOut = await executor.submit(tasks.echo, { error: new tasks.SoldOut("cake") });
  assert((soldOut as { error: unknown }).error instanceof tasks.SoldOut);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const round = await executor.submit(tasks.echo, circle) as typeof circle;
  assertStrictEquals(round.self, round);

  const error = await assertRejects(() => executor.submit(tasks.fail, "boom"), RangeError, "boom");
  assert(error.cause instanceof tasks.SoldOut);
  assertEquals(error.cause.item, "tea");
  assert(error.stack?.includes("tasks.ts") && error.stack.includes("called from"), error.stack);

  const uncloneable = { list: [() => 1] };
  await assertRejects(() => executor.submit(tasks.echo, uncloneable), TypeError, "argument 1");
  await assertRejects(
    () => executor.submit(tasks.echo, new SharedArrayBuffer(8)),
    TypeError,
    "to another process",
  );
  const pixels = new Uint8Array(8);
  await executor.apply(tasks.echo, [pixels], { transfer: [pixels.buffer] });
  assertEquals(pixels.length, 0);
});

redisTest(
  "Maps fail in order, are read lazily and report progress, as with any executor",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve({ pool: 2 });
    const executor = cluster.executor();
    const seen: number[] = [];
    const failing = executor.map(tasks.failAt, [[0, 3], [1, 3], [2, 3], [3, 3], [9, 3]]);
    await assertRejects(
      async () => {
        for await (const n of failing) seen.push(n);
      },
      RangeError,
      "3 is too much",
    );
    assertEquals(seen, [0, 1, 2]);
    let read = 0;
    function* naturals() {
      for (;;) yield read++;
    }
    for await (const n of executor.map(tasks.square, naturals(), { buffersize: 8 })) {
      if (n >= 100) break;
    }
    assert(read < 30, `${read} were read`);
    const progress: number[] = [];
    await executor.map(tasks.square, [1, 2, 3, 4], {
      chunksize: 2,
      onProgress: (done, total) => void progress.push(done, total!),
    });
    assertEquals(progress, [2, 4, 4, 4]);
  },
);

redisTest(
  "What waits for futures waits for these: gather, wait, asCompleted, TaskGroup",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve({ pool: 2 });
    const executor = cluster.executor();
    assertEquals(
      await gather(executor.submit(tasks.square, 2), executor.submit(tasks.add, 1, 2)),
      [4, 3],
    );
    const { done } = await wait([executor.submit(tasks.square, 3)]);
    assertEquals([...done].map((future) => future.result()), [9]);
    const results: number[] = [];
    for await (const future of asCompleted([executor.submit(tasks.square, 4)])) {
      results.push(await future);
    }
    assertEquals(results, [16]);
    const sum = await TaskGroup.run(async (group) => {
      const one = group.createTask(() => executor.submit(tasks.square, 5));
      const two = group.createTask(() => executor.submit(tasks.square, 6));
      return await one + await two;
    });
    assertEquals(sum, 61);
  },
);

redisTest(
  "An executor that is shut down takes nothing more, and ends when all is done",
  async () => {
    await using cluster = await Cluster.start();
    cluster.serve();
    const executor = cluster.executor();
    const call = executor.submit(tasks.nap, 50);
    await executor.shutdown();
    assertEquals(await call, "a task");
    assertThrows(() => executor.submit(tasks.square, 1), InvalidStateError, "shut down");
    await executor.join();
  },
);

redisTest("There is no stream", async () => {
  await using cluster = await Cluster.start();
  const executor = cluster.executor();
  assertEquals("stream" in executor, false);
  function* numbers() {
    yield 1;
  }
  assertThrows(() => executor.submit(numbers), TypeError, "generator");
  assert(executor instanceof BullExecutor);
});
