/**
 * What CPython's own tests of `concurrent.futures` and `multiprocessing.pool` ask for, where no other
 * test here does. Each is named as there.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  asCompleted,
  CancelledError,
  type Future,
  InvalidStateError,
  ProcessPool,
  TaskPool,
  wait,
  WorkerCrashedError,
  WorkerPool,
} from "../../mod.ts";
import { failureOf } from "./helpers.ts";

type AnyPool = TaskPool | WorkerPool | ProcessPool;

const KINDS: [name: string, make: (maxWorkers?: number, extra?: object) => AnyPool][] = [
  ["TaskPool", (maxWorkers = 2) => new TaskPool(maxWorkers)],
  ["WorkerPool", (maxWorkers = 2, extra = {}) => new WorkerPool({ maxWorkers, ...extra })],
  [
    "WorkerPool on node",
    (maxWorkers = 2, extra = {}) => new WorkerPool({ maxWorkers, host: "node", ...extra }),
  ],
  ["ProcessPool", (maxWorkers = 2, extra = {}) => new ProcessPool({ maxWorkers, ...extra })],
];

const square = (n: number) => n * n;
const exit = (): never => Deno.exit(1);

/** Yields numbers, and throws where the one at `when` would be. */
function* throwing(total: number, when: number): Generator<number> {
  if (when === -1) throw new RangeError("say when");
  for (let n = 0; n < total; n++) {
    if (n === when) throw new RangeError("say when");
    yield n;
  }
}

for (const [kind, make] of KINDS) {
  Deno.test(`${kind}: test_empty_iterable`, async () => {
    await using pool = make(1);
    assertEquals(await pool.map(square, []), []);
    assertEquals(await pool.map(square, [], { chunksize: 1 }), []);
    assertEquals(await Array.fromAsync(pool.map(square, [])), []);
    assertEquals(await Array.fromAsync(pool.mapUnordered(square, [])), []);
    assertEquals(await pool.starmap((a: number, b: number) => a + b, []), []);
  });

  Deno.test(`${kind}: test_map_chunksize, test_imap`, async () => {
    await using pool = make(2);
    const items = Array.from({ length: 40 }, (_, i) => i);
    for (const chunksize of [1, 6, 40, 50]) {
      assertEquals(await pool.map(square, items, { chunksize }), items.map(square));
      const results = pool.map(square, items, { chunksize })[Symbol.asyncIterator]();
      for (const n of items) assertEquals((await results.next()).value, n * n);
      assertEquals((await results.next()).done, true);
    }
    for (const chunksize of [0, -1, 0.5]) {
      assertThrows(() => pool.map(square, items, { chunksize }), RangeError, "chunksize");
    }
  });

  Deno.test(`${kind}: test_imap_handle_iterable_exception`, async () => {
    await using pool = make(2);
    for (const map of ["map", "mapUnordered"] as const) {
      for (
        const [total, when, chunksize] of [[1, -1, 1], [10, 3, 1], [20, 7, 2], [20, 7, 4]] as const
      ) {
        const seen: number[] = [];
        const results = pool[map](square, throwing(total, when), { chunksize });
        const error = await failureOf(async () => {
          for await (const value of results) seen.push(value);
        });
        assertInstanceOf(error, RangeError);
        // CPython loses what is in the chunk that could not be filled; here it is done.
        seen.sort((a, b) => a - b);
        assertEquals(seen, Array.from({ length: Math.max(when, 0) }, (_, n) => n * n));
        // Again, all at once: it can be done time after time.
        await assertRejects(
          async () => await pool[map](square, throwing(total, when), { chunksize }),
          RangeError,
          "say when",
        );
      }
    }
    assertEquals(await pool.submit(square, 3), 9);
  });

  Deno.test(`${kind}: test_map_exception`, async () => {
    await using pool = make(2);
    const divide = ([a, b]: number[]) => {
      if (b === 0) throw new RangeError("division by zero");
      return Math.trunc(a! / b!);
    };
    const results = pool.map(divide, [[1, 2], [4, 2], [1, 0], [1, 5]])[Symbol.asyncIterator]();
    assertEquals([(await results.next()).value, (await results.next()).value], [0, 2]);
    await assertRejects(() => results.next(), RangeError, "division by zero");
    assertEquals((await results.next()).done, true);
  });

  Deno.test(`${kind}: test_hang_issue12364, test_max_tasks_early_shutdown`, async () => {
    const pool = make(2, { maxTasksPerWorker: 1 });
    const futures = Array.from({ length: 6 }, (_, n) => pool.submit(square, n));
    await pool.shutdown();
    assertEquals(futures.map((future) => future.result()), [0, 1, 4, 9, 16, 25]);
  });

  Deno.test(`${kind}: test_hang_gh94440`, async () => {
    const pool = make(1);
    await pool.submit(square, 1);
    const future = pool.submit(square, 2);
    assert(future.cancel());
    await pool.shutdown();
    await assertRejects(async () => await future, CancelledError);
  });

  Deno.test(`${kind}: test_cancel_futures`, async () => {
    const pool = make(2);
    await pool.submit(square, 1);
    const slow = () => new Promise<string>((go) => setTimeout(() => go("done"), 1));
    const futures = Array.from({ length: 50 }, () => pool.submit(slow));
    // What is cancelled is for each kind of pool to say; nothing is left pending, nothing fails.
    await pool.shutdown({ cancelFutures: true });
    assert(futures.every((future) => future.done()));
    const cancelled = futures.filter((future) => future.cancelled()).length;
    assert(cancelled > 20, `${cancelled} of 50`);
    for (const future of futures) if (!future.cancelled()) assertEquals(future.result(), "done");
  });

  Deno.test(`${kind}: test_run_after_shutdown, and shutdown again`, async () => {
    const pool = make(1);
    await pool.shutdown();
    assertThrows(() => pool.submit(square, 1), InvalidStateError, "shut down");
    assertThrows(() => pool.map(square, [1]), InvalidStateError, "shut down");
    await pool.shutdown();
    await pool.shutdown({ wait: false, cancelFutures: true });
  });

  Deno.test(`${kind}: test_context_manager_shutdown, test_shutdown_no_wait`, async () => {
    let results: PromiseLike<number[]>;
    {
      await using pool = make(2);
      results = pool.map((n: number) => Math.abs(n), [-5, -4, 3]);
    }
    assertEquals(await results, [5, 4, 3]);
    const pool = make(2);
    results = pool.map((n: number) => Math.abs(n), [-5, -4, 3]);
    await pool.shutdown({ wait: false });
    assertEquals(await results, [5, 4, 3]);
    await pool.shutdown();
  });

  Deno.test(`${kind}: test_done_callback_raises, test_no_timeout, test_all_completed`, async () => {
    await using pool = make(2);
    const failing = pool.submit((): number => {
      throw new RangeError("no");
    });
    const cancelled = pool.submit(square, 1);
    cancelled.cancel();
    const good = pool.submit(square, 6);
    const heard: Future<number>[] = [];
    good.addDoneCallback((future) => heard.push(future));
    const all = [failing, cancelled, good, good];
    const { done, pending } = await wait(all);
    assertEquals([done.size, pending.size], [3, 0]);
    const seen = new Set<Future<unknown>>();
    const completed = asCompleted(all)[Symbol.asyncIterator]();
    for (let next = await completed.next(); !next.done; next = await completed.next()) {
      seen.add(next.value);
    }
    assertEquals(seen, new Set<Future<unknown>>(all));
    assertEquals(heard, [good]);
    assertInstanceOf(failing.exception(), RangeError);
    assertEquals(good.result(), 36);
  });
}

for (const [kind, make] of KINDS.slice(1) as [string, (n?: number) => WorkerPool | ProcessPool][]) {
  Deno.test(`${kind}: test_shutdown_deadlock`, async () => {
    const pool = make(2);
    await pool.submit(square, 1);
    const fatal = failureOf(() => pool.submit(exit));
    const behind = [1, 2, 3].map((n) => pool.submit(square, n));
    await pool.shutdown();
    assertInstanceOf(await fatal, WorkerCrashedError);
    assertEquals(behind.map((future) => future.result()), [1, 4, 9]);
    assertEquals(pool.stats.workers, 0);
  });

  Deno.test(`${kind}: test_crash_big_data`, async () => {
    await using pool = make(2);
    const data = "a".repeat(3_000_000);
    const crash = (text: string): never => Deno.exit(text.length);
    const error = await failureOf(() => pool.map(crash, new Array(10).fill(data)));
    assertInstanceOf(error, WorkerCrashedError);
    assertEquals(await pool.submit((text: string) => text.length, data), data.length);
  });

  Deno.test(`${kind}: test_map_no_failfast`, async () => {
    const fail = (n: number): never => {
      throw new RangeError("x".repeat(1_000_000) + n);
    };
    const pool = make(2);
    const error = await failureOf(() => pool.map(fail, [0, 1], { chunksize: 1 }));
    assertEquals((error as Error).message.length, 1_000_001);
    pool.close();
    await pool.join();
  });

  Deno.test(`${kind}: test_unpickleable_result, test_map_unplicklable`, async () => {
    await using pool = make(2);
    for (let i = 0; i < 20; i++) {
      const error = await failureOf(() => pool.submit<[], unknown>(() => () => 42));
      assertInstanceOf(error, TypeError);
    }
    assertInstanceOf(
      await failureOf(() => pool.map((fn: unknown) => fn, new Array(10).fill(() => 1))),
      TypeError,
    );
    assertEquals([pool.stats.crashed, await pool.submit(square, 2)], [0, 4]);
  });

  Deno.test(`${kind}: test_terminate, while the input is still being read`, async () => {
    const pool = make(2);
    await pool.submit(square, 1);
    let ended = false;
    function* naturals() {
      try {
        for (let n = 0;; n++) yield n;
      } finally {
        ended = true;
      }
    }
    const results = pool.map(() => new Promise<number>(() => {}), naturals(), { chunksize: 1 });
    const outcome = failureOf(() => results);
    await pool.submit(square, 1).cancel();
    await pool.terminate();
    assertInstanceOf(await outcome, CancelledError);
    assert(ended);
  });

  Deno.test(`${kind}: test_idle_process_reuse_one, test_saturation`, async () => {
    await using pool = make(4);
    for (const n of [1, 2, 3]) await pool.submit(square, n);
    assertEquals(pool.stats.workers, 1);
    const many = Array.from({ length: 60 }, (_, n) => pool.submit(square, n));
    await wait(many);
    assert(pool.stats.workers <= 4);
  });
}
