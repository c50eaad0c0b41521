/** What steers a TaskPool while it runs: its size, pause and resume, limits of queue and rate. */
import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  createTask,
  Future,
  InvalidStateError,
  QueueFull,
  sleep,
  TaskPool,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** A function that logs its argument and waits at a gate for it, and the gates. */
function gated() {
  const gates = new Map<number, Future<void>>();
  const begun: number[] = [];
  const fn = async (n: number): Promise<number> => {
    begun.push(n);
    const gate = new Future<void>();
    gates.set(n, gate);
    await gate;
    return n;
  };
  const open = (...numbers: number[]) => numbers.forEach((n) => gates.get(n)!.setResult());
  return { begun, fn, open };
}

/** Submits a call for each number; nobody looks at how they end. */
function submitAll(pool: TaskPool, fn: (n: number) => unknown, numbers: number[]) {
  return numbers.map((n) => {
    const call = pool.submit(fn, n);
    Promise.resolve(call).catch(() => {});
    return call;
  });
}

Deno.test("maxWorkers: a higher number begins more at once, a lower one lets those that run finish", async () => {
  const { begun, fn, open } = gated();
  const pool = new TaskPool(1);
  submitAll(pool, fn, [1, 2, 3, 4, 5, 6]);
  await settle();
  assertEquals([begun, pool.maxWorkers], [[1], 1]);
  pool.maxWorkers = 3;
  await settle();
  assertEquals(begun, [1, 2, 3]);
  pool.maxWorkers = 1;
  const { workers, idle, busy, queued } = pool.stats;
  assertEquals({ workers, idle, busy, queued }, { workers: 3, idle: 0, busy: 3, queued: 3 });
  open(1, 2);
  await settle();
  assertEquals(begun, [1, 2, 3]);
  open(3);
  await settle();
  assertEquals(begun, [1, 2, 3, 4]);
  pool.maxWorkers = 10;
  await settle();
  open(4, 5, 6);
  await pool.shutdown();
  for (const bad of [0, -1, 0.5, NaN, Infinity]) {
    assertThrows(() => pool.maxWorkers = bad, RangeError, "maxWorkers must be a positive integer");
  }
  assertThrows(() => pool.maxWorkers = "1" as never, TypeError, "maxWorkers must be a number");
  assertEquals(pool.maxWorkers, 10);
});

Deno.test("maxWorkers: a map under way takes more items, or fewer, from then on", async () => {
  for (const unordered of [false, true]) {
    const { begun, fn, open } = gated();
    const pool = new TaskPool(1);
    const items = [1, 2, 3, 4, 5, 6];
    const map = unordered ? pool.mapUnordered(fn, items) : pool.map(fn, items);
    await settle();
    assertEquals(begun, [1]);
    pool.maxWorkers = 3;
    await settle();
    assertEquals(begun, [1, 2, 3]);
    pool.maxWorkers = 2;
    open(1);
    await settle();
    assertEquals(begun, [1, 2, 3]);
    open(2);
    await settle();
    assertEquals(begun, [1, 2, 3, 4]);
    open(3, 4);
    await settle();
    open(5, 6);
    assertEquals((await map).length, 6);
  }
});

Deno.test("pause: what runs goes on, nothing begins, and resume begins what waits in its order", async () => {
  const { begun, fn, open } = gated();
  const pool = new TaskPool(2);
  submitAll(pool, fn, [1, 2, 3]);
  await settle();
  pool.pause();
  pool.pause();
  const map = pool.map(fn, [4, 5, 6]);
  open(1, 2);
  pool.maxWorkers = 3;
  await settle();
  assertEquals([begun, pool.stats.busy, pool.stats.queued], [[1, 2], 0, 4]);
  pool.resume();
  pool.resume();
  await settle();
  assertEquals(begun, [1, 2, 3, 4, 5]);
  open(3, 4, 5);
  await settle();
  open(6);
  assertEquals(await map, [4, 5, 6]);
  await pool.shutdown();
});

Deno.test("pause: a call that waits can be cancelled, and a shutdown goes on or calls off", async () => {
  for (const cancelFutures of [false, true]) {
    const { begun, fn, open } = gated();
    const pool = new TaskPool(2);
    pool.pause();
    const [first, second] = submitAll(pool, fn, [1, 2]);
    first!.cancel();
    assertEquals(pool.stats.queued, 1);
    const ended = pool.shutdown({ cancelFutures });
    await settle();
    assertEquals(begun, cancelFutures ? [] : [2]);
    if (!cancelFutures) open(2);
    await ended;
    assertEquals(second!.cancelled(), cancelFutures);
  }
});

Deno.test("idle: waits until nothing runs or waits and no map is under way, also for what comes meanwhile", async () => {
  const { fn, open } = gated();
  const pool = new TaskPool(1);
  await pool.idle();
  submitAll(pool, fn, [1, 2]);
  let idle = 0;
  const waits = [1, 2].map(() => pool.idle().then(() => idle++));
  await settle();
  open(1);
  const map = pool.map(fn, [3]);
  await settle();
  open(2);
  await settle();
  assertEquals(idle, 0);
  open(3);
  await Promise.all(waits);
  assertEquals([idle, await map], [2, [3]]);
  // The pool can be used, and waited for, again.
  submitAll(pool, fn, [4]);
  const again = pool.idle();
  await settle();
  open(4);
  await again;
});

Deno.test("idle: cancelled, it leaves the calls alone; a call of the pool cannot wait for it", async () => {
  const { fn, open } = gated();
  const pool = new TaskPool(1);
  const [call] = submitAll(pool, fn, [1]);
  const waiter = createTask(() => pool.idle());
  await settle();
  waiter.cancel();
  await assertRejects(() => Promise.resolve(waiter), CancelledError);
  open(1);
  assertEquals(await call, 1);
  for (const verb of ["idle", "join", "terminate"] as const) {
    const pool = new TaskPool(1);
    if (verb === "join") {
      const call = pool.submit(() => sleep(0).then(() => pool.join()));
      pool.close();
      await assertRejects(() => Promise.resolve(call), InvalidStateError, "its own calls");
    } else if (verb === "idle") {
      const call = pool.submit(() => pool.idle());
      await assertRejects(() => Promise.resolve(call), InvalidStateError, "its own calls");
    }
  }
});

Deno.test("maxQueue: one more call rejects with QueueFull, and is not called later either", async () => {
  const { begun, fn, open } = gated();
  const pool = new TaskPool({ maxWorkers: 1, maxQueue: 2, name: "small" });
  const calls = submitAll(pool, fn, [1, 2, 3, 4]);
  const message = 'Cannot submit a call: the queue of pool "small" is full, 2 calls wait already';
  await assertRejects(() => Promise.resolve(calls[3]!), QueueFull, message);
  await assertRejects(() => Promise.resolve(pool.apply(fn, [5])), QueueFull, "apply");
  calls[1]!.cancel();
  assertFalse(pool.submit(fn, 6).done());
  await settle();
  open(1);
  await settle();
  open(3);
  await settle();
  open(6);
  await pool.shutdown();
  assertEquals(begun, [1, 3, 6]);
});

Deno.test("maxQueue: 0 admits what can begin at once, and nothing while paused", async () => {
  const { fn, open } = gated();
  const pool = new TaskPool({ maxWorkers: 2, maxQueue: 0 });
  const calls = submitAll(pool, fn, [1, 2, 3]);
  await assertRejects(() => Promise.resolve(calls[2]!), QueueFull);
  await settle();
  open(1);
  await calls[0];
  const [call] = submitAll(pool, fn, [4]);
  await settle();
  open(2, 4);
  await call;
  pool.pause();
  await assertRejects(() => Promise.resolve(pool.submit(fn, 5)), QueueFull);
});

Deno.test("maxQueue: a map waits for room, whatever gives it", async () => {
  const { begun, fn, open } = gated();
  const pool = new TaskPool({ maxWorkers: 2, maxQueue: 1 });
  const calls = submitAll(pool, fn, [1, 2, 3]);
  const map = pool.map(fn, [4, 5, 6, 7]);
  await settle();
  assertEquals([begun, pool.stats.queued], [[1, 2], 1]);
  calls[2]!.cancel(); // room in the queue
  await settle();
  assertEquals([begun, pool.stats.queued], [[1, 2], 1]);
  open(1); // room for one that runs
  await settle();
  assertEquals([begun, pool.stats.queued], [[1, 2, 4], 1]);
  pool.maxWorkers = 3;
  await settle();
  assertEquals(begun, [1, 2, 4, 5]);
  open(2, 4, 5);
  await settle();
  open(6, 7);
  assertEquals(await map, [4, 5, 6, 7]);
});

Deno.test("rate: no more calls begin in any window, those of maps included, and in order", async () => {
  using time = new FakeTime();
  const begun: string[] = [];
  const fn = (n: number) => void begun.push(`${n} at ${time.now - time.start}`);
  const pool = new TaskPool({ maxWorkers: 10, rate: { max: 2, perMs: 100 } });
  submitAll(pool, fn, [1]);
  await settle();
  time.tick(30);
  submitAll(pool, fn, [2, 3]);
  const map = pool.map(fn, [4, 5]);
  do await settle(); while (time.next());
  assertEquals(begun, ["1 at 0", "2 at 30", "3 at 100", "4 at 130", "5 at 200"]);
  await map;
  await pool.shutdown();
});

Deno.test("rate: counts a call from when it begins, not one that is cancelled before", async () => {
  using time = new FakeTime();
  const begun: number[] = [];
  const fn = (n: number) => void begun.push(n);
  const pool = new TaskPool({ maxWorkers: 10, rate: { max: 1, perMs: 100 } });
  const [first, second] = submitAll(pool, fn, [1, 2, 3]);
  first!.cancel(); // begun, but its turn has not come
  await settle();
  assertEquals(begun, [2]);
  await second;
  time.tick(99);
  await settle();
  assertEquals(begun, [2]);
  time.tick(1);
  await settle();
  assertEquals(begun, [2, 3]);
  assertFalse(time.next(), "a timer is left");
});

Deno.test("rate: the last call that waits takes the timer along; a paused pool needs none", async () => {
  using time = new FakeTime();
  const pool = new TaskPool({ maxWorkers: 10, rate: { max: 1, perMs: 100 } });
  const calls = submitAll(pool, () => {}, [1, 2]);
  await settle();
  calls[1]!.cancel();
  assertFalse(time.next(), "a timer is left");
  time.tick(100);
  await pool.shutdown();
});

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  return () => (seed = (seed * 16807) % 2147483647) / 2147483647;
}

Deno.test("Random steering: limits hold at every moment, nothing is lost, and the counts agree", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    using time = new FakeTime();
    const next = random(seed);
    const rate = next() < 0.5 ? undefined : {
      max: 1 + Math.floor(next() * 4),
      perMs: 1 + Math.floor(next() * 20),
    };
    const maxQueue = next() < 0.5 ? Infinity : Math.floor(next() * 4);
    const pool = new TaskPool({ maxWorkers: 2, maxQueue, ...(rate && { rate }) });
    const starts: number[] = [];
    let running = 0, paused = false, begun = 0;
    const fn = async () => {
      assertFalse(paused && begunWhilePaused(), `seed ${seed}: began while paused`);
      begun++;
      starts.push(time.now);
      running++;
      try {
        await sleep(Math.floor(next() * 10));
        if (next() < 0.1) throw new RangeError("now and then");
      } finally {
        running--;
      }
    };
    // A call that was begun in the same step as the pause has its turn after it.
    let pausedAt = 0;
    const begunWhilePaused = () => time.now > pausedAt;
    const calls: Future<unknown>[] = [];
    const maps: Promise<unknown>[] = [];
    for (let step = 0; step < 60; step++) {
      const dice = next();
      if (dice < 0.5) calls.push(...submitAll(pool, fn, [step]));
      else if (dice < 0.6) maps.push(Promise.resolve(pool.map(fn, [1, 2, 3])).catch(() => {}));
      else if (dice < 0.7) calls[Math.floor(next() * calls.length)]?.cancel();
      else if (dice < 0.8) pool.maxWorkers = 1 + Math.floor(next() * 4);
      else if (dice < 0.85) {
        paused = true;
        pausedAt = time.now;
        pool.pause();
      } else if (dice < 0.95) {
        paused = false;
        pool.resume();
      } else {
        await settle();
        time.tick(Math.floor(next() * 10));
      }
      const { busy, queued } = pool.stats;
      assert(queued <= maxQueue, `seed ${seed}: ${queued} wait`);
      assert(busy >= running);
    }
    pool.resume();
    paused = false;
    const idle = pool.idle();
    do await settle(); while (time.next());
    await Promise.all([idle, ...maps]);
    assert(calls.every((call) => call.done()), `seed ${seed}: a call is lost`);
    const { busy, queued, completed, failed, cancelled } = pool.stats;
    assertEquals([busy, queued, running], [0, 0, 0]);
    assert(completed + failed <= begun && completed + failed + cancelled >= begun);
    for (const at of starts) {
      const inside = starts.filter((start) => start >= at && start < at + (rate?.perMs ?? 0));
      assert(inside.length <= (rate?.max ?? Infinity), `seed ${seed}: too many starts`);
    }
  }
});

Deno.test("close and join: join wants a closed pool, and waits for what is there", async () => {
  const { fn, open } = gated();
  const pool = new TaskPool(1);
  const calls = submitAll(pool, fn, [1, 2]);
  await assertRejects(() => pool.join(), InvalidStateError, "closed or terminated first");
  pool.close();
  assertThrows(() => pool.submit(fn, 3), InvalidStateError, "shut down");
  let joined = false;
  const join = pool.join().then(() => joined = true);
  await settle();
  open(1);
  await settle();
  assertFalse(joined);
  open(2);
  await join;
  assertEquals(calls.map((call) => call.result()), [1, 2]);
});

Deno.test("terminate: every caller hears of it at once, and it waits for what cleans up", async () => {
  const pool = new TaskPool(2);
  const gate = new Future<void>();
  const stubborn = async (_n: number) => {
    try {
      await sleep(Infinity);
    } finally {
      await gate;
    }
  };
  const calls = submitAll(pool, stubborn, [1, 2, 3]);
  const map = pool.map(stubborn, [4]);
  const all = assertRejects(() => Promise.resolve(map), CancelledError);
  await settle();
  let ended = false;
  const terminated = pool.terminate().then(() => ended = true);
  assert(calls.every((call) => call.cancelled()));
  assertThrows(() => pool.submit(stubborn, 5), InvalidStateError);
  await settle();
  assertFalse(ended);
  gate.setResult();
  await Promise.all([terminated, all]);
  const { busy, queued, cancelled } = pool.stats;
  assertEquals({ busy, queued, cancelled }, { busy: 0, queued: 0, cancelled: 4 });
  await pool.terminate();
});

Deno.test("stats: counts what its callers heard", async () => {
  using time = new FakeTime();
  const pool = new TaskPool(3);
  const calls = [
    pool.submit(() => 1),
    pool.submit(() => Promise.reject(new RangeError())),
    pool.apply(() => sleep(100), [], { timeout: 10 }),
    pool.submit(() => sleep(100)),
    pool.submit(() => sleep(100)),
  ];
  calls[4]!.cancel();
  const map = pool.map((n) => n, [1, 2]);
  const settled = Promise.allSettled([...calls, map]);
  do await settle(); while (time.next());
  await settled;
  assertEquals(pool.stats, {
    workers: 3,
    idle: 3,
    busy: 0,
    queued: 0,
    completed: 4,
    failed: 1,
    cancelled: 2,
    crashed: 0,
    stuck: 0,
  });
});

Deno.test("console.log shows what the pool does, in one line", async () => {
  const { fn, open } = gated();
  const pool = new TaskPool({ maxWorkers: 2, name: "img" });
  assertEquals(Deno.inspect(pool), 'TaskPool "img" [2 workers]');
  submitAll(pool, fn, [1, 2, 3]);
  pool.pause();
  assertEquals(Deno.inspect(pool), 'TaskPool "img" [2 workers, 2 busy, 1 queued, paused]');
  await settle();
  open(1, 2);
  await settle();
  pool.resume();
  await settle();
  open(3);
  await pool.shutdown();
  assertEquals(Deno.inspect(pool), 'TaskPool "img" [2 workers, shut down]');
  assertEquals(Deno.inspect(new TaskPool(1)), "TaskPool [1 worker]");
});

Deno.test("Options that steer are checked before anything is made", () => {
  for (const maxQueue of [-1, 0.5, NaN]) {
    assertThrows(() => new TaskPool({ maxQueue }), RangeError, "maxQueue must be");
  }
  for (
    const [rate, kind, message] of [
      [1, TypeError, "rate must be an object"],
      [null, TypeError, "rate must be an object"],
      [{ max: 1 }, TypeError, "rate.perMs must be a number"],
      [{ perMs: 1 }, TypeError, "rate.max must be a number"],
      [{ max: 0, perMs: 1 }, RangeError, "rate.max must be a positive integer"],
      [{ max: 1, perMs: 0 }, RangeError, "rate.perMs must be a positive number"],
      [{ max: 1, perMs: 1, per: 1 }, TypeError, 'unknown option "per"'],
    ] as [never, typeof TypeError | typeof RangeError, string][]
  ) assertThrows(() => new TaskPool({ rate }), kind, message);
});

Deno.test("starmap: takes rows that are const, and refuses those that do not fit", async () => {
  const pool = new TaskPool(1);
  const rows = [[2, "a"], [3, "b"]] as const;
  const repeat = (n: number, text: string) => text.repeat(n);
  const repeated: string[] = await pool.starmap(repeat, rows);
  assertEquals(repeated, ["aa", "bbb"]);
  const wrong = [["a", 2]] as const;
  // @ts-expect-error: the parts of a row are in the wrong order
  await assertRejects(() => Promise.resolve(pool.starmap(repeat, wrong)));
});
