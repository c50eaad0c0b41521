import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  Future,
  sleep,
  TaskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, failure, start } from "../task/helpers.ts";

type Scoped = (body: () => AbortSignal) => Promise<AbortSignal>;

/** Every way to run a body in a scope of its own. */
const scopes: Record<string, Scoped> = {
  timeout: (body) => timeout(60_000, body),
  "timeout without a limit": (body) => timeout(null, body),
  waitFor: (body) => waitFor(async () => await body(), 60_000),
  "TaskGroup.run": (body) => TaskGroup.run(body),
  "await using": async (body) => {
    await using _ = new TaskGroup();
    return body();
  },
};

for (const [name, scoped] of Object.entries(scopes)) {
  const read = () => currentTask()!.signal;

  Deno.test(`cancel scope, ${name}: a signal handed out in it stays live with the task`, async () => {
    let signal!: AbortSignal;
    const task = start(async () => {
      signal = await scoped(read);
      await new Future();
    });
    await settle();
    assert(!signal.aborted);
    task.cancel("enough");
    assert(signal.aborted);
    assertEquals((signal.reason as Error).message, "enough");
    await ended(task);
  });

  Deno.test(`cancel scope, ${name}: a signal follows a scope in between, and that alone`, async () => {
    const seen: AbortSignal[] = [];
    const task = createTask(async () => {
      const before = read();
      const error = await failure(timeout(5, async () => {
        seen.push(await scoped(read));
        await new Future();
      }));
      assert(error instanceof TimeoutError);
      assertEquals([seen[0]!.aborted, before.aborted, read().aborted], [true, false, false]);
    });
    await task;
  });

  Deno.test(`cancel scope, ${name}: what cleans up after a cancellation has a live signal`, async () => {
    let signal: AbortSignal | undefined;
    const task = start(async () => {
      try {
        await new Future();
      } finally {
        signal = await scoped(read);
      }
    });
    await settle();
    task.cancel();
    await ended(task);
    assertEquals(signal!.aborted, false);
  });
}

Deno.test("cancel scope: a signal follows the task from deep within", async () => {
  let signal!: AbortSignal;
  const nest = async (depth: number): Promise<void> => {
    if (depth === 0) signal = currentTask()!.signal;
    else await timeout(60_000, () => nest(depth - 1));
  };
  const task = start(async () => {
    await nest(50);
    await new Future();
  });
  await settle();
  assert(!signal.aborted);
  task.cancel();
  assert(signal.aborted);
  await ended(task);
});

Deno.test("uncancel: down to zero, the task has a live signal, and an AbortError is a failure", async () => {
  const task = start(async () => {
    const me = currentTask()!;
    const first = me.signal;
    me.cancel();
    me.cancel();
    await sleep(1).catch(() => {});
    assertEquals([me.uncancel(), me.signal.aborted], [1, true]);
    assertEquals([me.uncancel(), me.signal.aborted, first.aborted], [0, false, true]);
    await timeout(60_000, () => assertEquals(me.signal.aborted, false));
    throw new DOMException("of somebody else", "AbortError");
  });
  await ended(task);
  assertEquals([task.cancelled(), (task.exception() as Error).name], [false, "AbortError"]);
});

Deno.test("uncancel: after it, a cancellation aborts the new signal", async () => {
  let signal!: AbortSignal;
  const task = start(async () => {
    const me = currentTask()!;
    me.cancel();
    await sleep(1).catch(() => me.uncancel());
    signal = me.signal;
    await new Future();
  });
  await settle();
  assertEquals(signal.aborted, false);
  task.cancel();
  assert(signal.aborted);
  await ended(task);
  assert(task.cancelled());
});

Deno.test("await using groups: 100,000 that overlap leave nothing behind", async () => {
  const task = start(async () => {
    let last = new TaskGroup();
    for (let i = 0; i < 100_000; i++) {
      const next = new TaskGroup();
      await last[Symbol.asyncDispose]();
      last = next;
    }
    await using _ = last;
    await new Future();
  });
  await settle();
  while (!task.done() && task.cancelling() === 0) {
    await sleep(0);
    task.cancel();
  }
  await ended(task);
  assert(task.cancelled());
});

Deno.test("await using groups: in whatever order they end, each that is left reaches the block", async () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    for (let ends = 0; ends < 3; ends++) {
      const task = start(async () => {
        const groups = [0, 1, 2].map(() => new TaskGroup());
        for (const index of order.slice(0, ends)) await groups[index]!.join();
        const failing = groups[order[ends]!]!;
        failing.createTask(() => Promise.reject(new Error("child")));
        await assertRejects(
          () => sleep(60_000),
          CancelledError,
          "A child of the task group failed",
        );
        await failure(failing.join());
        for (const index of order.slice(ends + 1)) await groups[index]!.join();
        await sleep(0);
        assertEquals(currentTask()!.cancelling(), 0);
      });
      await ended(task);
      assertEquals(task.exception(), undefined);
    }
  }
});

for (const name of ["timeout", "TaskGroup.run", "await using"]) {
  const scoped = scopes[name]!;

  Deno.test(`Scale: ${name}, 100,000 deep, ends and is cancelled`, async () => {
    for (const cancel of [false, true]) {
      const gate = new Future<void>();
      let deepest = false;
      const nest = async (depth: number): Promise<AbortSignal> => {
        await null; // so that it is not the stack that is deep
        if (depth === 0) {
          deepest = true;
          await gate;
          return undefined as unknown as AbortSignal;
        }
        return await scoped((() => nest(depth - 1)) as unknown as () => AbortSignal);
      };
      const task = start(() => nest(100_000));
      while (!deepest) await sleep(1);
      if (cancel) task.cancel();
      else gate.setResult();
      await ended(task);
      assertEquals(task.cancelled(), cancel);
    }
  });
}
