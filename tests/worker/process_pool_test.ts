import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BrokenWorkerPoolError,
  CancelledError,
  cancelRequested,
  createTask,
  ExceptionGroup,
  Future,
  gather,
  ProcessPool,
  SharedLock,
  TimeoutError,
  WorkerCrashedError,
  type WorkerExit,
} from "../../mod.ts";
import { failureOf, withProcesses } from "./helpers.ts";
import {
  add,
  raiseTicket,
  setUp,
  TicketError,
  timesSecret,
  valueSetUp,
} from "./fixtures/functions.ts";
import { burnUntilAsked, clean, moved, napping, sleeping } from "./fixtures/process_functions.ts";

/** Which process does the work. */
const pid = () => Deno.pid;

/** Says which process it is, and never comes back. */
function* endless(): Generator<number> {
  yield Deno.pid;
  for (;;);
}

Deno.test("Functions travel in all three ways, and values there and back", async () => {
  await withProcesses({}, async (pool) => {
    assertEquals(await pool.submit((a: number, b: string) => `${a}${b}`, 1, "b"), "1b");
    assertEquals(await pool.submit(timesSecret, 7), 42);
    const module = new URL("./fixtures/plain.ts", import.meta.url);
    const { isEven, later } = pool.import<typeof import("./fixtures/plain.ts")>(module);
    assertEquals(await gather([isEven(4), later("x")] as PromiseLike<unknown>[]), [true, "X"]);
    assert(await pool.submit(pid) !== Deno.pid);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const value = {
      map: new Map<unknown, unknown>([[1, new Set(["a"])]]),
      date: new Date(7),
      big: 2n ** 70n,
      bytes: new Uint8Array([1, 2, 3]),
      doubles: new Float64Array(10_000).fill(0.25),
      error: new RangeError("inside"),
      nothing: undefined,
    };
    assertEquals(await pool.submit((given: unknown) => given, value), value);
    const copy = await pool.submit((given: unknown) => given, circle) as typeof circle;
    assert(copy.self === copy);
  });
});

Deno.test("64 MB there and back, and buffers that move", async () => {
  await withProcesses({}, async (pool) => {
    const bytes = new Uint8Array(64 * 1024 * 1024);
    bytes[bytes.length - 1] = 5;
    const back = await pool.apply(
      (given: Uint8Array<ArrayBuffer>) => {
        given[0] = 6;
        return given;
      },
      [bytes],
      { transfer: [bytes.buffer] },
    );
    assertEquals(bytes.length, 0);
    assertEquals([back.length, back[0], back.at(-1)], [64 * 1024 * 1024, 6, 5]);
    assertEquals(await pool.submit(moved), new Uint8Array(10_000).fill(9));
  });
});

Deno.test("Errors come back with all they have", async () => {
  await withProcesses({}, async (pool) => {
    const ticket = await failureOf(() => pool.submit(raiseTicket));
    assertInstanceOf(ticket, TicketError);
    assertEquals([ticket.message, ticket.ticket], ["lost", 12]);
    const error = await failureOf(() =>
      pool.submit(() => {
        throw new AggregateError([new TypeError("one"), 2], "both", { cause: new Error("why") });
      })
    );
    assertInstanceOf(error, AggregateError);
    assertInstanceOf(error.errors[0], TypeError);
    assertEquals([error.message, error.errors[1]], ["both", 2]);
    assertEquals((error.cause as Error).message, "why");
    assertStringIncludes(error.stack!, "process_pool_test.ts");
    assertEquals(await failureOf(() => pool.submit(() => Promise.reject(7))), 7);
    const group = new ExceptionGroup([new RangeError("a"), new Error("b")], "two");
    const same = await pool.submit((given: ExceptionGroup) => given, group);
    assertInstanceOf(same, ExceptionGroup);
    assertInstanceOf(same.errors[0], RangeError);
  });
});

Deno.test("What cannot cross fails that call alone, and is named", async () => {
  await withProcesses({}, async (pool) => {
    const same = (...args: unknown[]) => args.length;
    for (
      const [args, named] of [
        [[1, { a: [() => 1] }], "argument 2: .a[0]"],
        [[Symbol("s")], "argument 1"],
        [[new SharedArrayBuffer(8)], "SharedArrayBuffer"],
        [[[new Int32Array(new SharedArrayBuffer(8))]], "SharedArrayBuffer"],
        [[new URL("data:,")], "URL"],
        [[new SharedLock()], "SharedLock"],
        [[{ deep: [new SharedLock()] }], "WorkerPool"],
      ] as [unknown[], string][]
    ) {
      const error = await failureOf(() => pool.submit(same, ...args));
      assertInstanceOf(error, TypeError);
      assertStringIncludes(error.message, named);
    }
    const port = new MessageChannel();
    const moving = await failureOf(() => pool.apply(same, [1], { transfer: [port.port1] }));
    assertInstanceOf(moving, TypeError);
    port.port1.close();
    port.port2.close();
    for (
      const fn of [
        () => () => 1,
        () => ({ a: Symbol("s") }),
        () => new SharedArrayBuffer(8),
        () => new URL("data:,"),
      ]
    ) {
      const error = await failureOf(() => pool.submit<[], unknown>(fn));
      assertInstanceOf(error, TypeError);
      assertStringIncludes(error.message, "the result");
    }
    assertEquals(
      await failureOf(() => pool.map((n) => n, [1, () => 2])) instanceof TypeError,
      true,
    );
    assertEquals(await pool.submit(same, 1, 2), 2);
    assertEquals(pool.stats.crashed, 0);
  });
});

Deno.test("map, starmap and mapUnordered, over processes side by side", async () => {
  await withProcesses({ maxWorkers: 2 }, async (pool) => {
    const items = Array.from({ length: 1_000 }, (_, i) => i);
    assertEquals(await pool.map((n) => n * 2, items), items.map((n) => n * 2));
    assertEquals(await pool.starmap(add, [[1, 2], [3, 4]]), [3, 7]);
    const loose = await pool.mapUnordered((n) => n + 1, items);
    assertEquals(loose.sort((a, b) => a - b), items.map((n) => n + 1));
    function* naturals() {
      for (let n = 0;; n++) yield n;
    }
    for await (const n of pool.map((n) => n, naturals())) if (n === 100) break;
    assertEquals(pool.stats.failed, 0);
  });
});

Deno.test("A stream has back-pressure, and its clean-up runs when the loop is left", async () => {
  await withProcesses({}, async (pool) => {
    const seen: number[] = [];
    const stream = pool.stream(function* () {
      const { count = 0 } = globalThis as { count?: number };
      try {
        for (let n = count;; n++) {
          (globalThis as { count?: number }).count = n;
          yield n;
        }
      } finally {
        (globalThis as { ended?: boolean }).ended = true;
      }
    });
    for await (const n of stream) {
      seen.push(n);
      if (n === 50) break;
    }
    assertEquals(seen, Array.from({ length: 51 }, (_, i) => i));
    const after = await pool.submit(() => {
      const { count, ended } = globalThis as { count?: number; ended?: boolean };
      return { ended, close: count! < 100 };
    });
    assertEquals(after, { ended: true, close: true });
  });
});

Deno.test("A busy loop learns that it was asked to stop", async () => {
  await withProcesses({ cancelGrace: Infinity }, async (pool) => {
    const before = await pool.submit(pid);
    for await (const process of pool.stream(burnUntilAsked)) {
      assertEquals(process, before);
      break;
    }
    assertEquals(await pool.submit(pid), before);
  });
});

Deno.test("A call that waits is cancelled in its process; the caller hears of it at once", async () => {
  await withProcesses({ cancelGrace: Infinity }, async (pool) => {
    const before = await pool.submit(pid);
    const future = pool.submit(() => new Promise(() => {}));
    const waiting = pool.submit(pid);
    assert(future.cancel("enough"));
    assert(future.cancelled());
    waiting.cancel();
    // Only a wait of the library can be called off, so the process has to go.
    await pool.terminate();
    await assertRejects(() => Promise.resolve(future), CancelledError, "enough");
    assert(before > 0);
  });
});

Deno.test("A call that waits by the library cleans up in its process, which stays", async () => {
  await withProcesses({ cancelGrace: Infinity }, async (pool) => {
    const [process] = await pool.submit(clean);
    // By leaving a loop, by the future, and with the task that awaits it.
    for await (const _ of pool.stream(sleeping)) break;
    assertEquals(await pool.submit(clean), [process, 1]);
    const call = pool.submit(napping);
    const behind = pool.submit(clean);
    while (pool.stats.busy === 0) await new Promise((go) => setTimeout(go, 0));
    assert(call.cancel());
    const [same, times] = await behind;
    assertEquals(same, process);
    assert(times === 1 || times === 2); // it may have been called back before it began
    const begun = new Future<void>();
    const loop = createTask(async () => {
      for await (const _ of pool.stream(sleeping)) begun.setResult();
    });
    await begun;
    loop.cancel();
    await assertRejects(() => Promise.resolve(loop), CancelledError);
    assertEquals(await pool.submit(clean), [process, times + 1]);
    assertEquals(pool.stats.crashed, 0);
  });
});

Deno.test("What never comes back is killed, with its process", async () => {
  await withProcesses({ cancelGrace: 0 }, async (pool) => {
    const loop = pool.stream(endless)[Symbol.asyncIterator]();
    const { value: first } = await loop.next();
    await loop.return?.();
    const second = await pool.submit(pid);
    assert(second !== first);

    const forever = () => {
      for (;;);
    };
    const limited = await failureOf(() => pool.apply(forever, [], { timeout: 1 }));
    assertInstanceOf(limited, TimeoutError);

    const controller = new AbortController();
    const aborted = pool.apply(forever, [], { signal: controller.signal });
    controller.abort();
    await assertRejects(() => Promise.resolve(aborted), CancelledError);

    const task = createTask(async () => await pool.submit(forever));
    await pool.submit(pid).cancel();
    task.cancel();
    await assertRejects(() => Promise.resolve(task), CancelledError);
    assert(await pool.submit(pid) !== second);
    assertEquals(pool.stats.crashed, 0);
  });
});

const DEATHS: [name: string, fn: () => unknown, cause: string][] = [
  ["Deno.exit", () => Deno.exit(3), "exit code 3"],
  ["an error in a timer", () => {
    setTimeout(() => {
      throw new RangeError("in a timer");
    });
    return new Promise(() => {});
  }, "in a timer"],
  ["an unhandled rejection", () => {
    Promise.reject(new RangeError("unhandled"));
    return new Promise(() => {});
  }, "unhandled"],
];

for (const [name, fn, cause] of DEATHS) {
  Deno.test(`A process that dies of ${name} harms nobody else`, async () => {
    await withProcesses({}, async (pool) => {
      const fatal = pool.submit(fn);
      const behind = [1, 2, 3].map((n) => pool.submit((m: number) => m, n));
      const error = await failureOf(() => fatal);
      assertInstanceOf(error, WorkerCrashedError);
      assertStringIncludes(String((error.cause as Error).message), cause);
      assertEquals(await gather(behind), [1, 2, 3]);
      assertEquals(pool.stats.crashed, 1);
    });
  });
}

Deno.test("A process that is killed from outside is replaced; idle, nobody notices", async () => {
  await withProcesses({}, async (pool) => {
    const loop = pool.stream(endless)[Symbol.asyncIterator]();
    const { value: busy } = await loop.next();
    Deno.kill(busy, "SIGKILL");
    const error = await failureOf(() => loop.next());
    assertInstanceOf(error, WorkerCrashedError);
    assertStringIncludes((error.cause as Error).message, "SIGKILL");
    for (let i = 0; i < 3; i++) {
      const process = await pool.submit(pid);
      Deno.kill(process, "SIGKILL");
      const next = await Promise.allSettled([pool.submit(pid)]);
      // The kill may be seen only after the next call has been sent.
      if (next[0].status === "fulfilled") assert(next[0].value !== process);
      else assertInstanceOf(next[0].reason, WorkerCrashedError);
    }
    assertEquals(await pool.submit(() => "well"), "well");
  });
});

Deno.test("A process that has closed its channel can be ended nevertheless", async () => {
  const place = await Deno.makeTempFile();
  try {
    await withProcesses({}, async (pool) => {
      const call = pool.submit((place: string) => {
        Deno.stderr.close();
        Deno.writeTextFileSync(place, "closed");
        return new Promise(() => {});
      }, place);
      const outcome = failureOf(() => call);
      while (await Deno.readTextFile(place) === "") await new Promise((go) => setTimeout(go, 1));
      for (let turn = 0; turn < 10; turn++) await new Promise((go) => setTimeout(go, 1));
      await pool.terminate();
      assertInstanceOf(await outcome, CancelledError);
    });
  } finally {
    await Deno.remove(place);
  }
});

Deno.test("A process whose runtime the user's code has broken is replaced", async () => {
  await withProcesses({}, async (pool) => {
    const broken = await pool.submit(() => {
      // The runtime itself needs this to take in a message.
      Object.defineProperty(Array.prototype, "0", {
        set() {
          throw new RangeError("broken");
        },
      });
      return "broken";
    });
    assertEquals(broken, "broken");
    const error = await failureOf(() => pool.submit(pid));
    assertInstanceOf(error, WorkerCrashedError);
    assertEquals(await pool.submit(() => "well"), "well");
    assertEquals([pool.stats.crashed, pool.stats.failed], [1, 1]);
  });
});

Deno.test("Ten deaths in a row leave the pool working", async () => {
  await withProcesses({ maxWorkers: 2 }, async (pool) => {
    const fatal = Array.from({ length: 10 }, () => pool.submit(() => Deno.exit(1)));
    const results = await Promise.allSettled(fatal);
    assert(results.every(({ status }) => status === "rejected"));
    assertEquals(await pool.submit(() => "well"), "well");
    assertEquals(pool.stats.crashed, 10);
  });
});

Deno.test("Processes do not start for nothing, and end as they should", async () => {
  const exits: WorkerExit[] = [];
  await withProcesses(
    { maxTasksPerWorker: 2, onWorkerExit: (exit) => exits.push(exit) },
    async (pool) => {
      assertEquals(pool.stats.workers, 0);
      const pids = await gather([1, 2, 3, 4, 5].map(() => pool.submit(pid)));
      assertEquals(new Set(pids).size, 3);
      await pool.shutdown();
      assertEquals(pool.stats.workers, 0);
      assertThrows(() => pool.submit(pid), Error, "shut down");
    },
  );
  assertEquals(exits.map(({ crashed }) => crashed), [false, false, false]);
});

Deno.test("The initializer runs first in each process; one that fails breaks the pool", async () => {
  await withProcesses({ initializer: setUp, initargs: [12] }, async (pool) => {
    assertEquals(await pool.submit(valueSetUp), 12);
  });
  const initializer = () => {
    throw new RangeError("no database");
  };
  await withProcesses({ initializer }, async (pool) => {
    const error = await failureOf(() => pool.submit(pid));
    assertInstanceOf(error, BrokenWorkerPoolError);
    assertEquals((error.cause as Error).message, "no database");
  });
});

Deno.test("terminate cancels what runs and what waits", async () => {
  await withProcesses({}, async (pool) => {
    const loop = pool.stream(endless)[Symbol.asyncIterator]();
    await loop.next();
    const waiting = pool.submit(pid);
    await pool.terminate();
    assert(waiting.cancelled());
    assertFalse((await failureOf(() => loop.next())) instanceof WorkerCrashedError);
  });
});

Deno.test("A process may have a pool of its own", async () => {
  await withProcesses({}, async (pool) => {
    const { nested } = pool.import<typeof import("./fixtures/process_functions.ts")>(
      new URL("./fixtures/process_functions.ts", import.meta.url),
    );
    assertEquals(await nested(20), 42);
  });
});

Deno.test("Nonsense is refused before anything has happened", () => {
  assertThrows(() => new ProcessPool(0), RangeError, "maxWorkers");
  assertThrows(() => new ProcessPool("2" as never), TypeError, "options");
  assertThrows(() => new ProcessPool({ permissions: 7 as never }), TypeError, "permissions");
  assertThrows(() => new ProcessPool({ cancelGrace: -1 }), RangeError, "cancelGrace");
  assertFalse(cancelRequested());
});
