/** What `transfer` makes is the whole result of a worker function, and refused anywhere else. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { pipe, ProcessPool, SharedQueue, Thread, transfer, WorkerPool } from "../../mod.ts";
import { wrapped } from "./fixtures/functions.ts";

const length = (buffer: ArrayBuffer) => buffer.byteLength;
const first = function* (buffer: ArrayBuffer) {
  yield buffer.byteLength;
};

/** A buffer and what `transfer` makes of it. */
function moving(): [buffer: ArrayBuffer, made: ArrayBuffer] {
  const buffer = new ArrayBuffer(8);
  return [buffer, transfer(buffer, [buffer])];
}

for (const Pool of [WorkerPool, ProcessPool]) {
  Deno.test(`${Pool.name}: arguments that transfer made are refused before anything has changed`, async () => {
    await using pool = new Pool(1);
    const ways: [name: string, call: (made: ArrayBuffer) => unknown, which?: number][] = [
      ["submit", (made) => pool.submit(length, made)],
      ["submit, second", (made) => pool.submit((_: number, b: ArrayBuffer) => b, 1, made), 2],
      ["apply", (made) => pool.apply(length, [made])],
      ["apply with transfer", (made) => pool.apply(length, [made], { transfer: [] })],
      ["stream", (made) => pool.stream(first, made)],
      ["initargs", (made) => new Pool({ initializer: length as never, initargs: [made] })],
      ["import", (made) => {
        const module = pool.import<{ length: typeof length }>("data:text/javascript,");
        return module.length(made);
      }],
    ];
    for (const [name, call, which = 1] of ways) {
      const [buffer, made] = moving();
      const error = assertThrows(() => call(made), TypeError, undefined, name);
      assertStringIncludes(error.message, `argument ${which} is what transfer makes`, name);
      assertEquals(buffer.byteLength, 8, name);
    }
    assertEquals([pool.stats.workers, pool.stats.queued, pool.stats.failed], [0, 0, 0]);
  });
}

Deno.test("Thread: arguments that transfer made are refused before anything has changed", () => {
  const [buffer, made] = moving();
  assertThrows(
    () => new Thread(length, { args: [made] }),
    TypeError,
    "argument 1 is what transfer",
  );
  assertEquals(buffer.byteLength, 8);
});

for (const Pool of [WorkerPool, ProcessPool]) {
  Deno.test(`${Pool.name}: what transfer made is refused within arguments, items and results`, async () => {
    await using pool = new Pool(1);
    const says = "what transfer makes is within it";
    const [buffer, made] = moving();
    const nested = pool.submit((x: { deep: ArrayBuffer[] }) => x.deep.length, { deep: [made] });
    await assertRejects(() => Promise.resolve(nested), TypeError, says);
    await assertRejects(() => Promise.resolve(pool.map(length, [made])), TypeError, says);
    await assertRejects(() => Promise.resolve(pool.starmap(length, [[made]])), TypeError, says);
    assertEquals(buffer.byteLength, 8);
    for (
      const result of [pool.submit(wrapped), pool.map(wrapped as () => unknown, [1])]
    ) {
      const error = await assertRejects(() => Promise.resolve(result as PromiseLike<unknown>));
      assert(error instanceof TypeError, `${error}`);
      assertStringIncludes(`${error.message} ${error.cause}`, says);
    }
  });
}

Deno.test("Pipes and queues refuse what transfer made, alone or within something", async () => {
  const [one, other] = pipe<unknown>();
  const queue = new SharedQueue<unknown>();
  for (const within of [(made: unknown) => made, (made: unknown) => [{ made }]]) {
    const [buffer, made] = moving();
    await assertRejects(() => one.send(within(made)), TypeError, "what transfer makes");
    await assertRejects(() => queue.put(within(made)), TypeError, "what transfer makes");
    assertEquals(buffer.byteLength, 8);
  }
  one.close();
  other.close();
  queue.close();
});

Deno.test("What can only be refused by the platform, by the place of an argument, is refused by name", async () => {
  await using pool = new WorkerPool(1);
  const [one, other] = pipe<unknown>();
  const buffer = new ArrayBuffer(8);
  const bytes = new Uint8Array(buffer);
  const lists: [Transferable[], RegExp][] = [
    [[buffer, buffer], /(transfer|list) must not hold the same object twice/],
    [[bytes as unknown as Transferable], /must hold what can move, received .*Uint8Array/],
    [
      [new DataView(buffer) as unknown as Transferable],
      /must hold what can move, received .*DataView/,
    ],
  ];
  for (const [list, says] of lists) {
    const calls = [
      () => pool.apply(length, [buffer], { transfer: list }),
      () => transfer(buffer, list),
    ];
    for (const call of calls) assertMatch(assertThrows(call, TypeError).message, says);
    assertMatch((await assertRejects(() => one.send(bytes, list), TypeError)).message, says);
  }
  assertEquals([buffer.byteLength, pool.stats.workers], [8, 0]);
  one.close();
  other.close();
});
