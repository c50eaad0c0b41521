/**
 * Every place at which a cancellation can meet groups, limits and waits for several things, tried
 * in turn: what was begun ends, no cancellation is lost or made up, and no timer is left.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  asCompleted,
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  Future,
  gather,
  run,
  shield,
  type Task,
  TaskGroup,
  timeout,
  TimeoutError,
  wait,
  waitFor,
} from "../../mod.ts";
import { type Scene, sweep } from "../support/sweep.ts";
import { giveWay } from "../support/settled.ts";

/** Sweeps with one cancellation and with two, in fake time, after each of which no timer is left. */
function sweepTest(
  name: string,
  begin: (time: FakeTime) => Scene | Promise<Scene>,
  twice = true,
): void {
  Deno.test(`sweep: ${name}`, async () => {
    using time = new FakeTime();
    const checked = (scene: Scene): Scene => ({
      ...scene,
      async check(cuts: readonly number[]) {
        await scene.check?.(cuts);
        assertFalse(time.next(), "a timer is left");
      },
    });
    const scene = () => {
      const begun = begin(time);
      return begun instanceof Promise ? begun.then(checked) : checked(begun);
    };
    const once = await sweep(scene);
    assert(once >= 10, `only ${once} scenes`);
    if (twice) assert(await sweep(scene, { twice }) > once);
  });
}

/** Work that is begun in a scene, and what became of it. */
class Work {
  begun = 0;
  running = 0;

  /** Takes so many turns, and so many more to clean up, in whatever way it ends. */
  of<T>(turns: number, end: () => T, cleanUp = 0): () => Promise<T> {
    return async () => {
      this.begun++;
      this.running++;
      try {
        await turn(turns);
        return end();
      } finally {
        try {
          await turn(cleanUp);
        } finally {
          this.running--;
        }
      }
    };
  }

  /** Like `of`, but fails. */
  failing(turns: number, message: string, cleanUp = 0): () => Promise<never> {
    return this.of<never>(turns, () => {
      throw new Error(message);
    }, cleanUp);
  }
}

async function turn(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await giveWay();
}

/**
 * A task that goes through `play`, and after it waits some more: a cancellation must reach it
 * there, if it was not delivered before.
 */
function actor(play: () => unknown): Task<unknown> {
  return createTask(async () => {
    const task = currentTask()!;
    const before = task.cancelling();
    const value = await play();
    assert(before <= task.cancelling(), "a request was taken back that was not one's own");
    await turn(2);
    return value;
  }, { name: "actor" });
}

/** Asked to stop, it was cancelled; not asked, it was not. Failures come out. */
function judge(task: Task<unknown>): void {
  if (task.cancelled()) {
    assert(task.cancelling() > 0, "cancelled, though nobody asked for it");
    return;
  }
  const error = task.exception();
  if (error !== undefined) throw error;
  assertEquals(task.cancelling(), 0, "a cancellation was lost");
}

/** What `play` gives, or its failure if that is one of those expected. */
async function outcome<T>(
  play: () => Promise<T>,
  ...expected: (typeof ExceptionGroup | typeof TimeoutError | typeof Error)[]
): Promise<T | string> {
  try {
    return await play();
  } catch (thrown) {
    // What JavaScript makes of a block that a failing child cancelled.
    const { error: last, suppressed } = thrown as SuppressedError;
    const both = last instanceof ExceptionGroup && suppressed instanceof CancelledError;
    const error = both ? last : thrown as Error;
    if (!expected.includes(error.constructor as typeof Error)) throw error;
    if (error instanceof ExceptionGroup) {
      return error.errors.map((one) => (one as Error).message).sort().join();
    }
    return error instanceof TimeoutError ? "TimeoutError" : error.message;
  }
}

// Groups.

/** Both forms of a group, each giving what its body gives. */
const FORMS: Record<string, <T>(body: (group: TaskGroup) => Promise<T>) => Promise<T>> = {
  "TaskGroup.run": (body) => TaskGroup.run(body),
  "await using a group": async (body) => {
    await using group = new TaskGroup();
    return await body(group);
  },
  "await using a group with cancel on exit": async (body) => {
    await using group = new TaskGroup({ onExit: "cancel" });
    const value = await body(group);
    await group.join();
    return value;
  },
};

for (const [form, play] of Object.entries(FORMS)) {
  sweepTest(`${form}, all goes well`, () => {
    const work = new Work();
    const results: number[] = [];
    const victim = actor(async () => {
      try {
        return await play(async (group) => {
          for (const n of [2, 1, 3]) {
            group.createTask(work.of(n, () => results.push(n), n === 2 ? 1 : 0));
          }
          await turn(2);
          return "value";
        });
      } finally {
        assertEquals(work.running, 0, "the group outlived its extent");
      }
    });
    return {
      victim,
      check() {
        judge(victim);
        if (!victim.cancelled()) {
          assertEquals([victim.result(), ...results.sort()], ["value", 1, 2, 3]);
        }
      },
    };
  });

  sweepTest(`${form}, a child is cancelled`, () => {
    const work = new Work();
    let victim!: Task<unknown>;
    const owner = actor(() =>
      play(async (group) => {
        const children = [2, 3, 1].map((n) => group.createTask(work.of(n, () => n, 1)));
        victim = children[1]!;
        await Promise.allSettled(children);
        return children.map((child) => child.cancelled() ? "cancelled" : child.result());
      })
    );
    const stand: Future<unknown> = createTask(async () => {
      while (victim === undefined) await giveWay();
      await victim;
    });
    return {
      victim: stand,
      others: [owner],
      check() {
        judge(owner);
        const [first, second, third] = owner.result() as unknown[];
        assertEquals([first, third], [2, 1]);
        assert(second === 3 || second === "cancelled");
      },
    };
  });

  for (const place of [0, 1, 2]) {
    sweepTest(`${form}, the child at place ${place} of three fails`, () => {
      const work = new Work();
      const victim = actor(() =>
        outcome(async () => {
          try {
            return await play(async (group) => {
              for (const n of [0, 1, 2]) {
                group.createTask(
                  n === place ? work.failing(1, "child", 1) : work.of(3, () => n, 2),
                );
              }
              await turn(4);
              return "value";
            });
          } finally {
            assertEquals(work.running, 0, "the group outlived its extent");
          }
        }, ExceptionGroup)
      );
      return {
        victim,
        check() {
          judge(victim);
          if (!victim.cancelled()) assertEquals(victim.result(), "child");
        },
      };
    });
  }

  sweepTest(`${form}, nested, a child of the inner one fails`, () => {
    const work = new Work();
    const victim = actor(async () => {
      const seen: string[] = [];
      await play(async (outer) => {
        outer.createTask(work.of(6, () => seen.push("outer child"), 1));
        const inner = await outcome(() =>
          play(async (group) => {
            group.createTask(work.failing(1, "inner child"));
            group.createTask(work.of(4, () => seen.push("never"), 1));
            await turn(4);
            return "never";
          }), ExceptionGroup);
        seen.push(inner);
        await turn(1);
        seen.push("went on");
      });
      assertEquals(work.running, 0);
      return seen;
    });
    return {
      victim,
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (victim.cancelled()) return;
        assertEquals(victim.result(), ["inner child", "went on", "outer child"]);
      },
    };
  });

  sweepTest(`${form}, nested, a child of the outer one fails`, () => {
    const work = new Work();
    const victim = actor(() =>
      outcome(() =>
        play(async (outer) => {
          outer.createTask(work.failing(2, "outer child", 1));
          return await play(async (group) => {
            group.createTask(work.of(6, () => "never", 2));
            await turn(6);
            return "never";
          });
        }), ExceptionGroup)
    );
    return {
      victim,
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (!victim.cancelled()) assertEquals(victim.result(), "outer child");
      },
    };
  });

  sweepTest(`${form}, cancelled by a child`, () => {
    const work = new Work();
    let left = 0;
    const victim = actor(async () => {
      await play(async (group) => {
        group.createTask(work.of(9, () => left = NaN, 2));
        group.createTask(work.of(1, () => group.cancel(), 1));
        // The block of `await using` cannot be left quietly: it is not waiting when that happens.
        await turn(form === "TaskGroup.run" ? 9 : 0);
      });
      assertEquals(work.running, 0);
      left++;
    });
    return {
      victim,
      check() {
        judge(victim);
        if (!victim.cancelled()) assertEquals(left, 1);
      },
    };
  });
}

sweepTest("TaskGroup.run, body and children fail", () => {
  const work = new Work();
  const victim = actor(() =>
    outcome(() =>
      TaskGroup.run(async (group) => {
        group.createTask(work.failing(2, "child"));
        group.createTask(async () => {
          try {
            await new Future();
          } finally {
            await work.failing(2, "clean-up")();
          }
        });
        await work.failing(1, "body", 1)();
      }), ExceptionGroup)
  );
  return {
    victim,
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), "body,clean-up");
    },
  };
});

sweepTest("TaskGroup.run, children make children until the end", () => {
  const work = new Work();
  const victim = actor(async () => {
    let made = 0;
    await TaskGroup.run((group) => {
      const child = work.of(1, () => {
        if (++made < 6) group.createTask(child);
      });
      group.createTask(child);
      group.createTask(child);
    });
    assertEquals(work.running, 0);
    return made;
  });
  return {
    victim,
    check() {
      if (victim.cancelled() || victim.exception() === undefined) {
        judge(victim);
        if (!victim.cancelled()) assertEquals(victim.result(), 7);
      } else {
        // A child that was about to make one when the group was shut down.
        const { errors } = victim.exception() as ExceptionGroup;
        assert(errors.length <= 2 && errors.every((one) => /shutting down/.test(String(one))));
        assert(victim.cancelling() > 0);
      }
      assertEquals(work.running, 0);
    },
  };
});

// Gather.

sweepTest("gather, all goes well", () => {
  const work = new Work();
  const children = [2, 1, 3].map((n) => createTask(work.of(n, () => n, 1)));
  const victim = actor(() => gather(children));
  return {
    victim,
    check() {
      judge(victim);
      for (const child of children) if (!victim.cancelled()) assertFalse(child.cancelled());
      if (!victim.cancelled()) assertEquals(victim.result(), [2, 1, 3]);
    },
  };
});

sweepTest("gather, one fails and the others go on", () => {
  const work = new Work();
  const failing = createTask(work.failing(1, "first"));
  const others = [3, 0].map((n) => createTask(work.of(n, () => n, 1)));
  const victim = actor(() => outcome(() => gather(failing, ...others), Error));
  return {
    victim,
    others: [failing, ...others],
    check() {
      // As in asyncio, a failure in the instant of the cancellation stands for both.
      if (victim.cancelled() || victim.cancelling() === 0) judge(victim);
      if (!victim.cancelled()) assertEquals(victim.result(), "first");
      if (victim.cancelling() === 0) assertEquals(others.map((other) => other.result()), [3, 0]);
    },
  };
});

sweepTest("gather, the failures among the results", () => {
  const work = new Work();
  const victim = actor(async () => {
    const aws = [work.of(2, () => "two"), work.failing(1, "one", 1), work.of(0, () => "none")];
    const results = await gather(aws, { returnExceptions: true });
    return results.map((one) => (one as unknown) instanceof Error ? "error" : one);
  });
  return {
    victim,
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), ["two", "error", "none"]);
    },
  };
});

for (const returnExceptions of [false, true]) {
  sweepTest(`gather, a child is cancelled, ${returnExceptions ? "" : "not "}among results`, () => {
    const work = new Work();
    const children = [3, 2].map((n) => createTask(work.of(n, () => n, 1)));
    const owner = actor(async () => {
      try {
        return await gather(children, { returnExceptions });
      } catch {
        return "rejected";
      }
    });
    return {
      victim: children[1]!,
      others: [owner],
      check() {
        judge(owner);
        assertEquals(children[0]!.result(), 3);
        const result = owner.result();
        if (!children[1]!.cancelled()) assertEquals(result, [3, 2]);
        else if (returnExceptions) assertEquals((result as Error[])[1]!.name, "CancelledError");
        else assertEquals(result, "rejected");
      },
    };
  });
}

// Limits.

/** A promise that the library knows nothing of. */
function foreign<T>(task: Task<T>): Promise<T> {
  return new Promise((resolve) => task.addDoneCallback(() => resolve(task.result())));
}

/** Moves time on by `ms` after so many turns. */
function clock(time: FakeTime, turns: number, ms: number): Task<void> {
  return createTask(async () => {
    await turn(turns);
    time.tick(ms);
  }, { name: "clock" });
}

for (const turns of [0, 2, 4]) {
  sweepTest(`timeout, the limit after ${turns} turns`, (time) => {
    const work = new Work();
    const victim = actor(() =>
      outcome(() => timeout(10, work.of(3, () => "in time", 2)), TimeoutError)
    );
    return {
      victim,
      others: [clock(time, turns, 10)],
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (victim.cancelled()) return;
        assert(["in time", "TimeoutError"].includes(victim.result() as string));
        if (turns === 0) assertEquals(victim.result(), "TimeoutError");
      },
    };
  });

  sweepTest(`timeout in a timeout, the limits together after ${turns} turns`, (time) => {
    const work = new Work();
    const victim = actor(() =>
      outcome(() =>
        timeout(10, async () => {
          const inner = await outcome(
            () => timeout(10, work.of(3, () => "in time", 1)),
            TimeoutError,
          );
          await turn(1);
          return inner;
        }), TimeoutError)
    );
    return {
      victim,
      others: [clock(time, turns, 10)],
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (victim.cancelled()) return;
        assert(["in time", "TimeoutError"].includes(victim.result() as string));
      },
    };
  });

  for (const [form, play] of Object.entries(FORMS)) {
    sweepTest(`timeout around ${form}, after ${turns} turns`, (time) => {
      const work = new Work();
      const victim = actor(() =>
        outcome(() =>
          timeout(10, () =>
            play(async (group) => {
              group.createTask(work.of(3, () => 0, 1));
              group.createTask(work.of(2, () => 0, 2));
              await turn(2);
              return "in time";
            })), TimeoutError)
      );
      return {
        victim,
        others: [clock(time, turns, 10)],
        check() {
          judge(victim);
          assertEquals(work.running, 0);
          if (victim.cancelled()) return;
          assert(["in time", "TimeoutError"].includes(victim.result() as string));
        },
      };
    });
  }

  for (const kind of ["function", "task", "shielded task", "promise"]) {
    sweepTest(`waitFor a ${kind}, the limit after ${turns} turns`, (time) => {
      const work = new Work();
      const fn = work.of(3, () => "in time", 2);
      let inner: Task<string> | undefined;
      const victim = actor(() =>
        outcome(async () => {
          if (kind === "function") return await waitFor(fn, 10);
          const task = inner = createTask(fn);
          if (kind === "shielded task") return await waitFor(shield(task), 10);
          if (kind === "promise") return await waitFor(foreign(task), 10);
          try {
            return await waitFor(task, 10);
          } finally {
            assert(task.done(), "what was waited for has not ended");
          }
        }, TimeoutError)
      );
      return {
        victim,
        others: [clock(time, turns, 10)],
        check() {
          judge(victim);
          assertEquals(work.running, 0);
          const kept = kind === "shielded task" || (kind === "promise" && inner !== undefined);
          if (kept && !victim.cancelled()) assertEquals(inner!.result(), "in time");
          if (victim.cancelled()) return;
          assert(["in time", "TimeoutError"].includes(victim.result() as string));
        },
      };
    });
  }
}

sweepTest("timeout, moved twice", (time) => {
  const victim = actor(() =>
    outcome(() =>
      timeout(10, async (limit) => {
        await turn(1);
        limit.reschedule(performance.now() + 60_000);
        await turn(1);
        limit.reschedule(null);
        await turn(1);
        return "in time";
      }), TimeoutError)
  );
  return {
    victim,
    others: [clock(time, 2, 20)],
    check() {
      judge(victim);
      if (!victim.cancelled()) assertEquals(victim.result(), "in time");
    },
  };
});

sweepTest("waitFor with nothing left of the time", () => {
  const work = new Work();
  const task = createTask(work.of(5, () => "in time", 2));
  const victim = actor(() => outcome(() => waitFor(task, 0), TimeoutError));
  return {
    victim,
    others: [task],
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), "TimeoutError");
    },
  };
});

// Shields.

sweepTest("shield, the one who waits", () => {
  const work = new Work();
  const inner = createTask(work.of(3, () => "kept", 1));
  const victim = actor(() => shield(inner));
  const other = actor(() => shield(inner));
  return {
    victim,
    others: [other],
    check() {
      judge(victim);
      assertEquals([inner.result(), other.result()], ["kept", "kept"]);
      if (!victim.cancelled()) assertEquals(victim.result(), "kept");
    },
  };
});

sweepTest("shield, what is shielded", () => {
  const work = new Work();
  const inner = createTask(work.of(3, () => "kept", 1));
  const owner = actor(async () => {
    try {
      return await shield(inner);
    } catch {
      return "rejected";
    }
  });
  return {
    victim: inner,
    others: [owner],
    check() {
      judge(owner);
      assertEquals(owner.result(), inner.cancelled() ? "rejected" : "kept");
    },
  };
});

// Several at once.

for (const returnWhen of ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"] as const) {
  for (const limit of [undefined, 10]) {
    sweepTest(
      `wait, ${returnWhen}, ${limit === undefined ? "without" : "with"} a limit`,
      (time) => {
        const work = new Work();
        const tasks = [
          createTask(work.of(4, () => 4)),
          createTask(work.failing(2, "two")),
          createTask(work.of(1, () => 1)),
        ];
        for (const task of tasks) task.addDoneCallback((done) => done.exception());
        const victim = actor(async () => {
          const options = limit === undefined ? { returnWhen } : { returnWhen, timeout: limit };
          const { done, pending } = await wait<number>(tasks, options);
          for (const task of done) assert(task.done());
          assertEquals(done.size + pending.size, 3);
          return done.size;
        });
        return {
          victim,
          others: [...tasks, clock(time, 3, 10)],
          check() {
            judge(victim);
            assertEquals([tasks[0]!.result(), tasks[2]!.result()], [4, 1]);
            assertEquals((tasks[1]!.exception() as Error).message, "two");
            if (victim.cancelled()) return;
            const size = victim.result() as number;
            assert(size >= (returnWhen === "FIRST_COMPLETED" ? 1 : 2), `${size} were done`);
            if (returnWhen === "ALL_COMPLETED" && limit === undefined) assertEquals(size, 3);
          },
        };
      },
    );
  }
}

for (const limit of [undefined, 60_000]) {
  sweepTest(`asCompleted, a loop ${limit === undefined ? "without" : "with"} a limit`, () => {
    const work = new Work();
    const tasks = [3, 1, 2].map((n) => createTask(work.of(n, () => n)));
    const seen: number[] = [];
    const victim = actor(async () => {
      const options = limit === undefined ? {} : { timeout: limit };
      for await (const each of asCompleted(tasks, options)) {
        const future = each as unknown as Task<number>;
        assert(future.done());
        seen.push(future.result());
        await turn(1);
      }
    });
    return {
      victim,
      others: tasks,
      check() {
        judge(victim);
        assertEquals(tasks.map((task) => task.result()), [3, 1, 2]);
        if (!victim.cancelled()) assertEquals(seen, [1, 2, 3]);
        else assertEquals(seen, [1, 2, 3].slice(0, seen.length));
      },
    };
  });
}

sweepTest("asCompleted, a loop with a limit over what does not end", () => {
  const first = new Future<void>();
  const victim = actor(async () => {
    const futures = [first, new Future<void>()];
    for await (const _ of asCompleted(futures, { timeout: 60_000 })) await turn(1);
  });
  const helper = createTask(async () => {
    await turn(2);
    first.setResult();
    await turn(4);
    victim.cancel();
  });
  return {
    victim,
    others: [helper],
    check: () => assert(victim.cancelled()),
  };
});

sweepTest("asCompleted, one of three who share a loop", () => {
  const work = new Work();
  const tasks = [1, 1, 2, 3].map((n) => createTask(work.of(n, () => n)));
  const loop = asCompleted(tasks);
  const seen: Future<number>[] = [];
  const readers = [0, 1, 2].map(() =>
    actor(async () => {
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
      }
    })
  );
  return {
    victim: readers[1]!,
    others: [...readers, ...tasks],
    check() {
      for (const reader of readers) judge(reader);
      assertFalse(readers[0]!.cancelled() || readers[2]!.cancelled());
      // But for the one in the very hands of the reader that was cancelled.
      const missing = tasks.length - seen.length;
      assert(missing <= (readers[1]!.cancelled() ? 1 : 0), `${missing} are missing`);
      assertEquals(new Set(seen).size, seen.length);
    },
  };
});

// Woken, but cancelled before their turn: a task that goes on in between holds that turn back.

function wokenInTurn(settle: () => void): Task<void>[] {
  const gate = new Future<void>();
  const between = createTask(async () => {
    await gate;
    for (let i = 0; i < 6; i++) await undefined;
  }, { name: "in between" });
  const setter = createTask(async () => {
    await turn(2);
    settle();
    gate.setResult();
  }, { name: "setter" });
  return [between, setter];
}

const WAITS: Record<string, (future: Future<string>) => Promise<unknown>> = {
  "await": async (future) => await shield(future),
  "wait": (future) => wait([future], { timeout: 60_000 }),
  "wait for the first": (future) =>
    wait([future, new Future<string>()], { timeout: 60_000, returnWhen: "FIRST_COMPLETED" }),
  "waitFor": (future) => waitFor(shield(future), 60_000),
  "timeout": (future) => timeout(60_000, () => shield(future)),
  "gather": (future) => gather(shield(future), shield(future)),
  "asCompleted": (future) => asCompleted([future], { timeout: 60_000 }).next(),
  "TaskGroup.run": (future) =>
    TaskGroup.run((group) => void group.createTask(() => shield(future))),
};

for (const [name, play] of Object.entries(WAITS)) {
  sweepTest(`${name}, woken and cancelled`, () => {
    const future = new Future<string>();
    const victim = actor(() => play(future));
    return {
      victim,
      others: wokenInTurn(() => future.setResult("value")),
      check() {
        judge(victim);
        assertEquals(future.result(), "value");
      },
    };
  });
}

sweepTest("asCompleted, what was handed to one who is cancelled goes to the next", () => {
  const futures = [0, 1, 2].map(() => new Future<number>());
  const loop = asCompleted(futures, { timeout: 60_000 });
  const seen: Future<number>[] = [];
  const got = [0, 0];
  const readers = [0, 1].map((place) =>
    actor(async () => {
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
        got[place]!++;
      }
    })
  );
  const others = wokenInTurn(() => futures.slice(0, 2).forEach((one) => one.setResult(1)));
  let alone = false;
  const last = createTask(async () => {
    await Promise.all(others);
    await turn(6);
    alone = readers[0]!.done() && got[0] === 0;
    futures[2]!.setResult(2);
  }, { name: "last" });
  return {
    victim: readers[0]!,
    others: [...readers, ...others, last],
    async check() {
      for (const reader of readers) judge(reader);
      if (alone) assertEquals(seen.length, 3, "the other one did not get them all");
      // When the other one had been told that there was no more for it, it is still there.
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
      }
      assertEquals(new Set(seen), new Set(futures));
      assertEquals(seen.length, 3);
    },
  };
});

// Runs.

/** Begins a run, and gives the task that `main` names as soon as it is made. */
async function beginRun<T>(main: (name: (task: Task<unknown>) => void) => Promise<T>, work: Work) {
  const named = Promise.withResolvers<{ victim: Task<unknown> }>();
  const result = run(() => main((task) => named.resolve({ victim: task })), {
    handleSignals: false,
  })
    .finally(() => assertEquals(work.running, 0, "run left tasks"));
  result.catch(() => {});
  return { ...await named.promise, result };
}

sweepTest("run, its main", async () => {
  const work = new Work();
  const { victim, result } = await beginRun(async (name) => {
    name(currentTask()!);
    createTask(work.of(5, () => 0, 2));
    await TaskGroup.run((group) => {
      group.createTask(work.of(2, () => 0, 1));
      group.createTask(work.of(1, () => 0, 1));
    });
    return "value";
  }, work);
  return {
    victim,
    async check() {
      judge(victim);
      const [ending] = await Promise.allSettled([result]);
      if (ending.status === "fulfilled") assertEquals(ending.value, "value");
      else assertEquals(ending.reason.name, "CancelledError");
      assertEquals(ending.status === "rejected", victim.cancelled());
    },
  };
});

sweepTest("run, a task that its end cancels", async () => {
  const work = new Work();
  const { victim, result } = await beginRun(async (name) => {
    name(createTask(work.of(4, () => 0, 3)));
    createTask(work.of(5, () => 0, 1));
    await turn(2);
    return "value";
  }, work);
  return {
    victim,
    async check() {
      assertEquals(await result, "value");
      assert(victim.cancelled());
    },
  };
});
