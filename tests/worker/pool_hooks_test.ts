import { assertEquals, assertMatch } from "@std/assert";
import {
  Barrier,
  Condition,
  createTask,
  Event,
  Future,
  instrument,
  Lock,
  Queue,
  Semaphore,
  SharedArray,
  SharedBarrier,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
  SharedValue,
  sleep,
  TaskGroup,
  taskTree,
  WorkerPool,
} from "../../mod.ts";

Deno.test("instrument: calls and workers of a pool, each beginning with its end", async () => {
  const log: string[] = [];
  {
    using _ = instrument({
      callSubmitted: ({ name, pool }) => void log.push(`${name} to ${pool}`),
      callStarted: ({ name, worker }) => void log.push(`${name} in ${worker}`),
      callEnded: ({ name }, { state }) => void log.push(`${name} ${state}`),
      workerStarted: ({ name, pool }) => void log.push(`${name} of ${pool}`),
      workerEnded: ({ name }) => void log.push(`${name} ended`),
    });
    await using pool = new WorkerPool({ maxWorkers: 1, name: "math" });
    await pool.submit(function double(n: number) {
      return 2 * n;
    }, 4);
    await Promise.allSettled([pool.submit(function fail() {
      throw new Error("no");
    })]);
    const queued = pool.submit(() => 1);
    queued.cancel();
  }
  const worker = log.find((line) => line.endsWith(" of math"))!.split(" ")[0]!;
  const expected = ["double to math", `double in ${worker}`, "double done", "fail to math"];
  const calls = log.filter((line) => !line.startsWith(worker));
  assertEquals(calls.slice(0, 4), expected);
  assertEquals(calls.filter((line) => line.endsWith("failed")), ["fail failed"]);
  assertEquals(calls.filter((line) => line.endsWith("cancelled")), ["anonymous cancelled"]);
  assertEquals(log.at(-1), `${worker} ended`);
});

Deno.test("taskTree: shows the calls of pools under their task, with their worker", async () => {
  await using pool = new WorkerPool({ maxWorkers: 1, name: "img" });
  await pool.submit(() => 1);
  const task = createTask(async () => {
    await Promise.all([
      pool.submit(function first() {
        return new Promise((resolve) => setTimeout(resolve, 60));
      }),
      pool.submit(function second() {}),
    ]);
  }, { name: "caller" });
  await sleep(10);
  const [info] = taskTree().filter(({ name }) => name === "caller");
  assertEquals(info?.children.map(({ kind, name, state }) => [kind, name, state]), [
    ["call", "first", "running"],
    ["call", "second", "ready"],
  ]);
  assertEquals(info?.children[0]?.waitsFor?.kind, "worker");
  assertMatch(Deno.inspect(pool), /^WorkerPool "img" \[1 workers, 1 busy/);
  await task;
});

Deno.test("console.log says in one line what matters", async () => {
  const lock = new Lock();
  const second = await createTask(async () => {
    await lock.acquire();
    const waiting = createTask(() => lock.acquire(), { name: "second" });
    await sleep(0);
    assertMatch(Deno.inspect(lock), /^Lock \[locked by "first", 1 waiting\]$/);
    assertMatch(
      Deno.inspect(waiting),
      /^Task "second" \(waiting \d+ ms for Lock held by "first"\)$/,
    );
    return [waiting];
  }, { name: "first" });
  lock.release();
  await second[0];
  const queue = new Queue<number>(2);
  queue.putNowait(1);
  const full = new Queue<number>(2);
  const putters = [1, 2, 3].map((n) => createTask(() => full.put(n)));
  await sleep(0);
  assertEquals(Deno.inspect(full), "Queue [2/2, 1 putter, 2 unfinished]");
  full.shutdown({ immediate: true });
  await Promise.allSettled(putters);
  const shown: [unknown, string][] = [
    [second[0], 'Task "second" (done)'],
    [queue, "Queue [1/2, 1 unfinished]"],
    [new Semaphore(3), "Semaphore [3 free]"],
    [new Event(), "Event [unset]"],
    [new Condition(), "Condition [unlocked]"],
    [new Barrier(2), "Barrier [0/2 waiting]"],
    [new Future(), "Future (pending)"],
    [new SharedLock(), "SharedLock [unlocked]"],
    [new SharedSemaphore(2), "SharedSemaphore [2 free]"],
    [new SharedEvent(), "SharedEvent [unset]"],
    [new SharedBarrier(2), "SharedBarrier [0/2 waiting]"],
    [new SharedQueue({ maxsize: 4 }), "SharedQueue [0/4]"],
    [new SharedValue("int32", 7), "SharedValue [int32 7]"],
    [new SharedArray("int32", 3), "SharedArray [int32, 3 elements]"],
    [await TaskGroup.run((group) => group), "TaskGroup [ended]"],
  ];
  for (const [value, line] of shown) assertEquals(Deno.inspect(value), line);
});
