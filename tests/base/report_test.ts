/** What nobody can catch is heard of once, also where there is no `reportError`, as on Node. */
import { assertEquals } from "@std/assert";
import { Future, TaskPool } from "../../mod.ts";
import { settle } from "../support/settled.ts";

const failing = new RangeError("nobody catches this");

const ways: Record<string, () => Promise<unknown>> = {
  "a done callback": async () => {
    const future = new Future<string>();
    future.addDoneCallback(() => {
      throw failing;
    });
    future.setResult("done");
    return await future;
  },
  "the return of a source": async () => {
    const iterator = {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw failing;
      },
    };
    await using pool = new TaskPool(1);
    const map = pool.map((n) => n, { [Symbol.iterator]: () => iterator }, { buffersize: 1 });
    for await (const n of map) if (n === 1) break;
    return "done";
  },
  "the finally of an async source": async () => {
    async function* source() {
      try {
        for (;;) yield await Promise.resolve(1);
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw failing;
      }
    }
    await using pool = new TaskPool(1);
    for await (const n of pool.map((n) => n, source(), { buffersize: 1 })) if (n === 1) break;
    return "done";
  },
};

for (const present of [true, false]) {
  for (const [name, way] of Object.entries(ways)) {
    Deno.test(`${present ? "With" : "Without"} reportError, what ${name} throws is reported`, async () => {
      const heard: unknown[] = [];
      const hear = (event: globalThis.Event) => {
        event.preventDefault();
        heard.push(
          event instanceof ErrorEvent ? event.error : (event as PromiseRejectionEvent).reason,
        );
      };
      const native = globalThis.reportError;
      addEventListener("error", hear);
      addEventListener("unhandledrejection", hear);
      if (!present) Reflect.deleteProperty(globalThis, "reportError");
      try {
        assertEquals(await way(), "done");
        await settle();
        assertEquals(heard, [failing]);
      } finally {
        globalThis.reportError = native;
        removeEventListener("error", hear);
        removeEventListener("unhandledrejection", hear);
      }
    });
  }
}
