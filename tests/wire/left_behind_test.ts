import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { pipe, ProcessPool, SharedQueue, WorkerPool } from "../../mod.ts";
import { breakIn, crashes, throws } from "./fixtures/bad_errors.ts";

const PLATFORM: [name: string, make: () => object][] = [
  ["URL", () => new URL("http://localhost/")],
  ["URLSearchParams", () => new URLSearchParams("a=1")],
  ["Headers", () => new Headers()],
  ["Request", () => new Request("http://localhost/")],
  ["Response", () => new Response("text")],
  ["FormData", () => new FormData()],
  ["AbortSignal", () => AbortSignal.abort()],
  ["Event", () => new Event("x")],
  ["EventTarget", () => new EventTarget()],
  ["Site", () => new (class Site extends URL {})("http://localhost/")],
];

const POOLS: [name: string, make: (more?: object) => WorkerPool | ProcessPool][] = [
  ["web", (more) => new WorkerPool({ maxWorkers: 1, ...more })],
  ["node", (more) => new WorkerPool({ maxWorkers: 1, host: "node", ...more })],
  ["process", (more) => new ProcessPool({ maxWorkers: 1, ...more })],
];

for (const [host, make] of POOLS) {
  Deno.test(`Objects of the platform are refused by name, ${host}`, async () => {
    await using pool = make();
    for (const [name, object] of PLATFORM) {
      for (const value of [object(), { list: [object()] }, new Map([[1, object()]])]) {
        const refused = [
          async () => await pool.submit((x: unknown) => typeof x, value),
          async () => await pool.map((x: unknown) => typeof x, [value]),
        ];
        for (const call of refused) {
          assert((await assertRejects(call, TypeError)).message.includes(`instance of ${name}`));
        }
      }
    }
    const result = async () => await pool.submit(() => ({ a: new Headers() }));
    assert((await assertRejects(result, TypeError)).message.includes("instance of Headers"));
    assertEquals(await pool.submit(() => 1), 1);
  });

  Deno.test(`An error arrives without the part that cannot cross, wherever errors do, ${host}`, async () => {
    const check = (error: unknown) => {
      const { message, code, end, deep } = error as Error & Record<string, unknown>;
      assertEquals([message, code, end], ["broken", "E1", undefined]);
      let depth = 0;
      for (let at = deep; at instanceof Error; at = at.cause) depth++;
      assertEquals(depth, 1200);
    };
    await using pool = make();
    check(await assertRejects(async () => await pool.submit(throws)));
    check(await pool.submit((error: unknown) => error, breakIn()));
    check((await assertRejects(async () => await pool.submit(crashes)) as Error).cause);
    const failing = make({ initializer: throws });
    check((await assertRejects(async () => await failing.submit(() => 1)) as Error).cause);
    await failing.terminate();
  });
}

Deno.test("The same holds for pipes and shared queues", async () => {
  const [here, there] = pipe<unknown>();
  const queue = new SharedQueue<unknown>({ capacity: 2 ** 20 });
  for (const [name, object] of PLATFORM) {
    const error = await assertRejects(() => here.send([object()]), TypeError);
    assert(error.message.includes(`instance of ${name}`), error.message);
    assertThrows(() => queue.putNowait([object()]), TypeError, `instance of ${name}`);
  }
  await here.send(breakIn());
  queue.putNowait(breakIn());
  for (const received of [await there.recv(), queue.getNowait()]) {
    const { message, code, end, deep } = received as Error & Record<string, unknown>;
    assertEquals([message, code, end], ["broken", "E1", undefined]);
    assert(deep instanceof Error);
  }
  here.close();
  there.close();
});
