import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type Connection,
  InvalidStateError,
  pipe,
  SharedArray,
  SharedLock,
  SharedQueue,
  SharedValue,
  WorkerCrashedError,
} from "../../mod.ts";
import { RunningProgram } from "../support/running_program.ts";
import { echo, holdForEver, sendAndDie } from "./fixtures/threads.ts";
import { failureOf, Gate, HOSTS, withPool } from "./helpers.ts";

for (const host of HOSTS) {
  Deno.test(`between workers on the ${host} host: shared objects arrive as themselves`, async () => {
    await withPool({ maxWorkers: 2, host }, async (pool) => {
      const value = new SharedValue("int32", 1);
      const array = new SharedArray("float64", [1, 2, 3]);
      const sum = await pool.submit(
        (
          given: { value: SharedValue<"int32"> },
          list: [SharedArray<"float64">],
          map: Map<string, SharedValue<"int32">>,
        ) => {
          given.value.add(1);
          list[0].array[0] = 10;
          map.get("value")!.add(1);
          return list[0].array.length;
        },
        { value },
        [array],
        new Map([["value", value]]),
      );
      assertEquals([sum, value.value, array.array[0]], [3, 3, 10]);
      const back = await pool.submit((given: SharedValue<"int32">) => ({ given }), value);
      back.given.add(5);
      assertEquals(value.value, 8);
    });
  });

  Deno.test(`between workers on the ${host} host: map adds up in shared memory`, async () => {
    await withPool({ maxWorkers: 2, host }, async (pool) => {
      const total = new SharedValue("int32", 0);
      const items = Array.from({ length: 50 }, (_, i) => ({ total, n: i }));
      await pool.map(({ total, n }) => void total.add(n), items);
      assertEquals(total.value, 1_225);
    });
  });

  Deno.test(`between workers on the ${host} host: a pipe to a worker, and its end`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const [here, there] = pipe<unknown>();
      const count = pool.submit(echo, there);
      for (const value of [1, { a: [2] }, new Map([[3, "x"]])]) {
        await here.send(value);
        assertEquals(await here.recv(), value);
      }
      assert(there.closed);
      here.close();
      assertEquals(await count, 3);
    });
  });

  Deno.test(`between workers on the ${host} host: an end that dies counts as closed`, async () => {
    await withPool({ maxWorkers: 1, host, cancelGrace: 0 }, async (pool) => {
      const [here, there] = pipe<string>();
      const gate = new Gate();
      const hold = pool.submit(
        async (end: Connection<string>, words: Int32Array<SharedArrayBuffer>) => {
          await end.send("last words");
          Atomics.store(words, 0, 1);
          await new Promise(() => {});
        },
        there,
        gate.words,
      );
      await gate.reached();
      hold.cancel();
      assertEquals(await here.recv(), "last words");
      await assertRejects(() => here.recv(), InvalidStateError, "the other end is closed");
      here.close();
    });
  });

  Deno.test(`between workers on the ${host} host: a dead holder of a lock does not block`, async () => {
    await withPool({ maxWorkers: 2, host, cancelGrace: 0 }, async (pool) => {
      const lock = new SharedLock();
      const gate = new Gate();
      const holder = pool.submit(holdForEver, lock, gate.words);
      await gate.reached();
      const next = lock.acquire();
      holder.cancel();
      const permit = await next;
      assertEquals(permit.abandoned, true);
      permit[Symbol.dispose]();
    });
  });
}

Deno.test("between workers: an end in one worker sees the death of another's", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const [a, b] = pipe<string>();
    const reader = pool.submit(async (end: Connection<string>) => {
      const found: string[] = [];
      await end.send("go on");
      for await (const text of end) found.push(text);
      return found;
    }, a as Connection<string>);
    const dead = pool.submit(sendAndDie, b as Connection<string>);
    await assertRejects(() => Promise.resolve(dead), WorkerCrashedError);
    assertEquals(await reader, ["last words"]);
  });
});

for (const host of HOSTS) {
  Deno.test(`between workers on the ${host} host: whoever waits at an end hears of a death`, async () => {
    await withPool({ maxWorkers: 3, host }, async (pool) => {
      const ends = [pipe<string>(), pipe<string>(), pipe<string>()];
      const deaths = ends.map(([, there]) =>
        failureOf(() => pool.submit(sendAndDie, there as Connection<string>))
      );
      const [polled, iterated, sent] = ends.map(([here]) => here) as [
        Connection<string>,
        Connection<string>,
        Connection<string>,
      ];
      for (const end of [polled, iterated, sent]) await end.send("go on");
      const found = Array.fromAsync(iterated);
      for (const death of deaths) assertInstanceOf(await death, WorkerCrashedError);
      assertEquals(await found, ["last words"]);
      // The end of a pipe, like something to receive, is something to hear of.
      assertEquals(await polled.poll(Infinity), true);
      assertEquals(await polled.recv(), "last words");
      assertEquals(await polled.poll(Infinity), true);
      await assertRejects(() => polled.recv(), InvalidStateError, "the other end is closed");
      assertEquals(await sent.recv(), "last words");
      await assertRejects(() => sent.recv(), InvalidStateError, "the other end is closed");
      await assertRejects(() => sent.send("?"), InvalidStateError, "the other end is closed");
      for (const end of [polled, iterated, sent]) end.close();
    });
  });

  Deno.test(`between workers on the ${host} host: buffers and ports move through a pipe`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const [here, there] = pipe<unknown>();
      const count = pool.submit(async (end: Connection<unknown>) => {
        const [bytes, port] = await end.recv() as [Uint8Array<ArrayBuffer>, MessagePort];
        port.postMessage("through the port");
        port.close();
        bytes[0] = 9;
        await end.send(bytes, [bytes.buffer]);
        return bytes.length;
      }, there);
      const bytes = new Uint8Array([1, 2, 3]);
      const { port1, port2 } = new MessageChannel();
      const heard = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
      await here.send([bytes, port2], [bytes.buffer, port2]);
      assertEquals(bytes.length, 0);
      assertEquals(await here.recv(), new Uint8Array([9, 2, 3]));
      assertEquals([await heard, await count], ["through the port", 0]);
      port1.close();
      here.close();
    });
  });
}

Deno.test("between workers: a queue carries from one to another", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const queue = new SharedQueue<number>({ maxsize: 4 });
    const sum = pool.submit(async (queue: SharedQueue<number>) => {
      let sum = 0;
      for await (const n of queue) sum += n;
      return sum;
    }, queue);
    await pool.submit(async (queue: SharedQueue<number>) => {
      for (let i = 1; i <= 100; i++) await queue.put(i);
      queue.close();
    }, queue);
    assertEquals(await sum, 5_050);
  });
});

Deno.test("between workers: waiting to receive holds the program, a pipe by itself does not", async () => {
  await using idle = new RunningProgram(`
    import { pipe } from "$MOD";
    const [a, b] = pipe<number>();
    await a.send(1);
    console.log(await b.recv(), await b.poll());
  `);
  const { code, out, err } = await idle.ended();
  assertEquals([code, out], [0, "1 false\n"], err);
  // Nothing but the wait holds this one: a top-level await by itself would end it with an error.
  await using waiting = new RunningProgram(`
    import { createTask, pipe } from "$MOD";
    const [a, b] = pipe<number>();
    const later = (fn: () => void) => Deno.unrefTimer(setTimeout(fn, 20));
    later(() => a.send(1));
    console.log(await b.recv());
    later(() => a.send(2));
    console.log(await b.poll(Infinity), await b.recv());
    later(() => a.close());
    for await (const n of b) console.log(n);
    const [c] = pipe<number>();
    const task = createTask(() => c.recv());
    later(() => task.cancel());
    await Promise.allSettled([task]);
    console.log("end");
  `);
  const held = await waiting.ended();
  assertEquals([held.code, held.out], [0, "1\ntrue 2\nend\n"], held.err);
});
