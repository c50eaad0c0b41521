import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { CancelledError, ExceptionGroup, QueueEmpty, TimeoutError } from "../../mod.ts";
import { raiseTicket, TicketError } from "./fixtures/functions.ts";
import { failureOf, HOSTS, withPool } from "./helpers.ts";

for (const host of HOSTS) {
  Deno.test(`errors on the ${host} host: class, message, own fields, stacks and cause`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const error = await failureOf(() =>
        pool.submit(function faulty() {
          const cause = new TypeError("below");
          throw Object.assign(new RangeError("above", { cause }), { code: "E1", list: [1, 2] });
        })
      );
      assertInstanceOf(error, RangeError);
      assertEquals(error.message, "above");
      const { code, list } = error as RangeError & { code: string; list: number[] };
      assertEquals({ code, list }, { code: "E1", list: [1, 2] });
      assertInstanceOf(error.cause, TypeError);
      assertEquals(error.cause.message, "below");
      assertStringIncludes(error.stack!, "faulty");
      assertStringIncludes(error.stack!, "worker_pool_errors_test");
    });
  });
}

Deno.test("errors: the library's own, and registered ones, keep their class", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const ticket = await failureOf(() => pool.submit(raiseTicket));
    assertInstanceOf(ticket, TicketError);
    assertEquals([ticket.message, ticket.ticket], ["lost", 12]);
    const module = new URL("../../mod.ts", import.meta.url).href;
    const thrown = async (name: string) =>
      await failureOf(() =>
        pool.submit(
          async (module: string, name: string) => {
            const library = await import(module);
            throw new library[name]("theirs");
          },
          module,
          name,
        )
      );
    assertInstanceOf(await thrown("TimeoutError"), TimeoutError);
    assertInstanceOf(await thrown("QueueEmpty"), QueueEmpty);
  });
});

Deno.test("errors: groups cross with all their members", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const aggregate = await failureOf(() =>
      pool.submit(() => {
        throw new AggregateError([new TypeError("a"), "b", new AggregateError([1], "inner")], "m");
      })
    );
    assertInstanceOf(aggregate, AggregateError);
    assertInstanceOf(aggregate.errors[0], TypeError);
    assertEquals(aggregate.errors[1], "b");
    assertEquals(aggregate.errors[2].errors, [1]);
    const module = new URL("../../mod.ts", import.meta.url).href;
    const group = await failureOf(() =>
      pool.submit(async (module: string) => {
        const { TaskGroup } = await import(module);
        await TaskGroup.run((group: { createTask(fn: () => void): void }) => {
          group.createTask(() => {
            throw new RangeError("child");
          });
        });
      }, module)
    );
    assertInstanceOf(group, ExceptionGroup);
    assertInstanceOf(group.errors[0], RangeError);
    assertEquals(group.split(RangeError)[1], undefined);
  });
});

Deno.test("errors: what is not an error arrives as it was", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const throwIt = (value: unknown) => {
      throw value;
    };
    for (const value of ["text", 0, null, undefined, 12n, false]) {
      assertStrictEquals(await failureOf(() => pool.submit(throwIt, value)), value);
    }
    assertEquals(await failureOf(() => pool.submit(throwIt, { a: [1] })), { a: [1] });
    const dom = await failureOf(() =>
      pool.submit(() => {
        throw new DOMException("gone", "NotFoundError");
      })
    );
    assertInstanceOf(dom, DOMException);
    assertEquals([dom.name, dom.message], ["NotFoundError", "gone"]);
  });
});

Deno.test("errors: a call that cancels itself ends as cancelled", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const module = new URL("../../mod.ts", import.meta.url).href;
    const future = pool.submit(async (module: string) => {
      const { currentTask, sleep } = await import(module);
      currentTask().cancel("enough");
      await sleep(1);
    }, module);
    const error = await failureOf(() => future);
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "enough");
    assert(future.cancelled());
  });
});

for (const host of HOSTS) {
  Deno.test(`errors on the ${host} host: what cannot even be looked at fails its call alone`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const hostile = (how: string) => {
        const refuse = (): never => {
          throw new Error("a trap");
        };
        const traps = { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse };
        const proxy = new Proxy(new RangeError("below"), traps);
        if (how === "returned") return proxy;
        if (how === "with a getter") {
          return Object.defineProperty({}, "x", { get: refuse, enumerable: true });
        }
        if (how === "as the cause") throw new RangeError("above", { cause: proxy });
        throw proxy;
      };
      for (const how of ["thrown", "returned", "with a getter"]) {
        for (const call of [() => pool.submit(hostile, how), () => pool.map(hostile, [how])]) {
          const error = await failureOf(call);
          assertInstanceOf(error, how === "returned" ? Error : TypeError);
        }
      }
      const error = await failureOf(() => pool.submit(hostile, "as the cause"));
      assertInstanceOf(error, RangeError);
      assertEquals([error.message, error.cause], ["above", undefined]);
      const { completed, failed, crashed } = pool.stats;
      assertEquals({ completed, failed, crashed }, { completed: 0, failed: 7, crashed: 0 });
    });
  });
}
