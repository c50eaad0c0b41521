import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type ProcessPool, remote, WorkerPool } from "../../mod.ts";
import * as registered from "./fixtures/functions.ts";
import { failureOf, HOSTS, withPool, withProcesses } from "./helpers.ts";

for (const host of HOSTS) {
  Deno.test(`functions on the ${host} host: registered, imported, as source`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      assertEquals(await pool.submit(registered.timesSecret, 7), 42);
      assertEquals(await pool.submit(registered.add, 1, 2), 3);
      assertEquals(await pool.submit(registered.nameOfTask), true);
      const plain = pool.import<typeof import("./fixtures/plain.ts")>(
        new URL("./fixtures/plain.ts", import.meta.url),
      );
      assertEquals(await plain.isEven(4), true);
      assertEquals(await plain.later("x"), "X");
      assertEquals(await pool.map(plain.isEven, [1, 2, 3]), [false, true, false]);
      assertEquals(await pool.submit((a: number, b: number) => a ** b, 2, 10), 1024);
      assertEquals(
        await pool.submit(async function named(n: number) {
          await Promise.resolve();
          return n + 1;
        }, 1),
        2,
      );
    });
  });
}

Deno.test("functions: a closure is refused by the name of its variable", async () => {
  const outside = 3;
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const error = await failureOf(() => pool.submit(() => outside * 2));
    assertInstanceOf(error, Error);
    assertStringIncludes(error.message, `"outside"`);
    assertStringIncludes(error.message, "remote");
    assertEquals(await pool.submit(() => 1), 1);
  });
});

Deno.test("functions: a closure is refused wherever a function stands", async () => {
  const outside = 3;
  const failures: unknown[] = [];
  await withPool({ maxWorkers: 1 }, async (pool) => {
    failures.push(
      await failureOf(() => pool.apply(() => outside, [])),
      await failureOf(() => pool.map((n: number) => n * outside, [1, 2])),
      await failureOf(() => pool.starmap((n: number) => n * outside, [[1], [2]])),
      await failureOf(() => pool.mapUnordered(async (n: number) => await n * outside, [1])),
      await failureOf(() =>
        Array.fromAsync(pool.stream(function* () {
          yield outside;
        }))
      ),
    );
  });
  await withPool({ maxWorkers: 1, initializer: () => void `${outside}` }, async (pool) => {
    failures.push((await failureOf(() => pool.submit(() => 1)) as Error).cause);
  });
  await withProcesses({}, async (pool) => {
    failures.push(await failureOf(() => pool.submit(() => outside)));
  });
  for (const error of failures) {
    assertInstanceOf(error, ReferenceError);
    assertStringIncludes(error.message, `it uses the variable "outside" from around it`);
    assertStringIncludes(error.message, "remote(import.meta, fn)");
  }
});

Deno.test("functions: a closure over what a worker has by the same name is refused, too", async () => {
  const [closed, location, name, prompt] = [true, "here", "Ada", "Say something"];
  const closures = [() => closed, () => location, () => `Hello ${name}`, async () => await prompt];
  const check = async (pool: WorkerPool | ProcessPool) => {
    const names: (string | undefined)[] = [];
    for (const closure of closures) {
      const error = await failureOf(() => pool.submit<[], unknown>(closure));
      assertInstanceOf(error, ReferenceError);
      names.push(/the variable "(\w+)" from around it/.exec(error.message)?.[1]);
    }
    assertEquals(names, ["closed", "location", "name", "prompt"]);
    const own = (name: string, { location } = { location: "there" }) => `${name} ${location}`;
    assertEquals(await pool.submit(own, "Ada"), "Ada there");
  };
  for (const host of HOSTS) await withPool({ maxWorkers: 1, host }, check);
  await withProcesses({}, check);
});

Deno.test("functions: one that travels as source is compiled once in each worker", async () => {
  // By its own name it sees itself: what it keeps there is gone when it is made anew.
  const make = () =>
    function counter(): number {
      const self = counter as (() => number) & { calls?: number };
      return self.calls = (self.calls ?? 0) + 1;
    };
  const check = async (pool: WorkerPool | ProcessPool) => {
    assertEquals([await pool.submit(make()), await pool.submit(make())], [1, 2]);
    assertEquals(await pool.map(make(), [0, 0, 0], { chunksize: 1 }), [3, 4, 5]);
    assertEquals(await pool.apply(make(), []), 6);
  };
  for (const host of HOSTS) await withPool({ maxWorkers: 1, host }, check);
  await withProcesses({}, check);
});

Deno.test("functions: what has no text of its own is refused at once", async () => {
  await withPool({ maxWorkers: 1 }, (pool) => {
    const object = {
      method(): number {
        return 1;
      },
    };
    class Thing {}
    const wrong: unknown[] = [Math.max, (() => 1).bind(null), object.method, Thing, 5, "f", null];
    for (const fn of wrong) assertThrows(() => pool.submit(fn as () => number), TypeError);
    assertThrows(() => pool.submit(undefined as unknown as () => number), TypeError);
    assertEquals(pool.stats.workers, 0);
    return Promise.resolve();
  });
});

Deno.test("functions: remote wants a name, and each only once in a module", () => {
  const meta = { url: "file:///made-up.ts" };
  assertThrows(() => remote(meta, () => 1), TypeError, "name");
  const double = remote(meta, function double(n: number) {
    return 2 * n;
  });
  assertEquals(double(2), 4);
  assertThrows(
    () =>
      remote(meta, function double() {
        return 0;
      }),
    TypeError,
    "double",
  );
  assertThrows(() => remote({} as ImportMeta, double), TypeError);
});

Deno.test("functions: a generator is for stream, and not for submit", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const numbers = function* (n: number): Generator<number> {
      for (let i = 0; i < n; i++) yield i;
    };
    const error = await failureOf(async () => await pool.submit(numbers, 2));
    assertInstanceOf(error, TypeError);
    const seen: number[] = [];
    for await (const n of pool.stream(numbers, 3)) seen.push(n);
    assertEquals(seen, [0, 1, 2]);
  });
});

Deno.test("functions: leaving a stream early runs its clean-up in the worker", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const cleaned = new Int32Array(new SharedArrayBuffer(4));
    const endless = function* (cleaned: Int32Array): Generator<number> {
      try {
        for (let i = 0;; i++) yield i;
      } finally {
        Atomics.store(cleaned, 0, 1);
      }
    };
    for await (const n of pool.stream(endless, cleaned)) if (n === 5) break;
    // The next call of the only worker comes after the clean-up of the one before.
    assertEquals(await pool.submit((cleaned: Int32Array) => Atomics.load(cleaned, 0), cleaned), 1);
  });
});

Deno.test("functions: what cannot cross is named, and harms that call only", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const argument = await failureOf(() => pool.submit((_a: number, _f: unknown) => 1, 1, () => 1));
    assertInstanceOf(argument, Error);
    assertStringIncludes(argument.message, "argument 2");
    const result = await failureOf(() => pool.submit(() => ({ f: () => 1 })));
    assertInstanceOf(result, Error);
    assertStringIncludes(result.message, "result");
    assertEquals(await pool.submit(() => "fine"), "fine");
    assertEquals(pool.stats.crashed, 0);
  });
});

Deno.test("functions: a module that throws at load, or is not there, fails its calls alone", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const bad = pool.import<typeof import("./fixtures/throws_at_load.ts")>(
      new URL("./fixtures/throws_at_load.ts", import.meta.url),
    );
    const thrown = await failureOf(() => bad.never());
    assertStringIncludes(String((thrown as Error).cause ?? thrown), "refuses to load");
    const missing = pool.import<{ f(): number }>(new URL("./fixtures/nowhere.ts", import.meta.url));
    assertInstanceOf(await failureOf(() => missing.f()), Error);
    const plain = pool.import<{ nothing(): number }>(
      new URL("./fixtures/plain.ts", import.meta.url),
    );
    const unknown = await failureOf(() => plain.nothing());
    assertStringIncludes((unknown as Error).message, "nothing");
    assertEquals(await pool.submit(() => 1), 1);
  });
});

Deno.test("functions: a transferred buffer moves, both ways", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    const sum = await pool.apply(
      (buffer: ArrayBuffer) => new Uint8Array(buffer).reduce((a, b) => a + b, 0),
      [buffer],
      { transfer: [buffer] },
    );
    assertEquals(sum, 6);
    assertEquals(buffer.byteLength, 0);
  });
});

Deno.test("functions: nonsense options are refused before anything has happened", () => {
  for (const value of ["2", null, true, []]) {
    assertThrows(() => new WorkerPool(value as unknown as number), TypeError);
  }
  for (const value of [0, -1, 1.5, NaN]) assertThrows(() => new WorkerPool(value), RangeError);
  assertThrows(() => new WorkerPool({ maxWorkers: "2" as unknown as number }), TypeError);
  assertThrows(() => new WorkerPool({ cancelGrace: NaN }), RangeError);
  assertThrows(() => new WorkerPool({ host: "moon" as "web" }), Error);
  for (const value of ["64", null, 64n]) {
    const resourceLimits = { maxOldGenerationSizeMb: value as unknown as number };
    assertThrows(() => new WorkerPool({ host: "node", resourceLimits }), TypeError, "megabytes");
  }
  for (const value of [7, 0, -1, NaN, Infinity]) {
    const resourceLimits = { maxOldGenerationSizeMb: value };
    assertThrows(() => new WorkerPool({ host: "node", resourceLimits }), RangeError, "at least 8");
  }
  assertThrows(
    () => new WorkerPool({ host: "node", resourceLimits: { stackSizeMb: 0 } }),
    RangeError,
    "stackSizeMb must be positive",
  );
  const none = { permissions: "none" } as const;
  assertThrows(() => new WorkerPool({ host: "node", ...none }), TypeError, 'need host "web"');
  const limited = { resourceLimits: { maxOldGenerationSizeMb: 64 } };
  assertThrows(() => new WorkerPool(limited), TypeError, 'need host "node"');
  // Whether or not the runtime has the flag for them.
  for (const permissions of [5, null, "some", { net: 5 }, { read: [5] }]) {
    const wrong = { permissions: permissions as Deno.PermissionOptions };
    assertThrows(() => new WorkerPool(wrong), TypeError, "permissions");
  }
  const pool = new WorkerPool(1);
  assertThrows(() => pool.apply(() => 1, [], { timeout: NaN }), RangeError);
  assertThrows(() => pool.apply(() => 1, 5 as unknown as []), TypeError);
  assertThrows(() => pool.map((n: number) => n, 5 as unknown as number[]), TypeError);
  assertThrows(() => pool.map((n: number) => n, [1], { chunksize: 0 }), RangeError);
  assert(pool.stats.workers === 0);
});
