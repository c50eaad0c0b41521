import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  cancellable,
  CancelledError,
  createTask,
  currentSignal,
  currentTask,
  Event,
  moveOnAfter,
  sleep,
  TaskGroup,
  type Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
  waitFor,
} from "../../mod.ts";

/**
 * A promise of somebody else that cannot be stopped, over after a while: so many timers one after the
 * other, as on a busy machine one that is longer than a limit may be due in the same turn.
 */
async function foreign<T>(ms: number, value?: T): Promise<T | undefined> {
  for (; ms > 0; ms--) await new Promise((resolve) => setTimeout(resolve, 1));
  return value;
}

Deno.test("A limit over a foreign promise is late, and says so", async () => {
  const late = [
    () => timeout(1, () => foreign(20, "value")),
    () => timeout(1, async () => await foreign(20, "value")),
    () => timeoutAt(performance.now() + 1, () => foreign(20)),
    () => waitFor(() => foreign(20), 1),
  ];
  for (const call of late) {
    for (const run of [call, () => Promise.resolve(createTask(call))]) {
      const error = await assertRejects(run, TimeoutError);
      assertStringIncludes(error.message, "pass it the signal");
      assert(error.cause instanceof CancelledError);
    }
  }
});

Deno.test("A body that heard of the limit, or ends in the same turn, keeps its result", async () => {
  const caught = await timeout(1, async () => {
    await sleep(2 ** 40).catch(() => {});
    return await foreign(5, "caught");
  });
  assertEquals(caught, "caught");
  let end!: (value: string) => void;
  const same = timeout(5, (limit) => {
    limit.signal.addEventListener("abort", () => end("in the same turn"));
    return new Promise<string>((resolve) => end = resolve);
  });
  assertEquals(await same, "in the same turn");
});

Deno.test("abandon: rejects on time, and drops what the body does then", async () => {
  const log: string[] = [];
  const body = async () => {
    await foreign(20);
    log.push("went on");
    throw new Error("dropped");
  };
  await assertRejects(() => timeout(1, body, { abandon: true }), TimeoutError);
  assertEquals(log, []);
  assertEquals(await moveOnAfter(1, body, { abandon: true }), undefined);
  assertEquals(await timeout(2 ** 40, () => foreign(1, 7), { abandon: true }), 7);
  await foreign(40);
  assertEquals(log, ["went on", "went on"]);
});

Deno.test("moveOnAfter: a limit that is no error, and passes every other one on", async () => {
  assertEquals(await moveOnAfter(1, () => sleep(2 ** 40, 1)), undefined);
  assertEquals(await moveOnAfter(0, () => sleep(1, 1)), undefined);
  assertEquals(await moveOnAfter(1, () => foreign(10, 1)), undefined);
  for (const ms of [null, Infinity, 60_000]) assertEquals(await moveOnAfter(ms, () => 1), 1);
  const own = new TimeoutError("of the body");
  assert(await moveOnAfter(60_000, () => Promise.reject(own)).catch((e) => e) === own);
  await assertRejects(() => moveOnAfter(60_000, () => timeout(1, () => sleep(99))), TimeoutError);
  const task = createTask(() => moveOnAfter(60_000, () => sleep(2 ** 40)));
  await sleep(0);
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
});

Deno.test("Signals of limits and groups reach foreign promises", async () => {
  const aborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  let limit: Timeout | undefined;
  await assertRejects(() => timeout(1, (one) => aborted((limit = one).signal)), TimeoutError);
  assert(limit?.signal.aborted);
  await assertRejects(() => timeout(1, () => aborted(currentSignal())), TimeoutError);
  assertFalse(currentSignal().aborted);
  await createTask(() => assert(currentSignal() === currentTask()?.signal));
  await assertRejects(() =>
    TaskGroup.run(async (group) => {
      group.createTask(() => Promise.reject(new Error("bad child")));
      await aborted(group.signal);
    })
  );
});

Deno.test("signal: aborting it cancels as cancel(signal.reason) would", async () => {
  const forms = {
    createTask: (signal: AbortSignal, body: () => unknown) =>
      Promise.resolve(createTask(body, { signal })),
    timeout: (signal: AbortSignal, body: () => unknown) => timeout(null, body, { signal }),
    moveOnAfter: (signal: AbortSignal, body: () => unknown) => moveOnAfter(null, body, { signal }),
    "TaskGroup.run": (signal: AbortSignal, body: () => unknown) =>
      TaskGroup.run(() => body(), { signal, name: "g" }),
  };
  for (const [name, call] of Object.entries(forms)) {
    const controller = new AbortController();
    const running = call(controller.signal, () => sleep(2 ** 40));
    await sleep(0);
    controller.abort("enough");
    const error = await assertRejects(() => running, CancelledError, undefined, name);
    assertEquals(error.message, "enough", name);
    let begun = false;
    const aborted = AbortSignal.abort(new Error("why"));
    const second = await assertRejects(() => call(aborted, () => begun = true), CancelledError);
    assertEquals([String(second.cause), begun], ["Error: why", false], name);
    assertEquals(await call(new AbortController().signal, () => 7), 7, name);
  }
});

Deno.test("await using task: cancels it and waits for its end", async () => {
  const log: string[] = [];
  {
    await using _task = createTask(async () => {
      try {
        await sleep(2 ** 40);
      } finally {
        await sleep(1);
        log.push("ended");
      }
    });
    await sleep(0);
    log.push("left");
  }
  assertEquals(log, ["left", "ended"]);
  await assertRejects(async () => {
    await using _task = createTask(async () => {
      try {
        await sleep(2 ** 40);
      } catch {
        throw new RangeError("in the clean-up");
      }
    });
    await sleep(0);
  }, RangeError);
});

Deno.test("cancellable: each step can be cancelled, and the source is left", async () => {
  let returned = 0;
  const endless = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<number>>(() => {}),
      return: () => (returned++, Promise.resolve({ done: true as const, value: undefined })),
    }),
  };
  await assertRejects(
    () =>
      timeout(1, async () => {
        for await (const _ of cancellable(endless));
      }),
    TimeoutError,
  );
  assertEquals(returned, 1);
  const got: number[] = [];
  async function* three() {
    try {
      yield* [1, 2, 3];
    } finally {
      returned++;
    }
  }
  for await (const n of cancellable(three())) {
    got.push(n);
    if (n === 2) break;
  }
  assertEquals([got, returned], [[1, 2], 2]);
  const failing = new ReadableStream({ start: (c) => c.error(new RangeError("broken")) });
  await assertRejects(async () => {
    for await (const _ of cancellable(failing));
  }, RangeError);
  assertFalse(failing.locked);
});

Deno.test("Options that there are not are refused", async () => {
  const bad = { singal: new Event() } as never;
  const message = 'unknown option "singal"; known are';
  await assertRejects(() => timeout(1, () => 1, bad), TypeError, message);
  await assertRejects(() => moveOnAfter(1, () => 1, bad), TypeError, message);
  await assertRejects(() => TaskGroup.run(() => 1, bad), TypeError, message);
  await assertRejects(async () => await createTask(() => 1, bad), TypeError, message);
});

// A recorded program of CPython, seed 20001526: the group puts the cancellation off to the next wait,
// and there is none.
Deno.test("A limit of which a group heard that failed as well is not late", async () => {
  const log: string[] = [];
  await createTask(() =>
    timeout(1, async () => {
      try {
        await TaskGroup.run(async (group) => {
          group.createTask(async () => {
            try {
              await sleep(2 ** 40);
            } catch {
              throw new Error("failed");
            }
          });
          await sleep(2 ** 40);
        });
      } catch (error) {
        log.push((error as Error).name);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    })
  );
  assertEquals(log, ["ExceptionGroup"]);
});
