/**
 * What a user of any runtime relies on, in JavaScript that all of them can read as it is. Each check
 * says what it needs; where a runtime has not got that, the check of the refusal runs instead.
 */
import * as strand from "@strand/strand";

const { gather, sleep, TaskGroup, timeout, Queue, Lock, currentTask, run, TaskPool, WorkerPool } =
  strand;
const { ProcessPool, Thread, toThread, SharedValue, SharedArray, SharedQueue, SharedLock } = strand;
const { SharedEvent, SharedSemaphore, SharedBarrier, pipe } = strand;

/** @typedef {"context" | "threads" | "memory" | "processes" | "addresses" | "exits" | "source" | "tasks" | "own"} Feature */

/** @type {{ name: string, needs: Feature[], lacks?: Feature, fn: (tools: Tools) => unknown }[]} */
export const checks = [];

/** @typedef {{ makePool: (options?: object) => any, tasks: any, plain: URL | undefined }} Tools */

function check(name, needs, fn, lacks) {
  checks.push({ name, needs: needs.split(" ").filter(Boolean), fn, lacks });
}

function equal(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a}, wanted ${b}`);
}

async function rejects(fn, name, part = "") {
  let error;
  try {
    await fn();
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) throw new Error(`Nothing was thrown, wanted ${name}`);
  if (error.name !== name || !error.message.includes(part)) {
    throw new Error(`${error.name}: ${error.message}, wanted ${name}: ${part}`, { cause: error });
  }
  return error;
}

/** Use a pool, and shut it down: `await using` is newer than some of the runtimes. */
async function using(pool, fn) {
  try {
    return await fn(pool);
  } finally {
    await pool.shutdown({ cancelFutures: true });
  }
}

const refuse = (name, lacks, fn) => check(name, "", fn, lacks);

// Tasks

check("gather and sleep", "", async () => {
  equal(await gather(sleep(2, "a"), sleep(1, "b")), ["a", "b"]);
});

check("a group cancels the others when one fails", "", async () => {
  let cleaned = 0;
  const error = await rejects(() =>
    TaskGroup.run((group) => {
      group.createTask(async () => {
        try {
          await sleep(60_000);
        } finally {
          cleaned++;
        }
      });
      group.createTask(async () => {
        await sleep(1);
        throw new Error("one failed");
      });
    }), "ExceptionGroup");
  equal([error.errors[0].message, cleaned], ["one failed", 1]);
});

check("a timeout rejects, whatever its body waits for", "", async () => {
  await rejects(() => timeout(5, () => sleep(60_000)), "TimeoutError");
  await rejects(() =>
    timeout(20, async () => {
      await sleep(1);
      await sleep(60_000);
    }), "TimeoutError");
});

check("queues and locks", "", async () => {
  const queue = new Queue(1);
  const lock = new Lock();
  const got = [];
  await gather(
    async () => {
      for (const item of [1, 2, 3]) await queue.put(item);
    },
    async () => {
      for (let i = 0; i < 3; i++) {
        await lock.acquire();
        got.push(await queue.get());
        lock.release();
      }
    },
  );
  equal(got, [1, 2, 3]);
});

check("run gives what main gives", "", async () => {
  equal(await run(async () => await sleep(1, 42)), 42);
});

check("currentTask after an await", "context", async () => {
  await run(async () => {
    const before = currentTask();
    await sleep(1);
    equal(currentTask() === before, true);
  });
});

check("cancel reaches a body beyond its first await", "context", async () => {
  let cleaned = false;
  const task = strand.createTask(async () => {
    await sleep(1);
    try {
      await sleep(60_000);
    } finally {
      cleaned = true;
    }
  });
  await sleep(10);
  task.cancel();
  await rejects(() => task, "CancelledError");
  equal(cleaned, true);
});

check("a task hears of its cancellation by its signal", "", async () => {
  let reason;
  let listening;
  const ready = new Promise((resolve) => listening = resolve);
  const task = strand.createTask(async (signal) => {
    await sleep(1);
    await new Promise((_, reject) => {
      listening();
      signal.addEventListener("abort", () => {
        reason = signal.reason?.name;
        reject(signal.reason);
      });
    });
  });
  await ready;
  task.cancel();
  await rejects(() => task, "CancelledError");
  equal(reason, "CancelledError");
});

check("TaskPool", "", async () => {
  const pool = new TaskPool(2);
  equal(await pool.map((n) => sleep(1, n * n), [1, 2, 3]), [1, 4, 9]);
  await pool.shutdown();
});

// Threads

check(
  "map on threads",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 2 }), async (pool) => {
      equal(
        await pool.map((n) => n * n, Array.from({ length: 50 }, (_, i) => i)),
        Array.from({ length: 50 }, (_, i) => i * i),
      );
    }),
);

check(
  "an error keeps its class, cause and fields",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const call = () =>
        pool.submit(() => {
          throw Object.assign(new RangeError("too far", { cause: new TypeError("inner") }), {
            by: 3,
          });
        });
      const error = await rejects(call, "RangeError", "too far");
      equal([error instanceof RangeError, error.cause.name, error.by], [true, "TypeError", 3]);
    }),
);

check(
  "what cannot be cloned fails its own call",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      await rejects(() => pool.submit((x) => x, () => 1), "TypeError", "argument 1");
      equal(await pool.submit((x) => x, { fine: 1 }), { fine: 1 });
    }),
);

check(
  "a busy loop is ended, and its worker replaced",
  "threads source exits",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1, cancelGrace: 20 }), async (pool) => {
      const call = pool.submit(() => {
        for (;;);
      });
      await sleep(300);
      call.cancel();
      await rejects(() => call, "CancelledError");
      equal(await pool.submit((n) => n + 1, 1), 2);
      for (let i = 0; i < 100 && pool.stats.stuck > 0; i++) await sleep(20);
      equal(pool.stats.stuck, 0);
    }),
);

check(
  "a call that waits is cancelled",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const call = pool.submit(() => new Promise(() => {}));
      await sleep(100);
      call.cancel();
      await rejects(() => call, "CancelledError");
      equal(await pool.submit(() => "next"), "next");
    }),
);

check(
  "a worker that closes itself rejects its call",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const call = () =>
        pool.submit(() => {
          self.close();
          return new Promise(() => {});
        });
      await rejects(call, "WorkerCrashedError");
      equal(await pool.submit(() => "next"), "next");
    }),
);

check(
  "an error that nothing caught rejects the call",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const call = () =>
        pool.submit(() => {
          setTimeout(() => {
            throw new Error("later");
          }, 1);
          return new Promise(() => {});
        });
      const error = await rejects(call, "WorkerCrashedError");
      equal(error.cause.message, "later");
    }),
);

check(
  "a stream comes value by value",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const values = [];
      const stream = pool.stream(function* (n) {
        for (let i = 0; i < n; i++) yield i;
      }, 5);
      for await (const value of stream) values.push(value);
      equal(values, [0, 1, 2, 3, 4]);
    }),
);

check("an initializer runs first", "threads source", ({ makePool }) =>
  using(
    makePool({ maxWorkers: 1, initializer: (n) => void (globalThis.start = n), initargs: [41] }),
    async (pool) => equal(await pool.submit(() => globalThis.start + 1), 42),
  ));

check(
  "buffers move when asked to",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const buffer = new ArrayBuffer(1024);
      const length = await pool.apply((b) => b.byteLength, [buffer], { transfer: [buffer] });
      equal([length, buffer.byteLength], [1024, 0]);
    }),
);

check(
  "registered functions",
  "threads tasks",
  ({ makePool, tasks }) =>
    using(makePool({ maxWorkers: 2 }), async (pool) => {
      equal(await pool.map(tasks.addLimit, [1, 2]), [11, 12]);
      const error = await rejects(() => pool.submit(tasks.fail), "Refused", "no");
      equal(error instanceof tasks.Refused, true);
    }),
);

check(
  "a module that knows nothing of the library",
  "threads addresses",
  ({ makePool, plain }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      equal(await pool.import(plain).double(21), 42);
    }),
);

check("toThread and Thread", "threads source own", async () => {
  equal(await toThread((n) => n + 1, 41), 42);
  const thread = new Thread((n) => n * n, { args: [6] });
  thread.start();
  equal([await thread.result(), thread.exitcode], [36, 0]);
});

check("a thread that exits by a call", "threads source own memory exits", async () => {
  const thread = new Thread(() => self.close());
  thread.start();
  await thread.join();
  equal(thread.exitcode, 0);
});

// Shared memory

check(
  "what a busy call writes is there",
  "threads source memory",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const value = new SharedValue("int32", 0);
      await pool.submit((value) => void (value.value = 1), value);
      equal(value.value, 1);
    }),
);

check(
  "values, arrays and locks are shared",
  "threads source memory",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 2 }), async (pool) => {
      const lock = new SharedLock();
      const count = new SharedValue("int32", 0);
      const array = new SharedArray("float64", 2);
      const add = async (lock, count, array, i) => {
        for (let k = 0; k < 20; k++) {
          const permit = await lock.acquire();
          count.value = count.value + 1;
          lock.release();
          void permit;
        }
        array.set(i, i + 0.5);
      };
      await gather(
        pool.submit(add, lock, count, array, 0),
        pool.submit(add, lock, count, array, 1),
      );
      equal([count.value, ...array], [40, 0.5, 1.5]);
    }),
);

check(
  "a shared queue",
  "threads source memory",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const queue = new SharedQueue();
      const done = pool.submit(async (queue) => {
        for (let i = 0; i < 3; i++) await queue.put({ i });
      }, queue);
      equal([await queue.get(), await queue.get(), await queue.get()], [{ i: 0 }, { i: 1 }, {
        i: 2,
      }]);
      await done;
    }),
);

check(
  "events, semaphores and barriers are shared",
  "threads source memory",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const event = new SharedEvent();
      const semaphore = new SharedSemaphore(0);
      const barrier = new SharedBarrier(2);
      const done = pool.submit(
        async (event, semaphore, barrier) => {
          await event.wait();
          semaphore.release();
          await barrier.wait();
          return "met";
        },
        event,
        semaphore,
        barrier,
      );
      event.set();
      await semaphore.acquire();
      await barrier.wait();
      equal(await done, "met");
    }),
);

check(
  "what a dead thread held goes to others",
  "threads source memory exits",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const lock = new SharedLock();
      await rejects(() =>
        pool.submit(async (lock) => {
          await lock.acquire();
          self.close();
          await new Promise(() => {});
        }, lock), "WorkerCrashedError");
      await timeout(10_000, () => lock.acquire());
      lock.release();
    }),
);

check(
  "a pipe",
  "threads source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      const [here, there] = pipe();
      const done = pool.submit(async (connection) => {
        await connection.send((await connection.recv()) + 1);
      }, there);
      await here.send(1);
      equal(await here.recv(), 2);
      await done;
      here.close();
    }),
);

// Processes

check("calls in processes", "processes", () =>
  using(new ProcessPool(1), async (pool) => {
    equal(await pool.submit((n) => n + 1, 1), 2);
    equal(await pool.submit((bytes) => bytes.length, new Uint8Array(100_000)), 100_000);
    const error = await rejects(() => pool.submit(() => process.exit(3)), "WorkerCrashedError");
    equal(error.cause.message.includes("exit code 3"), true);
  }));

check(
  "a busy process is killed",
  "processes",
  () =>
    using(new ProcessPool({ maxWorkers: 1, cancelGrace: 20 }), async (pool) => {
      const call = pool.submit(() => {
        for (;;);
      });
      await sleep(1_000);
      call.cancel();
      await rejects(() => call, "CancelledError");
      equal(await pool.submit((n) => n + 1, 1), 2);
      for (let i = 0; i < 100 && pool.stats.stuck > 0; i++) await sleep(20);
      equal(pool.stats.stuck, 0);
    }),
);

check(
  "registered functions in processes",
  "processes tasks",
  ({ tasks }) =>
    using(
      new ProcessPool(1),
      async (pool) => equal(await pool.map(tasks.addLimit, [1, 2]), [11, 12]),
    ),
);

check(
  "objects of the platform do not cross to processes",
  "processes",
  () =>
    using(new ProcessPool(1), async (pool) => {
      for (const bad of [new URL("https://example.com"), new Headers(), new AbortController()]) {
        await rejects(() => pool.submit((x) => x, bad), "TypeError", "cannot be cloned");
      }
    }),
);

// What cannot be is refused when it is made

refuse(
  "no processes: ProcessPool is a TypeError",
  "processes",
  () => rejects(() => new ProcessPool(), "TypeError", "Cannot create a process pool"),
);

refuse("no threads: pools, threads and toThread are TypeErrors", "threads", async () => {
  await rejects(() => new WorkerPool(), "TypeError", "Cannot create a worker pool");
  await rejects(() => new Thread(() => 1), "TypeError", "Cannot create a thread");
  await rejects(() => toThread(() => 1), "TypeError", "Cannot run a function in a thread");
});

refuse("no shared memory: shared objects are errors that name the headers", "memory", async () => {
  const makers = [
    () => new SharedValue("int32", 0),
    () => new SharedArray("int32", 1),
    () => new SharedLock(),
    () => new SharedQueue(),
    () => new SharedEvent(),
    () => new SharedSemaphore(1),
    () => new SharedBarrier(2),
  ];
  for (const make of makers) await rejects(make, "TypeError", "Cross-Origin-Opener-Policy");
});

refuse(
  "code from text is forbidden: the error says so",
  "source",
  ({ makePool }) =>
    using(makePool({ maxWorkers: 1 }), async (pool) => {
      await rejects(() => pool.submit(() => 1), "EvalError", "Content-Security-Policy");
    }),
);

check("permissions are for Deno alone", "", async () => {
  if (globalThis.Deno !== undefined) return;
  await rejects(() => new WorkerPool({ permissions: "none" }), "TypeError");
  await rejects(() => new ProcessPool({ permissions: "none" }), "TypeError");
});

/**
 * Run every check that the features allow, one after another.
 *
 * @param {Record<Feature, boolean>} features
 * @param {Tools} tools
 * @returns {Promise<{ passed: number, failed: string[], skipped: number }>}
 */
export async function runChecks(features, tools, limit = 60_000) {
  const outcome = { passed: 0, failed: [], skipped: 0 };
  for (const { name, needs, lacks, fn } of checks) {
    if (needs.some((need) => !features[need]) || (lacks !== undefined && features[lacks])) {
      outcome.skipped++;
      continue;
    }
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("It has not ended in time")), limit);
    });
    try {
      await Promise.race([fn(tools), late]);
      outcome.passed++;
    } catch (error) {
      outcome.failed.push(`${name}: ${error?.stack ?? error}`);
    }
    clearTimeout(timer);
  }
  return outcome;
}
