import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  Future,
  gather,
  InvalidStateError,
  run,
  sleep,
  TaskGroup,
  TaskPool,
  timeout,
  TimeoutError,
  wait,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { sweep } from "../support/sweep.ts";

/** Waits until it is cancelled. */
const forever = () => sleep(60_000);

/** A function that waits at a gate of its own for each call, and the gates. */
function gated() {
  const gates: Future<unknown>[] = [];
  const begun: unknown[] = [];
  const fn = async (value?: unknown): Promise<unknown> => {
    begun.push(value);
    const gate = new Future<unknown>();
    gates.push(gate);
    return await gate;
  };
  return { gates, begun, fn };
}

/** What a promise-like was rejected with. */
function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    (value) => Promise.reject(new Error(`Resolved with ${value}`)),
    (error) => error,
  );
}

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const count = { now: 0, most: 0 };
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => {
    count.most = Math.max(count.most, ++count.now);
    add(...args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count.now--;
    remove(...args);
  };
  return { controller, signal, count };
}

function* naturals(seen: { read: number; closed: boolean }): Generator<number> {
  try {
    for (let n = 0;; n++) {
      seen.read++;
      yield n;
    }
  } finally {
    seen.closed = true;
  }
}

async function* slowNaturals(seen: { read: number; closed: boolean }): AsyncGenerator<number> {
  try {
    for (let n = 0;; n++) {
      await sleep(0);
      seen.read++;
      yield n;
    }
  } finally {
    seen.closed = true;
  }
}

/** Every failure that nobody looked at while `body` ran. */
async function unhandled(body: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    reasons.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  try {
    await body();
    // Bun tells of those of an immediate after the timers that are due.
    for (let i = 0; i < 2; i++) await new Promise((resolve) => setTimeout(resolve));
    return reasons;
  } finally {
    removeEventListener("unhandledrejection", listener);
  }
}

Deno.test("submit passes the arguments, and gives a future of the result", async () => {
  await using pool = new TaskPool(2);
  assertEquals(await pool.submit((a: number, b: string) => `${a}${b}`, 1, "b"), "1b");
  assertEquals(await pool.submit(async () => await sleep(0, [1, 2])), [1, 2]);
  const future = pool.submit(() => 7);
  assert(future instanceof Future);
  assertFalse(future.done());
  assertEquals(await future, 7);
});

Deno.test("A call never begins before submit has returned", async () => {
  await using pool = new TaskPool(1);
  let begun = false;
  const future = pool.submit(() => {
    begun = true;
  });
  assertFalse(begun);
  await future;
  assert(begun);
});

Deno.test("No more calls than maxWorkers run at a time, and they begin in order", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool(2);
  const futures = [1, 2, 3, 4, 5].map((n) => pool.submit(fn, n));
  await settle();
  assertEquals(begun, [1, 2]);
  gates[1]!.setResult("b");
  await settle();
  assertEquals(begun, [1, 2, 3]);
  assertEquals(futures[1]!.result(), "b");
  for (let i = 0; i < 5; i++) {
    if (!gates[i]!.done()) gates[i]!.setResult(i);
    await settle();
  }
  assertEquals(begun, [1, 2, 3, 4, 5]);
  assertEquals(await gather(futures), [0, "b", 2, 3, 4]);
  await pool.shutdown();
});

Deno.test("The default is that of ThreadPoolExecutor", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool();
  const futures = Array.from({ length: 40 }, (_, n) => pool.submit(fn, n));
  await settle();
  assertEquals(begun.length, Math.min(32, navigator.hardwareConcurrency + 4));
  while (gates.length < 40 || gates.some((gate) => !gate.done())) {
    for (const gate of gates) if (!gate.done()) gate.setResult(0);
    await settle();
  }
  await gather(futures);
});

Deno.test("A call runs as a task of its own", async () => {
  await using pool = new TaskPool({ maxWorkers: 2, name: "fetcher" });
  const names = await pool.map(() => currentTask()?.name, [1, 2]);
  assertEquals(names, ["fetcher-1", "fetcher-2"]);
  await createTask(async () => {
    const own = currentTask();
    assert(await pool.submit(() => currentTask() !== undefined && currentTask() !== own));
  });
});

Deno.test("Failures arrive as they are, also what is no error", async () => {
  await using pool = new TaskPool(1);
  const error = new RangeError("no");
  const fail = (reason: unknown) => {
    throw reason;
  };
  assert(await failure(pool.submit(fail, error)) === error);
  assertEquals(await failure(pool.submit(fail, undefined)), undefined);
  assertEquals(await failure(pool.submit(() => Promise.reject(7))), 7);
});

Deno.test("A failure that nobody looks at is an unhandled rejection, a cancellation is not", async () => {
  const error = new Error("lost");
  const reasons = await unhandled(async () => {
    await using pool = new TaskPool(1);
    pool.submit(() => Promise.reject(error));
    pool.submit(forever).cancel();
  });
  assertEquals(reasons, [error]);
});

Deno.test("The higher priority goes first, and equals in order of arrival", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool(1);
  const first = pool.submit(fn, "running");
  const futures = [0, -1, 5, 0, 5, -1, Infinity, -Infinity].map((priority, i) =>
    pool.apply(fn, [`${priority}/${i}`], { priority })
  );
  for (let i = 0; i < 9; i++) {
    await settle();
    gates[i]!.setResult(i);
  }
  await gather([first, ...futures]);
  assertEquals(begun, [
    "running",
    "Infinity/6",
    "5/2",
    "5/4",
    "0/0",
    "0/3",
    "-1/1",
    "-1/5",
    "-Infinity/7",
  ]);
});

Deno.test("Calls with a priority can be cancelled in any order, 10,000 of them", async () => {
  const { gates, fn } = gated();
  const pool = new TaskPool(1);
  const running = pool.submit(fn);
  const order: number[] = [];
  const futures = Array.from({ length: 10_000 }, (_, i) => {
    return pool.apply((n: number) => void order.push(n), [i], { priority: 1 + i % 100 });
  });
  futures.forEach((future, i) => i % 1_000 !== 0 && future.cancel());
  await settle();
  gates[0]!.setResult(0);
  await running;
  await pool.shutdown();
  assertEquals(order, Array.from({ length: 10 }, (_, i) => i * 1_000));
});

Deno.test("A waiting call that is cancelled never runs; first, middle and last of three", async () => {
  for (const victim of [0, 1, 2]) {
    const { gates, begun, fn } = gated();
    const pool = new TaskPool(1);
    const running = pool.submit(fn, "running");
    const waiting = [0, 1, 2].map((n) => pool.submit(fn, n));
    await settle();
    assert(waiting[victim]!.cancel("not needed"));
    assert(waiting[victim]!.cancelled());
    assertFalse(waiting[victim]!.cancel());
    for (let i = 0; i < 3; i++) {
      gates[i]!.setResult(i);
      await settle();
    }
    assertEquals(begun, ["running", ...[0, 1, 2].filter((n) => n !== victim)]);
    await running;
    await pool.shutdown();
  }
});

Deno.test("A running call that is cancelled is answered at once, and keeps its place until it ended", async () => {
  const cleaned = new Future<void>();
  const log: string[] = [];
  const pool = new TaskPool(1);
  const running = pool.submit(async () => {
    try {
      await sleep(60_000);
    } finally {
      log.push("cleaning up");
      await cleaned;
      log.push("clean");
    }
  });
  const next = pool.submit(() => log.push("next"));
  await settle();
  assert(running.cancel("stop"));
  assertEquals((await failure(running) as Error).message, "stop");
  assert(running.cancelled());
  await settle();
  assertEquals(log, ["cleaning up"]);
  cleaned.setResult();
  await next;
  assertEquals(log, ["cleaning up", "clean", "next"]);
  await pool.shutdown();
});

Deno.test("A call that swallows its cancellation is cancelled for its caller all the same", async () => {
  await using pool = new TaskPool(1);
  const stubborn = pool.submit(() => sleep(60_000).catch(() => "I go on"));
  await settle();
  stubborn.cancel();
  await assertRejects(() => Promise.resolve(stubborn), CancelledError);
  const reasons = await unhandled(async () => {
    const messy = pool.submit(() =>
      sleep(60_000).finally(() => {
        throw new Error("while cleaning up");
      })
    );
    await settle();
    messy.cancel();
  });
  assertEquals(reasons, []);
});

Deno.test("Cancelling a task that awaits a call cancels the call", async () => {
  await using pool = new TaskPool(1);
  let signal: AbortSignal | undefined;
  const task = createTask(async () => {
    await pool.submit(() => {
      signal = currentTask()!.signal;
      return sleep(60_000);
    });
  });
  await settle();
  task.cancel();
  await failure(task);
  assert(task.cancelled());
  assert(signal?.aborted);
});

Deno.test("A call whose task is cancelled from elsewhere is cancelled", async () => {
  await using pool = new TaskPool({ maxWorkers: 1, name: "worker" });
  const future = pool.submit(forever);
  await settle();
  for (const task of allTasks()) if (task.name === "worker-1") task.cancel("from elsewhere");
  assertEquals((await failure(future) as Error).message, "from elsewhere");
  assert(future.cancelled());
});

Deno.test("A call is one task, however often and from wherever it is looked at", async () => {
  await using pool = new TaskPool({ maxWorkers: 2, name: "worker" });
  const gate = new Future<void>();
  const results = pool.map(async (item) => {
    if (item === 1) await gate;
    const first = currentTask();
    await gate;
    return currentTask() === first && first?.done() === false;
  }, [1, 2]);
  await settle();
  const seen = [...allTasks()].filter(({ name }) => name.startsWith("worker-"));
  assertEquals(seen.map(({ name }) => name), ["worker-1", "worker-2"]);
  assertEquals([...allTasks()].filter((task) => seen.includes(task)).length, 2);
  gate.setResult();
  assertEquals(await results, [true, true]);
  assertEquals(await Promise.all(seen), [true, true]);
  assertEquals([...allTasks()].filter((task) => seen.includes(task)), []);
});

Deno.test("What a call left behind belongs to no task, and not to the next call", async () => {
  await using pool = new TaskPool(1);
  const gate = new Future<void>();
  const left: unknown[] = [];
  const linger = async () => {
    await Promise.resolve(gate);
    left.push(currentTask());
  };
  await pool.submit(() => void linger());
  const next = pool.submit(async () => {
    gate.setResult();
    await sleep(0);
    return currentTask() !== undefined;
  });
  assert(await next);
  assertEquals(left, [undefined]);
});

Deno.test("A thenable that calls back twice ends its own call only", async () => {
  await using pool = new TaskPool(1);
  const late: (() => void)[] = [];
  // deno-lint-ignore no-explicit-any
  const twice = (value: unknown): any => ({
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      late.push(() => {
        resolve(value);
        reject(new Error("too late"));
      });
      resolve(value);
      resolve("twice");
    },
  });
  class Odd<T> extends Promise<T> {
    static override get [Symbol.species]() {
      return Promise;
    }

    // deno-lint-ignore no-explicit-any
    override then(resolve?: any, reject?: any): any {
      return super.then(resolve, reject).then(() => resolve?.("again"));
    }
  }
  const calls = [
    pool.submit(() => twice(1)),
    pool.submit(async () => {
      for (const call of late) call();
      return await sleep(0, 2);
    }),
    pool.submit(() => Odd.resolve(3)),
    pool.submit(() => Promise.reject(4)),
    pool.submit(() => 5),
  ];
  const ends = await Promise.allSettled(calls);
  assertEquals(ends.map((end) => end.status === "fulfilled" ? end.value : end.reason), [
    1,
    2,
    3,
    4,
    5,
  ]);
});

Deno.test("A call that awaits its own future can be cancelled", async () => {
  await using pool = new TaskPool(1);
  const future: Future<unknown> = pool.submit(async () => await future);
  await settle();
  future.cancel();
  await assertRejects(() => Promise.resolve(future), CancelledError);
});

Deno.test("A signal cancels calls that wait and calls that run; one listener serves all", async () => {
  const { controller, signal, count } = countedSignal();
  const { begun, fn } = gated();
  await using pool = new TaskPool(2);
  const futures = Array.from({ length: 1_000 }, (_, n) => pool.apply(fn, [n], { signal }));
  await settle();
  assertEquals(count.most, 1);
  controller.abort(new Error("enough"));
  const errors = await Promise.all(futures.map(failure)) as Error[];
  assert(errors.every((error) => error instanceof CancelledError));
  assertEquals((errors[0]!.cause as Error).message, "enough");
  assertEquals(begun, [0, 1]);
  assertEquals(count.now, 0);
});

Deno.test("The listener goes when the last call is over; an aborted signal lets nothing begin", async () => {
  const { controller, signal, count } = countedSignal();
  await using pool = new TaskPool(2);
  await gather([1, 2, 3].map((n) => pool.apply((m: number) => m, [n], { signal })));
  await pool.map((n) => n, [1, 2, 3], { signal });
  assertEquals(count, { now: 0, most: 1 });
  controller.abort();
  const { begun, fn } = gated();
  assert(pool.apply(fn, [1], { signal }).cancelled());
  await assertRejects(() => Promise.resolve(pool.map(fn, [1, 2], { signal })), CancelledError);
  assertEquals(begun, []);
});

Deno.test("timeout counts from the start of the call, and frees its place when it has ended", async () => {
  using time = new FakeTime();
  const cleaned = new Future<void>();
  const { gates, fn } = gated();
  const pool = new TaskPool(1);
  const first = pool.submit(fn);
  const late = pool.apply(
    async () => {
      try {
        await sleep(60_000);
      } finally {
        await cleaned;
      }
    },
    [],
    { timeout: 100 },
  );
  const next = pool.submit(() => "next");
  await time.tickAsync(1_000);
  gates[0]!.setResult(0);
  await first;
  await time.tickAsync(99);
  assertFalse(late.done());
  await time.tickAsync(1);
  await assertRejects(() => Promise.resolve(late), TimeoutError);
  assertFalse(late.cancelled());
  await time.runMicrotasks();
  assertFalse(next.done());
  cleaned.setResult();
  assertEquals(await next, "next");
  await pool.shutdown();
});

Deno.test("A timeout of 0 stops at the first wait; Infinity is no limit; it goes with the call", async () => {
  using time = new FakeTime();
  await using pool = new TaskPool(1);
  await assertRejects(
    () => Promise.resolve(pool.apply(forever, [], { timeout: 0 })),
    TimeoutError,
  );
  assertEquals(await pool.apply(() => 1, [], { timeout: Infinity }), 1);
  assertEquals(await pool.apply(() => 1, [], { timeout: 1_000 }), 1);
  assertFalse(time.next());
});

Deno.test("The futures work wherever futures do", async () => {
  using time = new FakeTime();
  await using pool = new TaskPool(4);
  assertEquals(await gather(pool.submit(() => 1), pool.submit(() => 2)), [1, 2]);
  const { done, pending } = await wait<unknown>([pool.submit(() => 1), pool.submit(forever)], {
    returnWhen: "FIRST_COMPLETED",
  });
  assertEquals([done.size, pending.size], [1, 1]);
  for (const future of pending) future.cancel();
  const seen: unknown[] = [];
  const future = pool.submit(() => 3);
  future.addDoneCallback((one) => seen.push(one === future, one.result()));
  await future;
  await settle();
  assertEquals(seen, [true, 3]);
  const limited = failure(timeout(5, () => pool.submit(forever)));
  await time.tickAsync(5);
  assert(await limited instanceof TimeoutError);
  let stopped = false;
  const group = TaskGroup.run((tg) => {
    tg.createTask(() => pool.submit(() => sleep(60_000).finally(() => stopped = true)));
    tg.createTask(async () => {
      await time.runMicrotasks();
      throw new Error("sibling");
    });
  });
  await failure(group);
  await time.runMicrotasks();
  assert(stopped);
});

Deno.test("map gives the results in order, whatever the order in which they are done", async () => {
  using time = new FakeTime();
  await using pool = new TaskPool(3);
  const all = pool.map((n) => sleep(10 * (5 - n), n * n), [1, 2, 3, 4]).then((results) => results);
  await time.runMicrotasks();
  await time.runAllAsync();
  assertEquals(await all, [1, 4, 9, 16]);
  const loose = pool.mapUnordered((ms) => sleep(ms, ms), [30, 10, 20]).then((results) => results);
  await time.runMicrotasks();
  await time.runAllAsync();
  assertEquals(await loose, [10, 20, 30]);
  assertEquals(await pool.starmap((a: number, b: number) => a - b, [[5, 1], [7, 2]]), [4, 5]);
  assertEquals(await pool.map((n) => n, []), []);
  assertEquals(await pool.map((c) => c, "añb"), ["a", "ñ", "b"]);
  assertEquals(await pool.map((n) => n, new Set([3, 1])), [3, 1]);
});

Deno.test("map passes an item only, and each of several maps goes on", async () => {
  await using pool = new TaskPool(2);
  const counts = await pool.map((...args: unknown[]) => args.length, [1, 2]);
  assertEquals(counts, [1, 1]);
  const maps = [1, 2, 3].map((k) => pool.map((n) => sleep(0, n * k), [1, 2, 3]));
  assertEquals(await gather(maps), [[1, 2, 3], [2, 4, 6], [3, 6, 9]]);
});

Deno.test("map begins at the call, whether or not its results are asked for", async () => {
  const { begun, fn } = gated();
  const pool = new TaskPool(2);
  const result = pool.map(fn, [1, 2, 3]);
  assertEquals(begun, []);
  await settle();
  assertEquals(begun, [1, 2]);
  await result[Symbol.asyncIterator]().return?.();
  await pool.shutdown();
});

Deno.test("map can be iterated, and a list is done before anyone iterates", async () => {
  await using pool = new TaskPool(2);
  const done: number[] = [];
  const result = pool.map((n) => done.push(n), Array.from({ length: 100 }, (_, i) => i));
  await settle();
  assertEquals(done.length, 100);
  const results: number[] = [];
  for await (const one of result) results.push(one);
  assertEquals(results, Array.from({ length: 100 }, (_, i) => i + 1));
});

Deno.test("map takes from an infinite input no more than its workers and its reader need", async () => {
  const seen = { read: 0, closed: false };
  await using pool = new TaskPool(2);
  const results = pool.map((n) => n * 2, naturals(seen))[Symbol.asyncIterator]();
  await settle();
  assertEquals(seen.read, 16);
  for (let n = 0; n < 100; n++) {
    assertEquals(await results.next(), { done: false, value: 2 * n });
    await settle();
    assertEquals(seen.read, 17 + n);
  }
  await results.return?.();
  assert(seen.closed);
  assertEquals(await results.next(), { done: true, value: undefined });
});

Deno.test("buffersize bounds what is taken and not handed over", async () => {
  for (const unordered of [false, true]) {
    const seen = { read: 0, closed: false };
    await using pool = new TaskPool(4);
    const map = unordered ? pool.mapUnordered.bind(pool) : pool.map.bind(pool);
    const options = { buffersize: 3 };
    const results = map((n: number) => n, naturals(seen), options)[Symbol.asyncIterator]();
    await settle();
    assertEquals(seen.read, 3);
    await results.next();
    await results.next();
    await settle();
    assertEquals(seen.read, 5);
    await results.return?.();
    const many = Array.from({ length: 50 }, (_, i) => i);
    assertEquals(await map((n: number) => n, many, { buffersize: 1 }), many);
  }
});

Deno.test("An async input is read as it comes, and closed when the loop is left", async () => {
  const seen = { read: 0, closed: false };
  const pool = new TaskPool(2);
  const squares: number[] = [];
  for await (const square of pool.map((n) => n * n, slowNaturals(seen))) {
    squares.push(square);
    if (square >= 100) break;
  }
  assertEquals(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100]);
  await pool.shutdown();
  await settle();
  assert(seen.closed);
  assert(seen.read <= 11 + 2 * 8 + 1);
});

Deno.test("An awaited map over an async input gives them all", async () => {
  async function* letters() {
    yield* ["a", "b"];
    await sleep(0);
    yield "c";
  }
  await using pool = new TaskPool(2);
  assertEquals(await pool.map((c) => c + c, letters()), ["aa", "bb", "cc"]);
});

Deno.test("An input that fails ends the map after what came before", async () => {
  const error = new Error("input");
  function* broken() {
    yield 1;
    yield 2;
    throw error;
  }
  await using pool = new TaskPool(2);
  assert(await failure(pool.map((n) => n, broken())) === error);
  const results: number[] = [];
  const caught = await failure((async () => {
    for await (const one of pool.map((n) => n, broken())) results.push(one);
  })());
  assert(caught === error);
  assertEquals(results, [1, 2]);
});

Deno.test("The first failure in order counts; what comes before is handed over, what comes after cancelled", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool(4);
  const results: unknown[] = [];
  let ended = 0;
  const loop = failure((async () => {
    const calls = pool.map((n) => fn(n).finally(() => ended++), [0, 1, 2, 3, 4, 5]);
    for await (const one of calls) results.push(one);
  })());
  await settle();
  gates[2]!.setException(new Error("third"));
  await settle();
  // The fourth was cancelled, and nothing more begun; the first two may still go on.
  assertEquals([begun, ended], [[0, 1, 2, 3], 2]);
  gates[1]!.setException(new Error("second"));
  await settle();
  gates[0]!.setResult("first");
  assertEquals((await loop as Error).message, "second");
  assertEquals(results, ["first"]);
  assertEquals(begun, [0, 1, 2, 3]);
  await pool.shutdown();
});

Deno.test("Of an unordered map, the failure that happens first cancels all others", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool(3);
  let ended = 0;
  const outcome = failure(pool.mapUnordered((n) => fn(n).finally(() => ended++), [0, 1, 2, 3]));
  await settle();
  gates[2]!.setException(new Error("third"));
  assertEquals((await outcome as Error).message, "third");
  await pool.shutdown();
  assertEquals([begun, ended], [[0, 1, 2], 3]);
});

Deno.test("The failure of a map that nobody looks at is an unhandled rejection", async () => {
  const error = new Error("lost");
  for (const unordered of [false, true]) {
    const reasons = await unhandled(async () => {
      await using pool = new TaskPool(1);
      if (unordered) pool.mapUnordered(() => Promise.reject(error), [1, 2, 3]);
      else pool.map(() => Promise.reject(error), [1, 2, 3]);
    });
    assertEquals(reasons, [error]);
  }
});

Deno.test("Leaving the loop early, a cancellation, a signal and a time limit stop the rest", async () => {
  using time = new FakeTime();
  const pool = new TaskPool(2);
  let running = 0;
  const work = async (n: number) => {
    running++;
    try {
      return n === 0 ? n : await sleep(60_000, n);
    } finally {
      running--;
    }
  };
  const items = [0, 1, 2, 3, 4];
  for await (const _ of pool.map(work, items)) break;
  await settle();
  assertEquals(running, 0);

  const task = createTask(async () => await pool.map(work, items));
  await settle();
  assertEquals(running, 2);
  task.cancel();
  await failure(task);
  assert(task.cancelled());
  await settle();
  assertEquals(running, 0);

  const loop = createTask(async () => {
    for await (const _ of pool.map(work, items));
  });
  await settle();
  loop.cancel();
  await failure(loop);
  assert(loop.cancelled());
  await settle();
  assertEquals(running, 0);

  const controller = new AbortController();
  const aborted = failure(pool.map(work, items, { signal: controller.signal }));
  await settle();
  controller.abort();
  assert(await aborted instanceof CancelledError);
  await settle();
  assertEquals(running, 0);

  const late = failure(pool.map(work, items, { timeout: 50 }));
  await settle();
  await time.tickAsync(50);
  assert(await late instanceof TimeoutError);
  await settle();
  assertEquals(running, 0);
  await pool.shutdown();
});

Deno.test("A loop gets what was done in time before it hears of the time limit", async () => {
  using time = new FakeTime();
  await using pool = new TaskPool(2);
  const results: number[] = [];
  const map = pool.map((n) => n < 3 ? n : sleep(60_000, n), [0, 1, 2, 3, 4], { timeout: 50 });
  const iterator = map[Symbol.asyncIterator]();
  await time.tickAsync(50);
  await settle();
  for (let i = 0; i < 3; i++) results.push((await iterator.next()).value);
  assertEquals(results, [0, 1, 2]);
  await assertRejects(() => iterator.next(), TimeoutError);
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

Deno.test("onProgress hears of each item; what it throws ends the map", async () => {
  await using pool = new TaskPool(2);
  const calls: unknown[][] = [];
  await pool.map((n) => n, [1, 2, 3], { onProgress: (...args) => calls.push(args) });
  assertEquals(calls, [[1, 3], [2, 3], [3, 3]]);
  calls.length = 0;
  function* three() {
    yield* [1, 2, 3];
  }
  await pool.map((n) => n, three(), { onProgress: (...args) => calls.push(args) });
  assertEquals(calls.map(([done]) => done), [1, 2, 3]);
  const error = new Error("progress");
  const failing = pool.map((n) => n, [1, 2, 3], {
    onProgress: () => {
      throw error;
    },
  });
  assert(await failure(failing) === error);
});

Deno.test("A map can be awaited several times, iterated after, and not awaited once it is iterated", async () => {
  await using pool = new TaskPool(2);
  const result = pool.map((n) => n + 1, [1, 2]);
  assertEquals(await result, [2, 3]);
  assertEquals(await result, [2, 3]);
  const again: number[] = [];
  for await (const one of result) again.push(one);
  assertEquals(again, [2, 3]);
  const iterated = pool.map((n) => n, [1, 2]);
  const iterator = iterated[Symbol.asyncIterator]();
  await iterator.next();
  await assertRejects(() => Promise.resolve(iterated), InvalidStateError);
  await iterator.return?.();
});

Deno.test("shutdown refuses new work, and waits for what is there", async () => {
  const { gates, fn } = gated();
  const pool = new TaskPool(1);
  const futures = [pool.submit(fn, 1), pool.submit(fn, 2)];
  const mapped = pool.map(fn, [3, 4]);
  let ended = false;
  const shutdown = pool.shutdown().then(() => ended = true);
  for (
    const refused of [
      () => pool.submit(fn),
      () => pool.apply(fn, []),
      () => pool.map(fn, []),
      () => pool.starmap(fn, []),
      () => pool.mapUnordered(fn, []),
    ]
  ) assertThrows(refused, InvalidStateError, "shut down");
  for (let i = 0; i < 4; i++) {
    await settle();
    assertFalse(ended);
    gates[i]!.setResult(i);
  }
  await shutdown;
  assertEquals(await gather([...futures, mapped]), [0, 1, [2, 3]]);
  await pool.shutdown();
  await pool.shutdown({ wait: false });
});

Deno.test("shutdown without waiting comes back at once; the calls go on", async () => {
  const { gates, fn } = gated();
  const pool = new TaskPool(1);
  const futures = [pool.submit(fn), pool.submit(fn)];
  await pool.shutdown({ wait: false });
  await settle();
  gates[0]!.setResult(1);
  await settle();
  gates[1]!.setResult(2);
  assertEquals(await gather(futures), [1, 2]);
});

Deno.test("shutdown with cancelFutures cancels what has not begun", async () => {
  const { gates, begun, fn } = gated();
  const pool = new TaskPool(2);
  const running = pool.submit(fn, "running");
  const map = pool.map(fn, [1, 2, 3]);
  await settle();
  const waiting = pool.submit(fn, "waiting");
  const shutdown = pool.shutdown({ cancelFutures: true });
  assert(waiting.cancelled());
  await settle();
  gates[0]!.setResult(1);
  gates[1]!.setResult(2);
  await shutdown;
  assertEquals(await running, 1);
  assertEquals(begun, ["running", 1]);
  await assertRejects(() => Promise.resolve(map), CancelledError);
});

Deno.test("shutdown with cancelFutures lets a loop have what was begun", async () => {
  for (const unordered of [false, true]) {
    const { gates, fn } = gated();
    const pool = new TaskPool(2);
    const map = unordered ? pool.mapUnordered.bind(pool) : pool.map.bind(pool);
    const iterator = map(fn, [1, 2, 3, 4])[Symbol.asyncIterator]();
    await settle();
    const shutdown = pool.shutdown({ cancelFutures: true });
    await settle();
    gates[1]!.setResult("b");
    gates[0]!.setResult("a");
    const results = [(await iterator.next()).value, (await iterator.next()).value];
    assertEquals(results, unordered ? ["b", "a"] : ["a", "b"]);
    await assertRejects(() => iterator.next(), CancelledError);
    await shutdown;
  }
});

Deno.test("A call of the pool cannot wait for its shutdown", async () => {
  const pool = new TaskPool(1);
  await assertRejects(
    () => Promise.resolve(pool.submit(() => pool.shutdown())),
    InvalidStateError,
    "its own calls",
  );
  await pool.shutdown();
});

Deno.test("await using waits for the work; a cancelled shutdown leaves the calls alone", async () => {
  const log: string[] = [];
  {
    await using pool = new TaskPool(1);
    pool.submit(async () => {
      await sleep(0);
      log.push("work");
    });
  }
  log.push("after");
  assertEquals(log, ["work", "after"]);

  const { gates, fn } = gated();
  const pool = new TaskPool(1);
  const future = pool.submit(fn);
  const task = createTask(() => pool.shutdown());
  await settle();
  task.cancel();
  await failure(task);
  assert(task.cancelled());
  gates[0]!.setResult(1);
  assertEquals(await future, 1);
});

Deno.test("run cancels at its end the calls that were made under it", async () => {
  const pool = new TaskPool(2);
  let ended = 0;
  const work = () => sleep(60_000).finally(() => ended++);
  await run(async () => {
    for (let i = 0; i < 4; i++) pool.submit(work);
    pool.map(work, [1, 2, 3]);
    await sleep(0);
  }, { handleSignals: false });
  assertEquals(await pool.submit(() => "alive"), "alive");
  assert(ended >= 2);
  await pool.shutdown();
});

Deno.test("run ends a map that waits for its reader, and the map hears of it", async () => {
  const seen = { read: 0, closed: false };
  const pool = new TaskPool(1);
  let results: AsyncIterator<number> | undefined;
  await run(async () => {
    results = pool.map((n) => n, slowNaturals(seen))[Symbol.asyncIterator]();
    assertEquals((await results.next()).value, 0);
    while (seen.read < 9) await sleep(0);
  }, { handleSignals: false });
  assert(seen.closed);
  for (let n = 1; n < 9; n++) assertEquals((await results!.next()).value, n);
  await assertRejects(() => results!.next(), CancelledError);
  await pool.shutdown();
});

Deno.test("An input may stop its own map", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let closed = false;
  function* items() {
    try {
      yield 1;
      controller.abort();
      yield 2;
    } finally {
      closed = true;
    }
  }
  await using pool = new TaskPool(1);
  await assertRejects(
    () => Promise.resolve(pool.map((n) => n, items(), { signal })),
    CancelledError,
  );
  assert(closed);
});

Deno.test("Nonsense is refused before anything has happened", async () => {
  const none = undefined as never;
  assertThrows(() => new TaskPool("2" as never), TypeError, "options");
  assertThrows(() => new TaskPool({ maxWorkers: "2" as never }), TypeError, "maxWorkers");
  assertThrows(() => new TaskPool(0), RangeError, "maxWorkers must be a positive integer");
  assertThrows(() => new TaskPool(1.5), RangeError, "maxWorkers");
  assertThrows(() => new TaskPool(Infinity), RangeError, "maxWorkers");
  assertThrows(() => new TaskPool({ name: 7 as never }), TypeError, "name");
  const pool = new TaskPool(1);
  const id = (n: unknown) => n;
  assertThrows(() => pool.submit(none), TypeError, "fn must be a function");
  assertThrows(() => pool.apply(id, none), TypeError, "args must be an array");
  assertThrows(() => pool.apply(id, [1], 5 as never), TypeError, "options");
  assertThrows(() => pool.apply(id, [1], { signal: {} as never }), TypeError, "signal");
  assertThrows(() => pool.apply(id, [1], { timeout: "1" as never }), TypeError, "timeout");
  assertThrows(() => pool.apply(id, [1], { timeout: NaN }), RangeError, "timeout");
  assertThrows(() => pool.apply(id, [1], { priority: "1" as never }), TypeError, "priority");
  assertThrows(() => pool.apply(id, [1], { priority: NaN }), RangeError, "priority");
  assertThrows(() => pool.apply(id, [1], { transfer: {} as never }), TypeError, "transfer");
  assertThrows(() => pool.map(none, []), TypeError, "fn");
  assertThrows(() => pool.starmap(none, []), TypeError, "fn");
  assertThrows(() => pool.map(id, 5 as never), TypeError, "items must be iterable");
  assertThrows(() => pool.map(id, none), TypeError, "items must be iterable");
  assertThrows(() => pool.map(id, [], { chunksize: 0 }), RangeError, "chunksize");
  assertThrows(() => pool.map(id, [], { buffersize: 0 }), RangeError, "buffersize");
  assertThrows(() => pool.map(id, [], { timeout: NaN }), RangeError, "timeout");
  assertThrows(() => pool.map(id, [], { onProgress: 5 as never }), TypeError, "onProgress");
  await assertRejects(() => pool.shutdown(5 as never), TypeError, "options");
  await assertRejects(() => pool.shutdown({ wait: 1 as never }), TypeError, "wait");
  await assertRejects(() => pool.shutdown({ cancelFutures: 1 as never }), TypeError);
  assertEquals(await pool.submit(() => "still open"), "still open");
  await assertRejects(
    () => Promise.resolve(pool.starmap((a: unknown) => a, [5 as never])),
    TypeError,
  );
  await pool.shutdown();
});

Deno.test("100,000 calls, of which every other is cancelled", async () => {
  await using pool = new TaskPool(16);
  let count = 0;
  const futures = Array.from({ length: 100_000 }, () => pool.submit(() => void count++));
  futures.forEach((future, i) => i % 2 === 0 && future.cancel());
  await Promise.allSettled(futures);
  assertEquals(count, 50_000);
  const items = Array.from({ length: 100_000 }, (_, i) => i);
  assertEquals((await pool.map((n) => n + 1, items)).at(-1), 100_000);
});

Deno.test("A cancellation at any microtask leaves no place taken and nothing waiting", async () => {
  const check = async (pool: TaskPool) => {
    assertEquals(await gather([1, 2, 3].map((n) => pool.submit(() => n))), [1, 2, 3]);
    await pool.shutdown();
  };
  /** A wait that is over a turn later. */
  const sleepless = async () => {
    const future = new Future<void>();
    queueMicrotask(() => future.done() || future.setResult());
    await future;
  };
  const hop = async (n: number) => {
    await undefined;
    await sleepless();
    return n;
  };
  await sweep(() => {
    const pool = new TaskPool(1);
    const first = pool.submit(hop, 1);
    const victim = createTask(async () => await pool.submit(hop, 2));
    const last = pool.submit(hop, 3);
    return { victim, others: [first, last], check: () => check(pool) };
  });
  await sweep(() => {
    const pool = new TaskPool(2);
    const victim = createTask(async () => await pool.map(hop, [1, 2, 3, 4, 5]));
    return { victim, check: () => check(pool) };
  }, { twice: true });
  await sweep(() => {
    const pool = new TaskPool(2);
    const victim = createTask(async () => {
      const results: number[] = [];
      for await (const one of pool.mapUnordered(hop, [1, 2, 3, 4, 5])) results.push(one);
      assertEquals(results.length, 5);
    });
    return { victim, check: () => check(pool) };
  });
});
