/**
 * Every signal that is handed out, and every wait there is.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  asCompleted,
  Barrier,
  CancelledError,
  Condition,
  createTask,
  currentTask,
  ensureFuture,
  Event,
  Future,
  gather,
  Lock,
  pipe,
  Queue,
  run,
  Semaphore,
  SharedEvent,
  SharedLock,
  SharedQueue,
  shield,
  sleep,
  TaskGroup,
  TaskPool,
  timeout,
  timeoutAt,
  wait,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, failure } from "./helpers.ts";

type Body = (signal: AbortSignal) => Promise<unknown>;

/** Who hands out a signal: as an argument, or as `currentTask().signal` in a scope of its own. */
const GIVERS: Record<string, (body: Body) => unknown> = {
  "createTask": (body) => createTask(body),
  "ensureFuture": (body) => ensureFuture(body),
  "gather": (body) => gather(body, () => sleep(60_000)),
  "wait": (body) => wait([createTask(body)]),
  "asCompleted": (body) => asCompleted([body]).next(),
  "shield": (body) => shield(createTask(body)),
  "waitFor": (body) => waitFor(body, 60_000),
  "timeout": (body) => timeout(60_000, () => body(currentTask()!.signal)),
  "timeoutAt": (body) => timeoutAt(null, () => body(currentTask()!.signal)),
  "TaskGroup.run": (body) => TaskGroup.run(() => body(currentTask()!.signal)),
  "a child of TaskGroup.run": (body) => TaskGroup.run((group) => void group.createTask(body)),
  "await using a group": async (body) => {
    await using _ = new TaskGroup();
    await body(currentTask()!.signal);
  },
  "TaskPool": (body) => new TaskPool(1).submit(() => body(currentTask()!.signal)),
};

for (const [name, give] of Object.entries(GIVERS)) {
  Deno.test(`signal: the reason is the CancelledError, in ${name}`, async () => {
    const signals: AbortSignal[] = [];
    const inside: unknown[] = [];
    let inner: { cancel(reason?: unknown): boolean } | undefined;
    const outer = createTask(async () => {
      await give(async (signal) => {
        signals.push(signal);
        inner = currentTask();
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            inside.push(signal.reason);
            reject(signal.reason);
          });
        });
      });
    });
    await settle();
    assertFalse(signals[0]!.aborted);
    outer.cancel("enough");
    await settle();
    // Those whose link is cut are asked by themselves.
    if (!signals[0]!.aborted) inner!.cancel("enough");
    await settle();
    const { reason } = signals[0]!;
    assert(reason instanceof CancelledError, `${reason}`);
    assertEquals([reason.message, inside.length, inside[0]], ["enough", 1, reason]);
    await ended(outer);
  });
}

Deno.test("signal: the reason is the CancelledError for what its own scope cancels, too", async () => {
  const reasons: unknown[] = [];
  const watch = () => {
    const { signal } = currentTask()!;
    signal.addEventListener("abort", () => reasons.push(signal.reason));
  };
  const sleepWatched = () => {
    watch();
    return sleep(60_000);
  };
  await createTask(async () => {
    await failure(timeout(0, sleepWatched));
    await failure(waitFor(async () => await sleepWatched(), 1));
    await failure(TaskGroup.run(async (group) => {
      group.createTask(sleepWatched);
      group.createTask(async () => {
        await sleep(0);
        throw new Error("a failing child");
      });
      await sleepWatched();
    }));
    await TaskGroup.run(async (group) => {
      group.createTask(sleepWatched);
      await sleep(0);
      watch();
      group.cancel();
    });
  });
  await run(async () => {
    createTask(sleepWatched);
    await sleep(0);
  });
  assertEquals(reasons.length, 7);
  for (const reason of reasons) assert(reason instanceof CancelledError, `${reason}`);
});

Deno.test("signal: no wait of the library adds a listener, in any scope", async () => {
  const never = new Future<void>();
  const [here, there] = pipe<number>();
  const lock = new Lock();
  const sharedLock = new SharedLock();
  const semaphore = new Semaphore(0);
  const condition = new Condition();
  await Promise.all([lock.acquire(), sharedLock.acquire(), condition.acquire()]);
  const pool = new TaskPool(1);
  const kept = createTask(() => never);
  const queue = new Queue<number>(1);
  queue.putNowait(1);
  const waits: (() => unknown)[] = [
    () => sleep(60_000),
    () => shield(never),
    () => ensureFuture(new Promise(() => {})),
    () => createTask(() => sleep(60_000)),
    () => gather(() => sleep(60_000), () => sleep(60_000)),
    () => wait([never], { timeout: 60_000 }),
    () => waitFor(shield(never), 60_000),
    () => asCompleted([never], { timeout: 60_000 }).next(),
    () => lock.acquire(),
    () => semaphore.acquire(),
    () => new Event().wait(),
    () => condition.wait(),
    () => new Barrier(2).wait(),
    () => queue.put(2),
    () => queue.join(),
    () => new Queue().get(),
    () => sharedLock.acquire(),
    () => new SharedEvent().wait(),
    () => new SharedQueue().get(),
    () => here.recv(),
    () => here.poll(60_000),
    () => pool.submit(() => sleep(60_000)),
    () => pool.map(() => sleep(60_000), [1, 2, 3]),
  ];
  const original = EventTarget.prototype.addEventListener;
  let added = 0;
  EventTarget.prototype.addEventListener = function (...args: Parameters<typeof original>) {
    if (this instanceof AbortSignal) added++;
    return original.apply(this, args);
  };
  try {
    const tasks = waits.map((begin) =>
      createTask(async (signal) => {
        assertFalse(signal.aborted || currentTask()!.signal !== signal);
        await timeout(60_000, async () => {
          assertFalse(currentTask()!.signal.aborted);
          await TaskGroup.run(async () => {
            assertFalse(currentTask()!.signal.aborted);
            await begin();
          });
        });
      })
    );
    await settle();
    for (const task of tasks) {
      assertFalse(task.done());
      task.cancel();
    }
    await ended(...tasks);
    assertEquals(tasks.filter((task) => !task.cancelled()).length, 0);
    assertEquals(added, 0);
  } finally {
    EventTarget.prototype.addEventListener = original;
    here.close();
    there.close();
    kept.cancel();
    await ended(kept);
    await pool.shutdown();
  }
});
