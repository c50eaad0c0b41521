import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { BrokenWorkerPoolError, WorkerCrashedError, type WorkerPool } from "../../mod.ts";
import { failureOf, Gate, HOSTS, withPool } from "./helpers.ts";

/** The ways in which a worker can die of a call, and what its cause says, if there is one. */
const DEATHS: [name: string, fn: () => unknown, cause?: string][] = [
  ["self.close()", () => (self as unknown as { close(): void }).close()],
  ["Deno.exit()", () => Deno.exit(3)],
  [
    "an error in a timer",
    () => {
      setTimeout(() => {
        throw new Error("in a timer");
      });
      return new Promise(() => {});
    },
    "in a timer",
  ],
  [
    "an unhandled rejection",
    () => {
      Promise.reject(new RangeError("unhandled"));
      return new Promise(() => {});
    },
    "unhandled",
  ],
];

async function crashOf(pool: WorkerPool, fn: () => unknown): Promise<WorkerCrashedError> {
  const error = await failureOf(() => pool.submit(fn));
  assertInstanceOf(error, WorkerCrashedError);
  return error;
}

for (const host of HOSTS) {
  for (const [name, fn, cause] of DEATHS) {
    // A node worker has no `self.close`.
    if (host === "node" && name === "self.close()") continue;
    Deno.test(`deaths on the ${host} host: ${name}`, async () => {
      await withPool({ maxWorkers: 1, host }, async (pool) => {
        const error = await crashOf(pool, fn);
        if (cause !== undefined) {
          assertInstanceOf(error.cause, Error);
          assertStringIncludes(error.cause.message, cause);
        }
        assertEquals(await pool.submit(() => "next"), "next");
        assertEquals(pool.stats.crashed, 1);
      });
    });
  }

  Deno.test(`deaths on the ${host} host: those who waited behind go on elsewhere`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const before = pool.submit(() => 1);
      const fatal = pool.submit(() => Deno.exit(1));
      const after = Array.from({ length: 20 }, (_, i) => pool.submit((n: number) => n, i));
      assertEquals(await before, 1);
      assertInstanceOf(await failureOf(() => fatal), WorkerCrashedError);
      assertEquals(await Promise.all(after), Array.from({ length: 20 }, (_, i) => i));
    });
  });
}

Deno.test("deaths: a neighbour is not harmed", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const gate = new Gate();
    const neighbour = pool.submit((words: Int32Array<SharedArrayBuffer>) => {
      Atomics.store(words, 0, 1);
      Atomics.wait(words, 1, 0);
      return "well";
    }, gate.words);
    await gate.reached();
    await crashOf(pool, () => Deno.exit(1));
    gate.open();
    assertEquals(await neighbour, "well");
  });
});

Deno.test("deaths: a hundred in a row leave the pool working", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    for (let i = 0; i < 100; i++) await crashOf(pool, () => Deno.exit(1));
    assertEquals(pool.stats.crashed, 100);
    assertEquals(await pool.map((n: number) => n, [1, 2, 3]), [1, 2, 3]);
  });
});

Deno.test("deaths: one in a map fails the map, and the pool goes on", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const error = await failureOf(() =>
      pool.map((n: number) => n === 5 ? Deno.exit(1) : n, [1, 2, 3, 4, 5, 6, 7], { chunksize: 1 })
    );
    assertInstanceOf(error, WorkerCrashedError);
    assertEquals(await pool.map((n: number) => n, [1, 2]), [1, 2]);
  });
});

Deno.test("deaths: an idle worker that dies is replaced when there is work", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    await pool.submit(() => {
      setTimeout(() => Deno.exit(1), 1);
    });
    while (pool.stats.crashed === 0) await new Promise((go) => setTimeout(go, 1));
    assertEquals(await pool.submit(() => 2), 2);
  });
});

Deno.test("deaths: an initializer that fails breaks the pool for every call", async () => {
  const initializer = (): never => {
    throw new TypeError("no database");
  };
  await withPool({ maxWorkers: 1, initializer }, async (pool) => {
    const calls = [pool.submit(() => 1), pool.submit(() => 2)];
    for (const call of calls) {
      const error = await failureOf(() => call);
      assertInstanceOf(error, BrokenWorkerPoolError);
      assertInstanceOf(error.cause, TypeError);
      assertEquals(error.cause.message, "no database");
    }
    assertInstanceOf(await failureOf(() => pool.submit(() => 3)), BrokenWorkerPoolError);
    assertInstanceOf(await failureOf(() => pool.map((n: number) => n, [1])), BrokenWorkerPoolError);
  });
});

Deno.test("deaths: a worker that dies while it boots does not respawn for ever", async () => {
  let exits = 0;
  await withPool({
    maxWorkers: 1,
    initializer: () => Deno.exit(1),
    onWorkerExit: () => exits++,
  }, async (pool) => {
    assertInstanceOf(await failureOf(() => pool.submit(() => 1)), BrokenWorkerPoolError);
    assertEquals(exits, 3);
  });
});

Deno.test({
  name: "deaths: out of memory under a limit is a crash of that worker",
  // Deno 2.5 takes no notice of the limit.
  ignore: Deno.version.deno.startsWith("2.5."),
  async fn() {
    const resourceLimits = { maxOldGenerationSizeMb: 32 };
    await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
      const error = await crashOf(pool, () => {
        const kept: number[][] = [];
        for (;;) kept.push(new Array(100_000).fill(kept.length));
      });
      assertInstanceOf(error, WorkerCrashedError);
      assertEquals(await pool.submit(() => "next"), "next");
    });
  },
});
