import { assertEquals, assertMatch } from "@std/assert";
import * as strand from "../../mod.ts";
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

Deno.test("console.log says of every class of the surface in one line what it is", async () => {
  const [here, there] = strand.pipe<number>();
  const thread = new strand.Thread(() => 1, { name: "sum" });
  const failed = createTask(() => Promise.reject(new RangeError("no")), { name: "fails" });
  await Promise.allSettled([failed]);
  let limit: unknown;
  await strand.timeout(null, (timeout) => void (limit = timeout));
  const made: Record<string, [unknown, string]> = {
    Barrier: [new Barrier(2), "Barrier [0/2 waiting]"],
    BoundedSemaphore: [new strand.BoundedSemaphore(2), "BoundedSemaphore [2 free]"],
    CapacityLimiter: [new strand.CapacityLimiter(2), "CapacityLimiter [0/2]"],
    Condition: [new Condition(), "Condition [unlocked]"],
    Connection: [here, "Connection [open]"],
    Event: [new Event(), "Event [unset]"],
    Future: [new Future(), "Future (pending)"],
    LifoQueue: [new strand.LifoQueue(3), "LifoQueue [0/3]"],
    Lock: [new Lock(), "Lock [unlocked]"],
    PriorityQueue: [new strand.PriorityQueue(), "PriorityQueue [0]"],
    ProcessPool: [new strand.ProcessPool({ name: "far" }), 'ProcessPool "far" [no workers]'],
    Queue: [new Queue(), "Queue [0]"],
    RateLimiter: [new strand.RateLimiter(2, 5), "RateLimiter [0/2 in 5 ms]"],
    Semaphore: [new Semaphore(2), "Semaphore [2 free]"],
    SharedArray: [new SharedArray("int8", 2), "SharedArray [int8, 2 elements]"],
    SharedBarrier: [new SharedBarrier(2), "SharedBarrier [0/2 waiting]"],
    SharedCondition: [new strand.SharedCondition(), "SharedCondition [unlocked]"],
    SharedEvent: [new SharedEvent(), "SharedEvent [unset]"],
    SharedLock: [new SharedLock(), "SharedLock [unlocked]"],
    SharedQueue: [new SharedQueue(), "SharedQueue [0]"],
    SharedSemaphore: [new SharedSemaphore(2), "SharedSemaphore [2 free]"],
    SharedValue: [new SharedValue("int8", 2), "SharedValue [int8 2]"],
    Task: [failed, 'Task "fails" (failed: RangeError: no)'],
    TaskGroup: [await TaskGroup.run((group) => group), "TaskGroup [ended]"],
    TaskPool: [new strand.TaskPool(2), "TaskPool [2 workers]"],
    Thread: [thread, 'Thread "sum" [not started]'],
    Timeout: [limit, "Timeout [no limit]"],
    WorkerPool: [new WorkerPool({ name: "near" }), 'WorkerPool "near" [no workers]'],
  };
  for (const [name, [value, line]] of Object.entries(made)) {
    assertEquals(Deno.inspect(value), line, name);
  }
  // Errors show their stack.
  const classes = Object.entries(strand).filter(([name, value]) =>
    /^[A-Z]/.test(name) && typeof value === "function" && !(value.prototype instanceof Error)
  );
  assertEquals(classes.map(([name]) => name).filter((name) => !(name in made)), []);

  await there.send(1);
  assertEquals(await here.poll(1_000), true);
  assertEquals(Deno.inspect(here), "Connection [open, 1 received]");
  there.close();
  here.close();
  assertEquals(Deno.inspect(here), "Connection [closed]");
  thread.start();
  assertEquals(Deno.inspect(thread), 'Thread "sum" [running]');
  await thread.join();
  assertEquals(Deno.inspect(thread), 'Thread "sum" [ended, exit code 0]');
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
