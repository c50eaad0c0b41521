/**
 * What reads somebody else's iterator by hand reads it as `for await` does: the loop of the language
 * is asked the same, and says what is right.
 */
import { assertEquals } from "@std/assert";
import { cancellable, sleep, TaskPool } from "../../mod.ts";
import { LoopbackPool } from "../support/loopback_host.ts";

/** Iterators as people write them by hand; each is called with the number of the step. */
const steps: Record<string, (i: number) => unknown> = {
  "promises of results": (i) => Promise.resolve({ done: i >= 3, value: i }),
  "plain results": (i) => ({ done: i >= 3, value: i }),
  "no word of done before the end": (i) => i < 3 ? { value: i } : { done: true },
  "done is any truth": (i) => ({ done: i >= 3 ? "yes" : 0, value: i }),
  "thenables": (i) => ({ then: (resolve: (result: unknown) => void) => resolve(plain(i)) }),
  "thenables that answer twice": (i) => ({
    then: (resolve: (result: unknown) => void) => {
      resolve(plain(i));
      resolve(plain(0));
    },
  }),
  "a number": () => 5,
  "nothing": () => undefined,
  "null": () => null,
  "a promise of nothing": () => Promise.resolve(),
  "a thenable that throws": () => ({
    then: () => {
      throw new RangeError("then");
    },
  }),
  "throws": (i) => {
    if (i === 2) throw new RangeError("next");
    return plain(i);
  },
  "rejects": (i) => i === 2 ? Promise.reject(new RangeError("next")) : plain(i),
  "done throws": () => ({
    get done(): boolean {
      throw new RangeError("done");
    },
  }),
  "value throws": () => ({
    done: false,
    get value(): number {
      throw new RangeError("value");
    },
  }),
};

const plain = (i: number) => ({ done: i >= 3, value: i });

function iterable(step: (i: number) => unknown): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      let i = 0;
      return { next: () => step(i++) as Promise<IteratorResult<unknown>> };
    },
  };
}

/** At most so many items: an iterator that never ends must not hang the test. */
const MOST = 20;

async function outcome(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const got: unknown[] = [];
  try {
    for await (const item of items) {
      if (got.push(item) === MOST) break;
    }
  } catch (error) {
    got.push((error as Error).name);
  }
  return got;
}

const readers: Record<string, (source: AsyncIterable<unknown>) => Promise<unknown[]>> = {
  "cancellable": (source) => outcome(cancellable(source)),
  "TaskPool.map": async (source) => {
    await using pool = new TaskPool(2);
    return await outcome(pool.map((item) => item, source, { buffersize: 2 }));
  },
  "map of a worker pool": async (source) => {
    await using pool = new LoopbackPool(1);
    return await outcome(pool.map((item) => item, source, { buffersize: 2 }));
  },
};

for (const [reader, read] of Object.entries(readers)) {
  for (const [name, step] of Object.entries(steps)) {
    Deno.test(`${reader} reads an iterator as for await does: ${name}`, async () => {
      assertEquals(await read(iterable(step)), await outcome(iterable(step)));
      await sleep(0); // what was rejected and not handled is reported by now
    });
  }
}

Deno.test("A sync iterator whose next gives no object fails the map", async () => {
  for (const result of [5, undefined, null, "end"]) {
    const source = { [Symbol.iterator]: () => ({ next: () => result }) };
    await using pool = new TaskPool(2);
    const map = pool.map((item) => item, source as unknown as Iterable<unknown>, { buffersize: 2 });
    assertEquals(await outcome(map), ["TypeError"]);
  }
});

Deno.test("A generator in a worker whose next gives no object fails the stream", async () => {
  await using pool = new LoopbackPool(1);
  const values = pool.stream(() =>
    ({ [Symbol.iterator]: () => ({ next: () => 5 }) }) as unknown as Iterable<unknown>
  );
  assertEquals(await outcome(values), ["TypeError"]);
});

Deno.test("A source may throw what refuses to be looked at, and the map rejects with it", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const sources = [
    function* () {
      yield 1;
      throw proxy;
    },
    async function* () {
      yield await Promise.resolve(1);
      throw proxy;
    },
  ];
  for (const source of sources) {
    await using pool = new TaskPool(1);
    let caught: unknown;
    try {
      await pool.map((item) => item, source());
    } catch (error) {
      caught = error;
    }
    assertEquals(caught === proxy, true);
  }
});
