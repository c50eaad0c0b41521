import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  Future,
  InvalidStateError,
  sleep,
  TaskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { boom, ended, ending, failure, messages, start, waiting } from "./helpers.ts";

Deno.test("await using a group: leaving the block waits for the children", async () => {
  const seen: string[] = [];
  {
    await using group = new TaskGroup();
    group.createTask(async () => {
      await sleep(0);
      seen.push("child");
    });
    seen.push("block");
  }
  assertEquals(seen, ["block", "child"]);
});

Deno.test("await using a group: a child's failure is what the block rejects with", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    const error = await failure((async () => {
      await using group = new TaskGroup();
      group.createTask(boom("child"));
      group.createTask(waiting(seen, "sibling"));
    })());
    assertEquals(messages(error), ["child"]);
    await sleep(0);
    return currentTask()!.cancelling();
  });
  assertEquals(await task, 0);
  assertEquals(seen, ["sibling CancelledError"]);
});

Deno.test("await using a group: a child's failure cancels the block, too", async () => {
  const seen: string[] = [];
  const block = async () => {
    await using group = new TaskGroup();
    group.createTask(boom("child"));
    await waiting(seen, "block")();
  };
  const task = start(block);
  assertEquals(messages(await failure(task)), ["child"]);
  assertEquals(seen, ["block CancelledError"]);
  assertEquals(task.cancelling(), 0);
  // Code around the block sees what JavaScript makes of the two.
  const around = start(async () => {
    const error = await failure(block()) as SuppressedError;
    await sleep(0);
    return [error.suppressed instanceof CancelledError, ...messages(error.error)];
  });
  assertEquals(await around, [true, "child"]);
});

Deno.test("await using a group: a block that throws joins, and both failures are told", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using group = new TaskGroup();
    group.createTask(async () => {
      await sleep(0);
      seen.push("child ended");
      boom("child")();
    });
    boom("block")();
  });
  const error = await failure(task) as SuppressedError;
  assertEquals(seen, ["child ended"]);
  assertEquals(error.name, "SuppressedError");
  assertEquals(messages(error.error), ["child"]);
  assertEquals(error.suppressed.message, "block");
});

Deno.test("await using a group with cancel on exit: leaving early cancels, join does not", async () => {
  const seen: string[] = [];
  const block = (join: boolean) =>
    start(async () => {
      await using group = new TaskGroup({ onExit: "cancel" });
      group.createTask(async () => {
        try {
          await sleep(0);
          seen.push("child ended");
        } catch (error) {
          seen.push(`child ${(error as Error).name}`);
          throw error;
        }
      });
      await Promise.resolve();
      if (join) await group.join();
    });
  await block(true);
  assertEquals(seen, ["child ended"]);
  await block(false);
  assertEquals(seen.length === 1 || seen[1] === "child CancelledError", true);
});

Deno.test("await using a group with cancel on exit: a block that throws cancels", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using group = new TaskGroup({ onExit: "cancel" });
    group.createTask(waiting(seen, "child"));
    await sleep(0);
    boom("block")();
  });
  assertEquals((await failure(task) as Error).message, "block");
  assertEquals(seen, ["child CancelledError"]);
});

Deno.test("await using a group: cancelled in the block, it cancels the children", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using group = new TaskGroup();
    group.createTask(waiting(seen, "child"));
    await waiting(seen, "block")();
  });
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
  assertEquals(seen, ["block CancelledError", "child CancelledError"]);
});

Deno.test("await using a group: cancelled while it joins, it cancels the children", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using group = new TaskGroup();
    group.createTask(waiting(seen, "child"));
  });
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
  assertEquals(seen, ["child CancelledError"]);
});

Deno.test("await using a group: join rejects as run would, and leaving adds nothing", async () => {
  const task = start(async () => {
    await using group = new TaskGroup();
    group.createTask(boom("child"));
    const error = await failure(group.join());
    assertThrows(() => group.createTask(() => {}), InvalidStateError, "it has ended");
    return messages(error);
  });
  assertEquals(await task, ["child"]);
});

Deno.test("await using a group: cancel leaves the block with CancelledError", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    const error = await failure((async () => {
      await using group = new TaskGroup();
      group.createTask(waiting(seen, "child"));
      group.createTask(async () => {
        await sleep(0);
        group.cancel();
      });
      await waiting(seen, "block")();
    })());
    assert(error instanceof CancelledError);
    await sleep(0);
    return currentTask()!.cancelling();
  });
  assertEquals(await task, 0);
  assertEquals(seen.sort(), ["block CancelledError", "child CancelledError"]);
});

Deno.test("await using groups: two in one block end in reverse order", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using first = new TaskGroup();
    await using second = new TaskGroup();
    first.createTask(async () => {
      await sleep(0);
      await sleep(0);
      seen.push("first");
    });
    second.createTask(async () => {
      await sleep(0);
      seen.push("second");
    });
  });
  await task;
  assertEquals(seen, ["second", "first"]);
});

Deno.test("await using groups: a failure in the outer one reaches the block of the inner one", async () => {
  const seen: string[] = [];
  const task = start(async () => {
    await using outer = new TaskGroup();
    outer.createTask(boom("outer"));
    {
      await using inner = new TaskGroup();
      inner.createTask(waiting(seen, "inner child"));
      await waiting(seen, "block")();
    }
  });
  assertEquals(messages(await failure(task)), ["outer"]);
  assertEquals(seen, ["block CancelledError", "inner child CancelledError"]);
});

Deno.test("await using a group in a function called side by side with another", async () => {
  const worker = async (name: string, fail: boolean) => {
    await using group = new TaskGroup();
    group.createTask(() => sleep(0));
    await sleep(0);
    if (fail) boom(name)();
    return name;
  };
  const task = start(() => Promise.allSettled([worker("a", false), worker("b", true)]));
  const [a, b] = await task;
  assertEquals([a!.status, b!.status], ["fulfilled", "rejected"]);
  assertEquals(task.cancelling(), 0);
});

Deno.test("await using a group outside any task: children run, and failures are reported", async () => {
  const error = await failure((async () => {
    await using group = new TaskGroup();
    group.createTask(boom("child"));
    await sleep(0);
  })());
  assertEquals(messages(error), ["child"]);
  assertEquals(currentTask(), undefined);
});

Deno.test("await using a group: refuses an unknown onExit", () => {
  assertThrows(() => new TaskGroup({ onExit: "stop" as never }), TypeError, "onExit must be");
  assertThrows(() => new TaskGroup(1 as never), TypeError, "options must be an object");
});

Deno.test("await using a group: what the task does afterwards is not the group's any more", async () => {
  const task = start(async () => {
    {
      await using group = new TaskGroup();
      group.createTask(() => sleep(0));
    }
    const signal = currentTask()!.signal;
    assertFalse(signal.aborted);
    await sleep(60_000);
  });
  await settle();
  assertEquals(ending(task), "pending");
  const other = createTask(() => sleep(0));
  await other;
  task.cancel();
  await ended(task);
  assert(task.cancelled());
});

Deno.test("TaskGroup.join: another task that gives up waiting leaves the children alone", async () => {
  const gate = new Future<void>();
  const group = new TaskGroup();
  const child = group.createTask(async () => await gate);
  const impatient = start(() => timeout(5, () => group.join()));
  const cancelled = start(() => group.join());
  const patient = start(() => group.join());
  await ended(impatient);
  assert(impatient.exception() instanceof TimeoutError);
  cancelled.cancel();
  await ended(cancelled);
  assertEquals([cancelled.cancelled(), child.done(), patient.done()], [true, false, false]);
  gate.setResult();
  await ended(patient);
  assertEquals([ending(child), ending(patient)], ["=undefined", "=undefined"]);
});

Deno.test("TaskGroup.join: another task hears of the failures, and so does the block", async () => {
  const seen: unknown[] = [];
  const task = start(async () => {
    const group = new TaskGroup();
    group.createTask(async () => {
      await sleep(0);
      boom("child")();
    });
    const other = createTask(() => group.join());
    await failure(sleep(60_000));
    seen.push(messages(await failure(group.join())), messages(await failure(other)));
  });
  await ended(task);
  assertEquals([ending(task), seen], ["=undefined", [["child"], ["child"]]]);
});
