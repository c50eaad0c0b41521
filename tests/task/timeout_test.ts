import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  currentTask,
  Future,
  InvalidStateError,
  sleep,
  TaskGroup,
  Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, ending, failure, start } from "./helpers.ts";

Deno.test("timeout: in time, it gives what the body gives", async () => {
  assertEquals(await timeout(60_000, () => 1), 1);
  assertEquals(await timeout(null, () => sleep(0, "value")), "value");
  const error = new Error("no");
  assertEquals(await failure(timeout(60_000, () => Promise.reject(error))), error);
});

Deno.test("timeout: cancels the body, waits for its clean-up, and rejects with TimeoutError", async () => {
  using time = new FakeTime();
  const seen: string[] = [];
  const task = start(async () => {
    const me = currentTask()!;
    try {
      await timeout(10, async (limit) => {
        assert(limit instanceof Timeout);
        try {
          await sleep(60_000);
        } finally {
          assert(limit.expired());
          seen.push(`cancelling ${me.cancelling()}`);
          await sleep(5);
          seen.push("cleaned up");
        }
      });
    } catch (error) {
      assert(error instanceof TimeoutError);
      assert(error.cause instanceof CancelledError);
      seen.push(`timeout ${me.cancelling()}`);
    }
  });
  await advance(time, 9);
  assertEquals(seen, []);
  await advance(time, 1);
  assertEquals(seen, ["cancelling 1"]);
  await advance(time, 5);
  assertEquals(seen, ["cancelling 1", "cleaned up", "timeout 0"]);
  assertEquals(ending(task), "=undefined");
});

Deno.test("timeout: a body that swallows the cancellation gives its value, and leaves no trace", async () => {
  using time = new FakeTime();
  const task = start(async () => {
    const value = await timeout(10, async () => {
      await sleep(60_000).catch(() => {});
      return "swallowed";
    });
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(0);
    return value;
  });
  await advance(time, 10);
  await settle();
  assertEquals(ending(task), "=swallowed");
});

Deno.test("timeout: a body that fails after the limit fails with its own error", async () => {
  using time = new FakeTime();
  const task = start(() =>
    timeout(10, async () => {
      await sleep(60_000).catch(() => {});
      throw new Error("own");
    })
  );
  await advance(time, 10);
  assertEquals(ending(task), "Error: own");
});

Deno.test("timeout: 0 or less stops the body at its first wait", async () => {
  for (const ms of [0, -1, -Infinity]) {
    const seen: string[] = [];
    const body = async () => {
      seen.push("started");
      await new Future();
    };
    await assertRejects(() => timeout(ms, body), TimeoutError);
    assertEquals(seen, ["started"]);
    assertEquals(await timeout(ms, () => "no wait"), "no wait");
  }
});

Deno.test("timeout: null and Infinity are no limit", async () => {
  using time = new FakeTime();
  const tasks = [null, Infinity].map((ms) =>
    start(() =>
      timeout(ms, async (limit) => {
        await sleep(1_000_000);
        return limit.when();
      })
    )
  );
  await advance(time, 1_000_000);
  assertEquals(tasks.map(ending), ["=null", "=Infinity"]);
});

Deno.test("timeout: an outer cancellation passes through, also in the same instant", async () => {
  using time = new FakeTime();
  for (const order of ["timeout first", "cancel first"]) {
    const task = start(async () => {
      await timeout(10, () => sleep(60_000));
    });
    await settle();
    if (order === "cancel first") task.cancel("outer");
    time.tick(10);
    if (order === "timeout first") task.cancel("outer");
    await settle();
    assertEquals(ending(task), "cancelled", order);
    assertEquals(task.cancelling(), 1, order);
  }
});

Deno.test("timeout: a cancellation from outside while the body cleans up is not eaten", async () => {
  using time = new FakeTime();
  const task = start(async () => {
    await timeout(10, async () => {
      try {
        await sleep(60_000);
      } finally {
        await sleep(5);
      }
    });
  });
  await advance(time, 10);
  task.cancel("outer");
  await settle();
  assertEquals(ending(task), "cancelled");
});

Deno.test("timeout: one that was cancelled before, and swallowed that, still expires", async () => {
  using time = new FakeTime();
  const task = start(async () => {
    await sleep(60_000).catch(() => {});
    assertEquals(currentTask()!.cancelling(), 1);
    return await failure(timeout(10, () => sleep(60_000)));
  });
  await settle();
  task.cancel();
  await advance(time, 10);
  assert(task.result() instanceof TimeoutError);
});

Deno.test("timeout: of two nested ones only the one whose time is over raises", async () => {
  using time = new FakeTime();
  const nested = (outer: number, inner: number) =>
    start(async () => {
      const seen: string[] = [];
      await timeout(outer, async (out) => {
        await timeout(inner, async (limit) => {
          try {
            await sleep(60_000);
          } finally {
            seen.push(`${out.expired()} ${limit.expired()}`);
          }
        }).catch((error) => {
          seen.push(`inner ${error.name}`);
          throw error;
        });
      }).catch((error) => seen.push(`outer ${error.name}`));
      return seen.join(", ");
    });
  const tasks = [nested(20, 10), nested(10, 20), nested(10, 10)];
  await advance(time, 10);
  await settle();
  assertEquals(tasks.map(ending), [
    "=false true, inner TimeoutError, outer TimeoutError",
    "=true false, inner CancelledError, outer TimeoutError",
    "=true true, inner CancelledError, outer TimeoutError",
  ]);
});

Deno.test("timeout: an inner TimeoutError handled leaves the outer limit running", async () => {
  using time = new FakeTime();
  const task = start(async () => {
    await timeout(30, async () => {
      for (;;) {
        const error = await failure(timeout(10, () => sleep(60_000)));
        if (!(error instanceof TimeoutError)) throw error;
      }
    });
  });
  for (let i = 0; i < 3; i++) {
    assertEquals(ending(task), "pending");
    await advance(time, 10);
  }
  assertEquals(ending(task), "TimeoutError: The time limit was exceeded");
});

Deno.test("timeout: around a group, it stops the children, and the group reports their failures", async () => {
  using time = new FakeTime();
  const group = (fail: boolean) =>
    start(() =>
      timeout(10, () =>
        TaskGroup.run((group) => {
          group.createTask(async () => {
            try {
              await sleep(60_000);
            } finally {
              // deno-lint-ignore no-unsafe-finally
              if (fail) throw new Error("clean-up");
            }
          });
        }))
    );
  const tasks = [group(false), group(true)];
  await advance(time, 10);
  await settle();
  assertEquals(tasks.map((task) => (task.exception() as Error).name), [
    "TimeoutError",
    "ExceptionGroup",
  ]);
});

Deno.test("Timeout: reschedule moves the limit, forth, back, away and to the past", async () => {
  using time = new FakeTime();
  const limits: Timeout[] = [];
  const later = (change: (limit: Timeout, now: number) => void) =>
    start(() =>
      timeout(20, async (limit) => {
        limits.push(limit);
        change(limit, performance.now());
        await sleep(1_000_000);
      })
    );
  const forth = later((limit, now) => limit.reschedule(now + 30));
  const back = later((limit, now) => limit.reschedule(now + 10));
  const away = later((limit) => limit.reschedule(null));
  const past = later((limit, now) => limit.reschedule(now - 1));
  await settle();
  assertEquals(ending(past), "TimeoutError: The time limit was exceeded");
  assertEquals(limits[2]!.when(), null);
  await advance(time, 11);
  assertEquals([forth, back, away].map((task) => task.done()), [false, true, false]);
  await advance(time, 20);
  assertEquals([forth, away].map((task) => task.done()), [true, false]);
  assertEquals(limits.map((limit) => limit.expired()), [true, true, false, true]);
  away.cancel();
  await ended(away);
});

Deno.test("Timeout: when it has expired or ended it cannot be rescheduled", async () => {
  using time = new FakeTime();
  let limit!: Timeout;
  await timeout(10, (l) => void (limit = l));
  assertFalse(limit.expired());
  assertThrows(() => limit.reschedule(null), InvalidStateError, "it is finished");
  const task = start(() =>
    timeout(10, async (l) => {
      limit = l;
      await sleep(60_000).catch(() => {});
      l.reschedule(null);
    })
  );
  await advance(time, 10);
  assert(task.exception() instanceof InvalidStateError);
  assertThrows(() => limit.reschedule(1), InvalidStateError, "it is expired");
});

Deno.test("Timeout: refuses nonsense, and cannot be constructed", async () => {
  await assertRejects(() => timeout("1" as never, () => {}), TypeError, "milliseconds");
  await assertRejects(() => timeout(NaN, () => {}), RangeError, "NaN");
  await assertRejects(() => timeout(undefined as never, () => {}), TypeError);
  await assertRejects(() => timeout(1, 1 as never), TypeError, "body must be a function");
  await assertRejects(() => timeoutAt("x" as never, () => {}), TypeError, "when");
  await assertRejects(() => timeoutAt(NaN, () => {}), RangeError, "NaN");
  await timeout(60_000, (limit) => {
    assertThrows(() => limit.reschedule("x" as never), TypeError);
    assertThrows(() => limit.reschedule(NaN), RangeError);
  });
});

Deno.test("timeoutAt: takes a point in time on the scale of performance.now", async () => {
  assertEquals(await timeoutAt(null, () => "unlimited"), "unlimited");
  assertEquals(await timeoutAt(performance.now() + 60_000, (t) => t.when()! > 0), true);
  await assertRejects(() => timeoutAt(performance.now() - 1, () => new Future()), TimeoutError);
});

Deno.test("timeout: outside any task the body runs in a task of its own", async () => {
  assertEquals(currentTask(), undefined);
  assert(await timeout(60_000, () => currentTask() !== undefined));
  await assertRejects(() => timeout(0, () => sleep(60_000)), TimeoutError);
});

Deno.test("timeout: a body of which the wait and the limit end together has its wait ended", async () => {
  using time = new FakeTime();
  const seen: string[] = [];
  const task = start(async () => {
    await timeout(10, async () => {
      await sleep(10);
      seen.push("slept");
    });
    seen.push("in time");
  });
  await advance(time, 10);
  await ended(task);
  assertEquals(ending(task), "TimeoutError: The time limit was exceeded");
  assertEquals(seen, []);
});

Deno.test("timeout: requests are counted as in CPython, whoever takes its own one back", async () => {
  using time = new FakeTime();
  const task = start(async () => {
    const me = currentTask()!;
    const limited = timeout(10, async () => {
      try {
        await new Future();
      } catch {
        assertEquals(me.uncancel(), 0);
        me.cancel();
        await sleep(0);
      }
    });
    const error = await failure(limited);
    return [(error as Error).name, me.cancelling()];
  });
  await advance(time, 10);
  assertEquals(task.result(), ["TimeoutError", 0]);
});
