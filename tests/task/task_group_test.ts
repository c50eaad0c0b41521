import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  type Coroutine,
  createTask,
  currentTask,
  type ExceptionGroup,
  Future,
  InvalidStateError,
  sleep,
  type Task,
  TaskGroup,
  type TaskOptions,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { advance, boom, ended, ending, failure, messages, start, waiting } from "./helpers.ts";

Deno.test("TaskGroup.run: gives the body's value when all children have ended", async () => {
  const seen: string[] = [];
  const value = await TaskGroup.run(async (group) => {
    group.createTask(async () => {
      await sleep(0);
      seen.push("child");
    });
    await sleep(0);
    return "body";
  });
  assertEquals([value, ...seen], ["body", "child"]);
  assertEquals(await TaskGroup.run(() => 1), 1);
});

Deno.test("TaskGroup.run: a child that fails cancels its siblings and the body", async () => {
  const seen: string[] = [];
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(waiting(seen, "sibling"));
    group.createTask(boom("child"));
    await waiting(seen, "body")();
  }));
  assertEquals(messages(error), ["child"]);
  assertEquals(seen.sort(), ["body CancelledError", "sibling CancelledError"]);
  assertEquals((error as Error).message, "Unhandled errors in a task group (1 error)");
});

Deno.test("TaskGroup.run: reports every failure, the body's own included, in their order", async () => {
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(boom("first"));
    group.createTask(boom("second"));
    group.createTask(async () => {
      try {
        await new Future();
      } finally {
        boom("clean-up")();
      }
    });
    try {
      await new Future();
    } finally {
      boom("body")();
    }
  }));
  assertEquals(messages(error), ["first", "second", "clean-up", "body"]);
  assertEquals((error as Error).message, "Unhandled errors in a task group (4 errors)");
});

Deno.test("TaskGroup.run: a body that fails cancels the children", async () => {
  const seen: string[] = [];
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(waiting(seen, "child"));
    await sleep(0);
    boom("body")();
  }));
  assertEquals(messages(error), ["body"]);
  assertEquals(seen, ["child CancelledError"]);
});

Deno.test("TaskGroup.run: whatever is thrown is a failure, undefined as well", async () => {
  for (const thrown of [undefined, null, 0, "text"]) {
    const child = await failure(TaskGroup.run((group) => {
      group.createTask(() => Promise.reject(thrown));
    }));
    assertEquals(messages(child), [thrown]);
    const body = await failure(TaskGroup.run(() => Promise.reject(thrown)));
    assertEquals(messages(body), [thrown]);
  }
});

Deno.test("TaskGroup.run: a cancelled child is no failure", async () => {
  const value = await TaskGroup.run(async (group) => {
    const child = group.createTask(() => new Future());
    await sleep(0);
    child.cancel();
    group.createTask(() => Promise.reject(new CancelledError()));
    return "fine";
  });
  assertEquals(value, "fine");
});

Deno.test("TaskGroup.run: a failed child awaited by the body fails once", async () => {
  const error = await failure(TaskGroup.run(async (group) => {
    const child = group.createTask(boom("child"));
    await child.catch(() => {});
  }));
  assertEquals(messages(error), ["child"]);
});

Deno.test("TaskGroup.run: cancelled from outside, it cancels and awaits its children", async () => {
  const seen: string[] = [];
  const task = start(() =>
    TaskGroup.run(async (group) => {
      group.createTask(async () => {
        try {
          await new Future();
        } finally {
          await sleep(0);
          seen.push("child cleaned up");
        }
      });
      await waiting(seen, "body")();
    })
  );
  await settle();
  task.cancel("outside");
  await ended(task);
  assert(task.cancelled());
  assertEquals(seen, ["body CancelledError", "child cleaned up"]);
  assertEquals((await failure(task) as Error).message, "outside");
});

Deno.test("TaskGroup.run: cancelled while it waits for its children", async () => {
  const seen: string[] = [];
  const task = start(() =>
    TaskGroup.run((group) => {
      group.createTask(waiting(seen, "a"));
      group.createTask(waiting(seen, "b"));
    })
  );
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
  assertEquals(seen, ["a CancelledError", "b CancelledError"]);
  assertEquals(task.cancelling(), 1);
});

Deno.test("TaskGroup.run: cancelled from outside, failures of children still win", async () => {
  const task = start(async () => {
    const error = await failure(TaskGroup.run(async (group) => {
      group.createTask(async () => {
        try {
          await new Future();
        } finally {
          boom("clean-up")();
        }
      });
      await new Future();
    }));
    assertEquals(messages(error), ["clean-up"]);
    assertEquals(currentTask()!.cancelling(), 1);
    // The cancellation was not delivered as such, so that the next wait takes it.
    await sleep(60_000);
  });
  await settle();
  task.cancel();
  await ended(task);
  assertEquals(ending(task), "cancelled");
});

Deno.test("TaskGroup.run: its own cancellation of the body leaves no trace in the task", async () => {
  const task = start(async () => {
    const me = currentTask()!;
    await failure(TaskGroup.run(async (group) => {
      group.createTask(boom("child"));
      await new Future();
    }));
    assertEquals(me.cancelling(), 0);
    await sleep(0);
    return "goes on";
  });
  await ended(task);
  assertEquals(ending(task), "=goes on");
});

Deno.test("TaskGroup.run: a body that swallows its cancellation still reports the child", async () => {
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(boom("child"));
    await new Future().catch(() => {});
    await sleep(0);
    return "swallowed";
  }));
  assertEquals(messages(error), ["child"]);
});

Deno.test("TaskGroup.run: cancelled from outside in the instant a child fails", async () => {
  for (const first of ["child", "outside"]) {
    const gate = new Future<void>();
    const task = start(async () => {
      await TaskGroup.run(async (group) => {
        group.createTask(async () => {
          await gate;
          boom("child")();
        });
        await new Future();
      });
    });
    await settle();
    if (first === "child") gate.setException(new Error("child"));
    task.cancel();
    if (first === "outside" && !gate.done()) gate.setResult();
    await ended(task);
    await settle();
    assert(task.cancelled() || messages(task.exception()).length === 1, first);
    assertEquals(task.cancelling(), 1, first);
  }
});

Deno.test("TaskGroup.run: nested, each reports its own, and the outer one ends with it", async () => {
  const seen: string[] = [];
  const error = await failure(TaskGroup.run(async (outer) => {
    outer.createTask(waiting(seen, "outer child"));
    await TaskGroup.run(async (inner) => {
      inner.createTask(boom("inner child"));
      await waiting(seen, "inner body")();
    });
  }));
  assertEquals(seen, ["inner body CancelledError", "outer child CancelledError"]);
  const [inner] = (error as ExceptionGroup).errors;
  assertEquals(messages(inner), ["inner child"]);
});

Deno.test("TaskGroup.run: a failure in the outer group cancels the inner one", async () => {
  const seen: string[] = [];
  const error = await failure(TaskGroup.run(async (outer) => {
    outer.createTask(boom("outer child"));
    await TaskGroup.run(async (inner) => {
      inner.createTask(waiting(seen, "inner child"));
      await waiting(seen, "inner body")();
    });
  }));
  assertEquals(messages(error), ["outer child"]);
  assertEquals(seen, ["inner body CancelledError", "inner child CancelledError"]);
});

Deno.test("TaskGroup.run: inner failures handled in the body leave the outer group going", async () => {
  const value = await TaskGroup.run(async (outer) => {
    const child = outer.createTask(() => sleep(0, "child"));
    await failure(TaskGroup.run((inner) => void inner.createTask(boom("inner"))));
    return await child;
  });
  assertEquals(value, "child");
});

Deno.test("TaskGroup.createTask: children may make children while the body has ended", async () => {
  const seen: string[] = [];
  await TaskGroup.run((group) => {
    group.createTask(async () => {
      await sleep(0);
      group.createTask(async () => {
        await sleep(0);
        seen.push("grandchild");
      });
    });
  });
  assertEquals(seen, ["grandchild"]);
});

Deno.test("TaskGroup.createTask: is refused when the group has ended or is shutting down", async () => {
  let group!: TaskGroup;
  let refused: unknown;
  await failure(TaskGroup.run(async (g) => {
    group = g;
    g.createTask(boom("child"));
    try {
      await new Future();
    } finally {
      try {
        g.createTask(() => {});
      } catch (error) {
        refused = error;
      }
    }
  }));
  assert(refused instanceof InvalidStateError);
  assertEquals(refused.message, "Cannot create a task in a task group: it is shutting down");
  assertThrows(() => group.createTask(() => {}), InvalidStateError, "it has ended");
  await TaskGroup.run((g) => void (group = g));
  assertThrows(() => group.createTask(() => {}), InvalidStateError, "it has ended");
});

Deno.test("TaskGroup.createTask: refuses nonsense, and the group goes on", async () => {
  await TaskGroup.run((group) => {
    assertThrows(() => group.createTask(1 as never), TypeError, "coro must be a function");
    assertThrows(() => group.createTask(() => {}, { name: 1 as never }), TypeError, "name");
    const child = group.createTask(() => currentTask()!.name, { name: "named" });
    assertEquals(child.name, "named");
  });
  await assertRejects(() => TaskGroup.run(1 as never), TypeError, "body must be a function");
});

Deno.test("TaskGroup.cancel: stops the children and the body, and leaves quietly", async () => {
  const seen: string[] = [];
  let group!: TaskGroup;
  const value = await TaskGroup.run(async (g) => {
    group = g;
    g.createTask(waiting(seen, "child"));
    g.createTask(async () => {
      await sleep(0);
      g.cancel();
      g.cancel();
    });
    await waiting(seen, "body")();
    return "never";
  });
  assertEquals(value, undefined);
  assertEquals(seen.sort(), ["body CancelledError", "child CancelledError"]);
  group.cancel();
});

Deno.test("TaskGroup.cancel: from the body, which then ends with its value if it waits no more", async () => {
  const task = start(async () => {
    const seen: string[] = [];
    const value = await TaskGroup.run(async (group) => {
      group.createTask(waiting(seen, "child"));
      await sleep(0);
      group.cancel();
      return "value";
    });
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(0);
    return [value, ...seen];
  });
  assertEquals(await task, ["value", "child CancelledError"]);
});

Deno.test("TaskGroup.cancel: failures on the way out are still reported", async () => {
  const error = await failure(TaskGroup.run(async (group) => {
    group.createTask(async () => {
      try {
        await new Future();
      } finally {
        boom("clean-up")();
      }
    });
    await sleep(0);
    group.cancel();
  }));
  assertEquals(messages(error), ["clean-up"]);
});

Deno.test("TaskGroup.cancel: before anything has started, nothing runs", async () => {
  let ran = false;
  await TaskGroup.run((group) => {
    group.createTask(() => void (ran = true));
    group.cancel();
    assertThrows(() => group.createTask(() => {}), InvalidStateError, "shutting down");
  });
  assertFalse(ran);
});

Deno.test("TaskGroup.cancel: an outer cancellation is not taken for the group's", async () => {
  const task = start(async () => {
    await TaskGroup.run(async (group) => {
      group.createTask(async () => {
        await new Future().catch(() => {});
        await sleep(0);
      });
      await sleep(0);
      group.cancel();
      await new Future();
    });
    await sleep(60_000);
  });
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
});

Deno.test("TaskGroup.join: in run, waits for the children and then refuses more", async () => {
  const seen: string[] = [];
  await TaskGroup.run(async (group) => {
    group.createTask(async () => {
      await sleep(0);
      seen.push("child");
    });
    await group.join();
    seen.push("joined");
    assertThrows(() => group.createTask(() => {}), InvalidStateError, "it has ended");
  });
  assertEquals(seen, ["child", "joined"]);
});

Deno.test("TaskGroup.run: outside any task the body runs in a task that children can stop", async () => {
  let inside: Task<unknown> | undefined;
  const error = await failure(TaskGroup.run(async (group) => {
    inside = currentTask();
    group.createTask(boom("child"));
    await new Future();
  }));
  assert(inside !== undefined);
  assertEquals(messages(error), ["child"]);
});

Deno.test("TaskGroup.run: the time of one group is that of its slowest child", async () => {
  using time = new FakeTime();
  const task = createTask(() =>
    TaskGroup.run((group) => {
      for (const ms of [10, 30, 20]) group.createTask(() => sleep(ms));
    })
  );
  await advance(time, 29);
  assertFalse(task.done());
  await advance(time, 1);
  assert(task.done());
});

Deno.test("TaskGroup.run: requests are counted as in CPython, whoever takes its own one back", async () => {
  const task = start(async () => {
    const me = currentTask()!;
    const group = TaskGroup.run(async (group) => {
      group.createTask(() => Promise.reject(new Error("child")));
      try {
        await new Future();
      } catch {
        assertEquals(me.uncancel(), 0);
        me.cancel();
        await sleep(0);
      }
    });
    const error = await failure(group);
    await sleep(0);
    return [(error as Error).name, me.cancelling()];
  });
  assertEquals(await task, ["ExceptionGroup", 0]);
});

Deno.test("TaskGroup.run of a subclass makes a group of that class", async () => {
  class Limited extends TaskGroup {
    readonly made: string[];

    /** Hands nothing on, as a constructor with options of its own would not. */
    constructor() {
      super();
      this.made = [];
    }

    override createTask<T>(coro: Coroutine<T>, options?: TaskOptions): Task<T> {
      this.made.push(options?.name ?? "nameless");
      return super.createTask(coro, options);
    }
  }
  const seen: string[] = [];
  const made = await Limited.run((group) => {
    group.createTask(() => 1, { name: "one" });
    group.createTask(() => 2);
    return group.made;
  });
  assertEquals(made, ["one", "nameless"]);
  // It is a group of `run` in all else, too: a child that fails stops the body.
  const error = await failure(Limited.run(async (group) => {
    assertInstanceOf(group, Limited);
    group.createTask(boom("child"));
    await waiting(seen, "body")();
  }));
  assertEquals([messages(error), seen], [["child"], ["body CancelledError"]]);

  class Failing extends TaskGroup {
    constructor() {
      if (seen.length > 0) throw new RangeError("no group");
      super();
    }
  }
  assertInstanceOf(await failure(Failing.run(() => 1)), RangeError);
  // And the one that failed leaves nothing behind for the next.
  const plain = new TaskGroup();
  assertEquals(Deno.inspect(plain), "TaskGroup [open]");
  await plain.join();
  const { run } = TaskGroup;
  assertEquals(await run(() => 3), 3);
});
