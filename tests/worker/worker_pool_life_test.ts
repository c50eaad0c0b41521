import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { CancelledError, InvalidStateError, toThread, WorkerPool } from "../../mod.ts";
import { runProgram } from "../support/running_program.ts";
import { setUp, valueSetUp } from "./fixtures/functions.ts";
import { blockAtGate, failureOf, Gate, HOSTS, withPool } from "./helpers.ts";

const threadOf = (): number => {
  const scope = globalThis as { thread?: number };
  return scope.thread ??= Math.random();
};

for (const host of HOSTS) {
  Deno.test(`life on the ${host} host: workers start when they are needed`, async () => {
    await withPool({ maxWorkers: 4, host }, async (pool) => {
      assertEquals(pool.stats.workers, 0);
      await pool.submit(() => 1);
      assertEquals(pool.stats.workers, 1);
      await pool.submit(() => 2);
      assertEquals([pool.stats.workers, pool.stats.completed], [1, 2]);
    });
  });

  Deno.test(`life on the ${host} host: an async initializer comes before every call`, async () => {
    const options = { maxWorkers: 2, host, initializer: setUp, initargs: [41] };
    await withPool(options, async (pool) => {
      const values = await Promise.all(Array.from({ length: 8 }, () => pool.submit(valueSetUp)));
      assertEquals(values, new Array(8).fill(41));
    });
  });

  Deno.test(`life on the ${host} host: a worker is replaced after so many tasks`, async () => {
    await withPool({ maxWorkers: 1, maxTasksPerWorker: 2, host }, async (pool) => {
      const threads: number[] = [];
      for (let i = 0; i < 6; i++) threads.push(await pool.submit(threadOf));
      assertEquals(new Set(threads).size, 3);
      assertEquals(threads[0], threads[1]);
      assertEquals(pool.stats.crashed, 0);
    });
  });

  Deno.test(`life on the ${host} host: shutdown waits for the work`, async () => {
    const pool = new WorkerPool({ maxWorkers: 1, host });
    const gate = new Gate();
    const first = pool.submit(blockAtGate, gate.words);
    const second = pool.submit(() => 2);
    const end = pool.shutdown();
    assertThrows(() => pool.submit(() => 3), InvalidStateError);
    await gate.reached();
    gate.open();
    await end;
    assertEquals([first.result(), second.result()], ["through", 2]);
    assertEquals(pool.stats.workers, 0);
    await pool.shutdown();
  });

  Deno.test(`life on the ${host} host: shutdown that cancels what has not begun`, async () => {
    const pool = new WorkerPool({ maxWorkers: 1, host });
    const gate = new Gate();
    const first = pool.submit(blockAtGate, gate.words);
    await gate.reached();
    const second = pool.submit(() => 2);
    const end = pool.shutdown({ cancelFutures: true });
    assertInstanceOf(await failureOf(() => second), CancelledError);
    gate.open();
    await end;
    assertEquals(first.result(), "through");
  });
}

Deno.test("life: shutdown without waiting returns at once, and the work is done", async () => {
  const pool = new WorkerPool(1);
  const gate = new Gate();
  const first = pool.submit(blockAtGate, gate.words);
  await pool.shutdown({ wait: false });
  assert(!first.done());
  await gate.reached();
  gate.open();
  assertEquals(await first, "through");
  await pool.join();
  assertEquals(pool.stats.workers, 0);
});

Deno.test("life: close and join, as multiprocessing has them", async () => {
  const pool = new WorkerPool(2);
  const calls = [1, 2, 3].map((n) => pool.submit((n: number) => n, n));
  assertInstanceOf(await failureOf(() => pool.join()), InvalidStateError);
  pool.close();
  assertThrows(() => pool.map((n: number) => n, [1]), InvalidStateError);
  await pool.join();
  assertEquals(calls.map((call) => call.result()), [1, 2, 3]);
});

Deno.test("life: terminate ends what runs and what waits", async () => {
  const pool = new WorkerPool({ maxWorkers: 1, host: "node" });
  const gate = new Gate();
  const running = pool.submit(blockAtGate, gate.words);
  const waiting = pool.submit(() => 1);
  await gate.reached();
  const outcomes = Promise.allSettled([running, waiting]);
  const end = pool.terminate();
  for (const outcome of await outcomes) assertEquals(outcome.status, "rejected");
  gate.open();
  await end;
  assertEquals(pool.stats.workers, 0);
});

Deno.test("life: await using waits for the work", async () => {
  let call;
  {
    await using pool = new WorkerPool(1);
    call = pool.submit(() => "done");
  }
  assertEquals(call.result(), "done");
});

for (const host of HOSTS) {
  Deno.test(`life on the ${host} host: 200 pools made and disposed leave nothing`, async () => {
    let alive = 0;
    let ended = 0;
    const onWorkerExit = () => {
      alive--;
      ended++;
    };
    for (let i = 0; i < 200; i++) {
      const pool = new WorkerPool({ maxWorkers: 1, host, onWorkerExit });
      // Every tenth of them really works: a pool that had nothing to do has no worker.
      if (i % 10 === 0) {
        assertEquals(await pool.submit((n: number) => n, i), i);
        alive++;
      }
      await pool[Symbol.asyncDispose]();
      assertEquals([alive, pool.stats.workers, pool.stats.stuck], [0, 0, 0]);
    }
    assertEquals(ended, 20);
  });
}

Deno.test("life: priorities among those who wait", async () => {
  await withPool({ maxWorkers: 1 }, async (pool) => {
    const gate = new Gate();
    const first = pool.submit(blockAtGate, gate.words);
    await gate.reached();
    const turns = new Int32Array(new SharedArrayBuffer(4));
    const turn = (turns: Int32Array) => Atomics.add(turns, 0, 1);
    const all = [-1, 0, 5, 0].map((priority) => pool.apply(turn, [turns], { priority }));
    gate.open();
    await first;
    assertEquals(await Promise.all(all), [3, 1, 0, 2]);
  });
});

Deno.test("life: onWorkerExit is told of every worker", async () => {
  const exits: boolean[] = [];
  await withPool(
    { maxWorkers: 1, onWorkerExit: (exit) => exits.push(exit.crashed) },
    async (pool) => {
      await failureOf(() => pool.submit(() => Deno.exit(1)));
      await pool.submit(() => 1);
    },
  );
  assertEquals(exits, [true, false]);
});

/** Run a program that uses pools; gives its exit code and what it printed. */
async function runWithPools(source: string): Promise<[code: number, out: string]> {
  const imports = `import { sleep, toThread, WorkerPool } from "$MOD";\n`;
  const { code, out } = await runProgram(imports + source);
  return [code, out.trim()];
}

for (const host of HOSTS) {
  Deno.test(`life on the ${host} host: a pool that is not shut down lets the program end`, async () => {
    assertEquals(
      await runWithPools(`
        const pool = new WorkerPool({ maxWorkers: 2, host: "${host}" });
        console.log(await pool.map((n) => n + 1, [1, 2, 3]));`),
      [0, "[ 2, 3, 4 ]"],
    );
  });

  Deno.test(`life on the ${host} host: a thread that cannot be killed lets it end, too`, async () => {
    assertEquals(
      await runWithPools(`
        const pool = new WorkerPool({ maxWorkers: 1, host: "${host}", cancelGrace: 1 });
        const words = new Int32Array(new SharedArrayBuffer(4));
        const call = pool.submit((words) => { Atomics.store(words, 0, 1); for (;;); }, words);
        while (Atomics.load(words, 0) === 0) await sleep(1);
        call.cancel();
        console.log(await pool.submit(() => "next"));
        await pool.shutdown();`),
      [0, "next"],
    );
  });
}

Deno.test("life: toThread runs on a pool that all share, and lets the program end", async () => {
  assertThrows(() => toThread(5 as unknown as () => number), TypeError);
  const source = `
    const all = [6, 7].map((n) => toThread((n) => n * 7, n));
    console.log(await Promise.all(all));`;
  assertEquals(await runWithPools(source), [0, "[ 42, 49 ]"]);
});
