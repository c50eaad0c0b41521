import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { CancelledError, createTask, gather, shield, timeout, TimeoutError } from "../../mod.ts";
import { sleepLong, untilAsked } from "./fixtures/functions.ts";
import { blockAtGate, failureOf, Gate, HOSTS, until, withPool } from "./helpers.ts";

const [major, minor, patch] = Deno.version.deno.split(".").map(Number) as [number, number, number];

for (const host of HOSTS) {
  Deno.test(`cancelling on the ${host} host: a waiting call never runs`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const gate = new Gate();
      const ran = new Int32Array(new SharedArrayBuffer(4));
      const first = pool.submit(blockAtGate, gate.words);
      await gate.reached();
      const touch = (ran: Int32Array) => void Atomics.add(ran, 0, 1);
      const calls = [1, 2, 3].map(() => pool.submit(touch, ran));
      assert(calls[1]!.cancel("not this one"));
      assert(!calls[1]!.cancel());
      const error = await failureOf(() => calls[1]!);
      assertInstanceOf(error, CancelledError);
      assertEquals(error.message, "not this one");
      gate.open();
      assertEquals(await first, "through");
      await gather(calls[0]!, calls[2]!);
      assertEquals(ran[0], 2);
    });
  });

  Deno.test(`cancelling on the ${host} host: a waiting one cleans up in the worker`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const gate = new Gate();
      const call = pool.submit(sleepLong, gate.words);
      await gate.reached();
      assert(call.cancel());
      assertInstanceOf(await failureOf(() => call), CancelledError);
      await until(() => Atomics.load(gate.words, 1) === 2);
      assertEquals(await pool.submit(() => 1), 1);
      assertEquals(pool.stats.crashed, 0);
    });
  });

  Deno.test(`cancelling on the ${host} host: a busy loop that polls ends by itself`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const gate = new Gate();
      const call = pool.submit(untilAsked, gate.words);
      await gate.reached();
      call.cancel();
      assert(call.cancelled());
      await until(() => Atomics.load(gate.words, 1) === 2);
      assertEquals(await pool.submit(() => 1), 1);
    });
  });

  Deno.test(`cancelling on the ${host} host: signal, time limit, task and group`, async () => {
    await withPool({ maxWorkers: 1, host, cancelGrace: Infinity }, async (pool) => {
      const begin = async (run: (gate: Gate) => PromiseLike<unknown>, stop?: () => void) => {
        const gate = new Gate();
        const outcome = failureOf(() => run(gate));
        await gate.reached();
        stop?.();
        const error = await outcome;
        await until(() => Atomics.load(gate.words, 1) === 2);
        return error;
      };
      const controller = new AbortController();
      const { signal } = controller;
      const aborted = await begin(
        (gate) => pool.apply(sleepLong, [gate.words], { signal }),
        () => controller.abort("by signal"),
      );
      assertInstanceOf(aborted, CancelledError);
      {
        using time = new FakeTime();
        const late = await begin(
          (gate) => pool.apply(sleepLong, [gate.words], { timeout: 500 }),
          () => time.tick(500),
        );
        assertInstanceOf(late, TimeoutError);
      }
      let task = createTask(() => {});
      const linked = await begin(
        (gate) => task = createTask(async () => await pool.submit(sleepLong, gate.words)),
        () => task.cancel(),
      );
      assertInstanceOf(linked, CancelledError);
      const limited = await begin((gate) =>
        timeout(null, async (limit) => {
          const call = pool.submit(sleepLong, gate.words);
          await gate.reached();
          limit.reschedule(performance.now());
          await call;
        })
      );
      assertInstanceOf(limited, TimeoutError);
      assertEquals(await pool.submit(() => 1), 1);
    });
  });
}

for (const host of HOSTS) {
  Deno.test(`cancelling on the ${host} host: a busy item of a map ends by itself, too`, async () => {
    await withPool({ maxWorkers: 1, host, cancelGrace: Infinity }, async (pool) => {
      const stops: ((gate: Gate) => Promise<unknown>)[] = [
        async (gate) => {
          const task = createTask(async () => await pool.map(untilAsked, [gate.words]));
          await gate.reached();
          task.cancel();
          return await failureOf(() => task);
        },
        async (gate) => {
          const controller = new AbortController();
          const { signal } = controller;
          const map = pool.map(untilAsked, [gate.words, gate.words], { signal, chunksize: 2 });
          await gate.reached();
          controller.abort();
          return await failureOf(() => map);
        },
        async (gate) => {
          const loop = pool.map(untilAsked, [gate.words])[Symbol.asyncIterator]();
          await gate.reached();
          await loop.return?.();
        },
      ];
      for (const stop of stops) {
        const gate = new Gate();
        const error = await stop(gate);
        if (error !== undefined) assertInstanceOf(error, CancelledError);
        await until(() => Atomics.load(gate.words, 1) === 2);
        assertEquals(await pool.submit(() => 1), 1);
      }
      assertEquals(pool.stats.crashed, 0);
    });
  });

  Deno.test(`cancelling on the ${host} host: leaving a stream runs its clean-up`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const cleaned = new Int32Array(new SharedArrayBuffer(4));
      const endless = async function* (cleaned: Int32Array<SharedArrayBuffer>) {
        try {
          for (let i = 0;; i++) yield await Promise.resolve(i);
        } finally {
          await Promise.resolve();
          Atomics.add(cleaned, 0, 1);
        }
      };
      for await (const n of pool.stream(endless, cleaned)) if (n === 3) break;
      // The only worker comes to the next call after the clean-up.
      await pool.submit(() => 1);
      assertEquals(Atomics.load(cleaned, 0), 1);
      await failureOf(async () => {
        for await (const _ of pool.stream(endless, cleaned)) throw new Error("in the loop");
      });
      await pool.submit(() => 1);
      assertEquals(Atomics.load(cleaned, 0), 2);
    });
  });

  Deno.test(`cancelling on the ${host} host: what is shielded goes on`, async () => {
    await withPool({ maxWorkers: 1, host }, async (pool) => {
      const gate = new Gate();
      const call = pool.submit(blockAtGate, gate.words);
      const task = createTask(() => shield(call));
      const limited = failureOf(() => timeout(0, () => shield(call)));
      await gate.reached();
      task.cancel();
      assertInstanceOf(await failureOf(() => task), CancelledError);
      assertInstanceOf(await limited, TimeoutError);
      assert(!call.done());
      gate.open();
      assertEquals(await call, "through");
    });
  });
}

Deno.test("cancelling: an aborted signal refuses a call before it is sent", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const signal = AbortSignal.abort("before");
    assertInstanceOf(
      await failureOf(() => pool.apply(() => 1, [], { signal })),
      CancelledError,
    );
    assertEquals(pool.stats.completed, 0);
  });
});

Deno.test("cancelling: the task that awaits a map stops the work in the middle", async () => {
  await withPool({ maxWorkers: 2 }, async (pool) => {
    const done = new Int32Array(new SharedArrayBuffer(4));
    const items = Array.from({ length: 10_000 }, () => done);
    const work = async (done: Int32Array) => {
      Atomics.add(done, 0, 1);
      await new Promise((go) => setTimeout(go, 1));
    };
    const task = createTask(async () => await pool.map(work, items));
    await until(() => Atomics.load(done, 0) > 10);
    task.cancel();
    assertInstanceOf(await failureOf(() => task), CancelledError);
    assert(task.cancelled());
    // What the workers have in hand comes to an end; then nothing of the map is left.
    await until(() => pool.stats.busy === 0);
    const seen = Atomics.load(done, 0);
    await gather(pool.submit(() => 1), pool.submit(() => 2));
    assertEquals(Atomics.load(done, 0), seen);
    assert(seen < 10_000);
  });
});

Deno.test({
  name: "cancelling: what does not stop is killed on the node host",
  // Before, such a thread is counted as stuck.
  ignore: major === 2 && (minor < 9 || (minor === 9 && patch < 4)),
  async fn() {
    await withPool({ maxWorkers: 1, host: "node", cancelGrace: 20 }, async (pool) => {
      const gate = new Gate();
      const call = pool.submit((words: Int32Array<SharedArrayBuffer>) => {
        Atomics.store(words, 0, 1);
        for (;;) Atomics.add(words, 1, 1);
      }, gate.words);
      await gate.reached();
      call.cancel();
      assertEquals(await pool.submit(() => "next"), "next");
      // It never counts as stuck: it is going, though that may take a while.
      assertEquals(pool.stats.stuck, 0);
      for (let before = -1; before !== Atomics.load(gate.words, 1);) {
        before = Atomics.load(gate.words, 1);
        for (let i = 0; i < 10; i++) await pool.submit(() => "time goes by");
      }
    });
  },
});
