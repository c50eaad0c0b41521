import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { BrokenWorkerPoolError, WorkerCrashedError, type WorkerPool } from "../../mod.ts";
import { blockAtGate, failureOf, Gate, HOSTS, until, withPool } from "./helpers.ts";

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
    const neighbour = pool.submit(blockAtGate, gate.words);
    await gate.reached();
    await crashOf(pool, () => Deno.exit(1));
    gate.open();
    assertEquals(await neighbour, "through");
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
    await until(() => pool.stats.crashed > 0);
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

/** Deno 2.5 takes no notice of the limits. */
const unlimited = Deno.version.deno.startsWith("2.5.");
const resourceLimits = { maxOldGenerationSizeMb: 32 };

/** Uses up the memory of its thread: at once, or once it has waited in one way or another. */
const hoard = async (how: string): Promise<void> => {
  const all: unknown[] = [];
  const fill = () => {
    for (;;) all.push({ n: all.length, text: String(all.length) });
  };
  switch (how) {
    case "after an await":
      await null;
      return fill();
    case "after a timer":
      await new Promise((go) => setTimeout(go, 1));
      return fill();
    case "in a timer":
      setTimeout(fill, 1);
      return await new Promise(() => {});
    case "in a listener of a port": {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = fill;
      port2.postMessage(1);
      return await new Promise(() => {});
    }
    case "after a fetch":
      await (await fetch("data:,x")).text();
      return fill();
    case "after Atomics.waitAsync": {
      const words = new Int32Array(new SharedArrayBuffer(4));
      setTimeout(() => Atomics.notify(words, 0), 1);
      await (Atomics as unknown as { waitAsync: typeof Atomics.waitAsync })
        .waitAsync(words, 0, 0).value;
      return fill();
    }
    case "in endless microtasks": {
      const fork = () => {
        queueMicrotask(fork);
        queueMicrotask(fork);
      };
      fork();
      return await new Promise(() => {});
    }
    case "bit by bit, catching all":
      for (;;) {
        try {
          await new Promise((go) => setTimeout(go, 0));
          for (let i = 0; i < 50_000; i++) all.push({ n: i, text: String(i) });
        } catch {
          // It does not want to hear of it.
        }
      }
    default:
      return fill();
  }
};

const HOARDS = [
  "at once",
  "after an await",
  "after a timer",
  "in a timer",
  "in a listener of a port",
  "after a fetch",
  "after Atomics.waitAsync",
  "in endless microtasks",
  "bit by bit, catching all",
];

function assertOutOfMemory(error: unknown): void {
  assertInstanceOf(error, WorkerCrashedError);
  const { cause } = error as { cause: { code: string; message: string } };
  assertEquals(cause.code, "ERR_WORKER_OUT_OF_MEMORY");
  assertStringIncludes(cause.message, "out of memory");
}

for (const how of HOARDS) {
  Deno.test({
    name: `deaths: out of memory under a limit, ${how}, is a crash of that worker`,
    ignore: unlimited,
    async fn() {
      await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
        assertOutOfMemory(await failureOf(() => pool.submit(hoard, how)));
        assertEquals(await pool.submit(() => "next"), "next");
        assertEquals([pool.stats.crashed, pool.stats.failed], [1, 1]);
      });
    },
  });
}

Deno.test({
  name: "deaths: out of memory under a limit, in a stream and in a map, is a crash",
  ignore: unlimited,
  async fn() {
    await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
      const values: number[] = [];
      const stream = pool.stream(async function* () {
        const all: unknown[] = [];
        for (let n = 0;; n++) {
          yield n;
          await new Promise((go) => setTimeout(go, 1));
          while (n === 2) all.push({ n: all.length, text: String(all.length) });
        }
      });
      const error = await failureOf(async () => {
        for await (const value of stream) values.push(value);
      });
      assertOutOfMemory(error);
      assertEquals(values, [0, 1, 2]);

      const map = pool.map(
        async (n: number) => {
          const all: unknown[] = [];
          await new Promise((go) => setTimeout(go, 1));
          while (n === 3) all.push({ n: all.length, text: String(all.length) });
          return n;
        },
        [1, 2, 3, 4, 5],
        { chunksize: 2 },
      );
      assertOutOfMemory(await failureOf(() => map));
      assertEquals(await pool.map((n: number) => n, [1, 2, 3]), [1, 2, 3]);
      assertEquals(pool.stats.crashed, 2);
    });
  },
});

Deno.test({
  name: "deaths: an initializer that runs out of memory after a wait breaks the pool",
  ignore: unlimited,
  async fn() {
    const initializer = async () => {
      const all: unknown[] = [];
      await new Promise((go) => setTimeout(go, 1));
      for (;;) all.push({ n: all.length, text: String(all.length) });
    };
    const options = { maxWorkers: 1, host: "node", resourceLimits, initializer } as const;
    await withPool(options, async (pool) => {
      const error = await failureOf(() => pool.submit(() => 1));
      assertInstanceOf(error, BrokenWorkerPoolError);
      assertEquals((error.cause as { code: string }).code, "ERR_WORKER_OUT_OF_MEMORY");
    });
  },
});

Deno.test({
  name: "deaths: a limited worker that runs out of memory while it is idle is replaced",
  ignore: unlimited,
  async fn() {
    await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
      await pool.submit(() => {
        setTimeout(async () => {
          const all: unknown[] = [];
          await null;
          for (;;) all.push({ n: all.length, text: String(all.length) });
        }, 1);
      });
      while (pool.stats.crashed === 0) await new Promise((go) => setTimeout(go, 1));
      assertEquals(await pool.submit(() => "next"), "next");
      assertEquals(pool.stats.failed, 0);
    });
  },
});

Deno.test({
  name: "deaths: a worker with limits that is merely busy is left alone",
  ignore: unlimited,
  async fn() {
    await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
      // Many times as much as there may be at one time, with turns in which the watch looks.
      const busy = async () => {
        let kept: unknown[] = [];
        for (let round = 0; round < 100; round++) {
          kept = [];
          for (let i = 0; i < 20_000; i++) kept.push({ i, text: String(i) });
          await new Promise((go) => setTimeout(go, 1));
        }
        return kept.length;
      };
      assertEquals(await pool.submit(busy), 20_000);
      assertEquals([pool.stats.crashed, pool.stats.completed], [0, 1]);
    });
  },
});

Deno.test({
  name: "deaths: an argument too large for the limit fails its call, and no other",
  ignore: unlimited,
  async fn() {
    await withPool({ maxWorkers: 1, host: "node", resourceLimits }, async (pool) => {
      const large = Array.from({ length: 2_000_000 }, (_, n) => ({ n }));
      const before = pool.submit((n: number) => n, 1);
      const fatal = pool.submit((list: unknown[]) => list.length, large);
      const after = [2, 3, 4].map((n) => pool.submit((n: number) => n, n));
      assertInstanceOf(await failureOf(() => fatal), WorkerCrashedError);
      assertEquals(await Promise.all([before, ...after]), [1, 2, 3, 4]);
      assertEquals(pool.stats.failed, 1);
    });
  },
});
