import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Future } from "../../mod.ts";
import { failureOf, HOSTS, withPool } from "./helpers.ts";
import { range } from "./world.ts";

const double = (n: number): number => 2 * n;

/** Counts what is taken of it, and says when it was left. */
class Source {
  taken = 0;
  left = false;

  *numbers(): Generator<number> {
    try {
      for (;;) yield this.taken++;
    } finally {
      this.left = true;
    }
  }

  async *later(): AsyncGenerator<number> {
    for (const n of this.numbers()) {
      await Promise.resolve();
      yield n;
    }
  }
}

for (const host of HOSTS) {
  Deno.test(`map on the ${host} host: ordered, spread, unordered`, async () => {
    await withPool({ maxWorkers: 2, host }, async (pool) => {
      const items = range(1_000);
      assertEquals(await pool.map(double, items), items.map(double));
      const pairs = items.map((n): [number, number] => [n, 1]);
      assertEquals(
        await pool.starmap((a: number, b: number) => a + b, pairs),
        range(1_001).slice(1),
      );
      const unordered = await pool.mapUnordered(double, items);
      assertEquals(unordered.toSorted((a, b) => a - b), items.map(double));
      assertEquals(await pool.map(double, []), []);
      for (const chunksize of [1, 7, 5_000]) {
        assertEquals(await pool.map(double, items, { chunksize }), items.map(double));
      }
    });
  });
}

Deno.test("map: 100,000 trivial items", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const results = await pool.map(double, range(100_000));
    assertEquals(results.length, 100_000);
    assert(results.every((result, i) => result === 2 * i));
  });
});

Deno.test("map: few slow items spread over all workers", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    // Each of the two waits for the other: one worker alone would never come to the second.
    const words = new Int32Array(new SharedArrayBuffer(4));
    const meet = (words: Int32Array<SharedArrayBuffer>): string => {
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      while (Atomics.load(words, 0) < 2) Atomics.wait(words, 0, 1, 50);
      return "met";
    };
    assertEquals(await pool.map(meet, [words, words]), ["met", "met"]);
  });
});

for (const form of ["numbers", "later"] as const) {
  Deno.test(`map: an endless input (${form}) is read as far as it is needed, and left`, async () => {
    await withPool({ maxWorkers: 2 }, async (pool) => {
      const source = new Source();
      const seen: number[] = [];
      const results = pool.map(double, source[form](), { buffersize: 10, chunksize: 1 });
      for await (const result of results) {
        seen.push(result);
        assert(
          source.taken - seen.length <= 11,
          `${source.taken} taken, ${seen.length} handed over`,
        );
        if (seen.length === 50) break;
      }
      assertEquals(seen, range(50).map(double));
      assertEquals(await pool.submit(() => 1), 1);
      await Promise.resolve();
      assert(source.left);
      assertEquals(pool.stats.queued, 0);
    });
  });
}

for (const form of ["numbers", "later"] as const) {
  Deno.test(`map: buffersize bounds every kind of map over an endless input (${form})`, async () => {
    await withPool({ maxWorkers: 2 }, async (pool) => {
      type Bounds = { buffersize: number };
      const kinds: Record<string, (source: Source, bounds: Bounds) => AsyncIterable<number>> = {
        map: (source, bounds) => pool.map(double, source[form](), bounds),
        mapUnordered: (source, bounds) => pool.mapUnordered(double, source[form](), bounds),
        starmap: (source, bounds) => {
          const pairs = async function* () {
            for await (const n of source[form]()) yield [n, n] as [number, number];
          };
          return pool.starmap((a: number, b: number) => a + b, pairs(), bounds);
        },
      };
      for (const [kind, map] of Object.entries(kinds)) {
        for (const buffersize of [1, 3]) {
          const source = new Source();
          const seen: number[] = [];
          for await (const result of map(source, { buffersize })) {
            seen.push(result);
            // The next item is read as a result is handed over.
            const ahead = source.taken - seen.length;
            assert(ahead <= buffersize, `${kind}: ${ahead} ahead of ${seen.length}`);
            if (seen.length === 40) break;
          }
          if (kind !== "mapUnordered") assertEquals(seen, range(40).map(double));
          assertEquals(new Set(seen).size, 40);
          await pool.submit(double, 1);
          assert(source.left, `${kind}: its input was not left`);
        }
      }
    });
  });
}

Deno.test("map: without buffersize an endless input is bounded, too", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const source = new Source();
    for await (const result of pool.map(double, source.numbers())) if (result > 100) break;
    assert(source.taken < 1_000_000, `${source.taken} taken`);
    assert(source.left);
  });
});

Deno.test("map: an error comes at its place, and what follows is not run", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const source = new Source();
    const picky = (n: number): number => {
      if (n === 20) throw new RangeError("twenty");
      return n;
    };
    const seen: number[] = [];
    const error = await failureOf(async () => {
      for await (const n of pool.map(picky, source.numbers(), { chunksize: 3 })) seen.push(n);
    });
    assertInstanceOf(error, RangeError);
    assertEquals(seen, range(20));
    assert(source.left);
    assertInstanceOf(await failureOf(() => pool.map(picky, range(1_000))), RangeError);
    assertEquals(await pool.submit(double, 2), 4);
  });
});

Deno.test("map: an input that throws fails the map with that", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const broken = function* (): Generator<number> {
      yield 1;
      throw new TypeError("no more input");
    };
    const error = await failureOf(() => pool.map(double, broken()));
    assertInstanceOf(error, TypeError);
    assertEquals(error.message, "no more input");
  });
});

Deno.test("map: onProgress counts up to the total, and may not throw in vain", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const steps: [number, number | undefined][] = [];
    const onProgress = (done: number, total?: number) => void steps.push([done, total]);
    await pool.map(double, range(100), { chunksize: 10, onProgress });
    assertEquals(steps.at(-1), [100, 100]);
    assert(steps.every(([done], i) => i === 0 || done >= steps[i - 1]![0]));
    const error = await failureOf(() =>
      pool.map(double, range(100), {
        onProgress: () => {
          throw new RangeError("from onProgress");
        },
      })
    );
    assertInstanceOf(error, RangeError);
  });
});

Deno.test("map: a signal and a time limit stop it", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const forEver = async (): Promise<void> => await new Promise(() => {});
    const controller = new AbortController();
    const stopped = failureOf(() => pool.map(forEver, range(10), { signal: controller.signal }));
    controller.abort();
    assertEquals((await stopped as Error).name, "CancelledError");
    const late = await failureOf(() => pool.map(forEver, range(10), { timeout: 20 }));
    assertEquals((late as Error).name, "TimeoutError");
    assertEquals(await pool.submit(double, 2), 4);
  });
});

Deno.test("map: several at a time share the workers", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const maps = range(20).map(() => pool.map(double, range(100)));
    const all = await Promise.all(maps);
    assert(all.every((results) => results.length === 100));
  });
});

Deno.test("map: one that nobody looks at runs, and its failure is reported", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const reported = new Future<unknown>();
    const listener = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      reported.setResult(event.reason);
    };
    addEventListener("unhandledrejection", listener);
    try {
      pool.map((): never => {
        throw new RangeError("unseen");
      }, [1]);
      assertInstanceOf(await reported, RangeError);
    } finally {
      removeEventListener("unhandledrejection", listener);
    }
  });
});
