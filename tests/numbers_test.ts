/**
 * Every place of the surface that takes a number, given what is none or none that it can take: it is
 * refused with the right kind of error, and nothing has begun.
 */
import { assert, assertEquals } from "@std/assert";
import * as strand from "../mod.ts";

const { CapacityLimiter, ProcessPool, RateLimiter, TaskPool, Thread, WorkerPool } = strand;

/** What calls of this table began: nothing, unless the number was one. */
let begun = 0;
const work = () => void begun++;
const aws = () => [() => work()];

/** Each of these is no number. */
const OTHERS: unknown[] = [
  "3",
  "",
  {},
  [],
  [3],
  true,
  false,
  2n,
  Symbol("n"),
  () => 3,
  new Date(3),
];

/** Places where `null` is no number either, and those where it says "no limit". */
const NULL_IS_NO_LIMIT = new Set([
  "timeout ms",
  "timeoutAt when",
  "moveOnAfter ms",
  "Timeout.reschedule when",
  "waitFor ms",
  "wait timeout",
  "asCompleted timeout",
]);

type Call = (n: never) => unknown;

/** By what may be given: a duration of any sign, one that is not negative, a count … */
const PLACES: Record<string, { refused: number[]; calls: Record<string, Call> }> = {
  "a number of milliseconds": {
    refused: [NaN],
    calls: {
      "sleep ms": (n) => strand.sleep(n),
      "timeout ms": (n) => strand.timeout(n, work),
      "timeoutAt when": (n) => strand.timeoutAt(n, work),
      "moveOnAfter ms": (n) => strand.moveOnAfter(n, work),
      "Timeout.reschedule when": (n) => strand.timeout(null, (limit) => limit.reschedule(n)),
      "waitFor ms": (n) => strand.waitFor(() => work(), n),
      "wait timeout": (n) => strand.wait(aws(), { timeout: n }),
      "asCompleted timeout": (n) => strand.asCompleted(aws(), { timeout: n }),
      "TaskPool.apply timeout": (n) => new TaskPool(1).apply(work, [], { timeout: n }),
      "TaskPool.map timeout": (n) => new TaskPool(1).map(work, [1], { timeout: n }),
      "WorkerPool.apply timeout": (n) => new WorkerPool(1).apply(work, [], { timeout: n }),
      "WorkerPool.mapUnordered timeout": (n) =>
        new WorkerPool(1).mapUnordered(work, [1], { timeout: n }),
      "Thread.join timeoutMs": (n) => new Thread(() => {}).join(n),
      "SharedLock.acquireSync": (n) => new strand.SharedLock().acquireSync(n),
      "SharedSemaphore.acquireSync": (n) => new strand.SharedSemaphore(1).acquireSync(n),
      "SharedEvent.waitSync": (n) => new strand.SharedEvent().waitSync(n),
      "SharedBarrier.waitSync": (n) => new strand.SharedBarrier(2).waitSync(n),
      "SharedQueue.getSync": (n) => new strand.SharedQueue().getSync(n),
      "SharedQueue.putSync": (n) => new strand.SharedQueue().putSync(1, n),
      "Connection.poll": (n) => {
        const [here, there] = strand.pipe();
        here.close();
        there.close();
        return here.poll(n);
      },
    },
  },
  "a span of milliseconds": {
    refused: [NaN, -1, -0.5, -Infinity],
    calls: {
      "run gracePeriod": (n) => strand.run(() => work(), { gracePeriod: n }),
      "WorkerPool idleTimeout": (n) => new WorkerPool({ idleTimeout: n }),
      "WorkerPool cancelGrace": (n) => new WorkerPool({ cancelGrace: n }),
      "ProcessPool idleTimeout": (n) => new ProcessPool({ idleTimeout: n }),
      "ProcessPool cancelGrace": (n) => new ProcessPool({ cancelGrace: n }),
    },
  },
  "a period of milliseconds": {
    refused: [NaN, 0, -1, Infinity, -Infinity],
    calls: {
      "RateLimiter perMs": (n) => new RateLimiter(1, n),
      "TaskPool rate.perMs": (n) => new TaskPool({ rate: { max: 1, perMs: n } }),
    },
  },
  "a positive integer": {
    refused: [NaN, 0, -1, 1.5, Infinity, -Infinity],
    calls: {
      "TaskPool": (n) => new TaskPool(typeof n === "number" ? n : { maxWorkers: n }),
      "TaskPool.maxWorkers": (n) => new TaskPool(1).maxWorkers = n,
      "TaskPool rate.max": (n) => new TaskPool({ rate: { max: n, perMs: 1 } }),
      "TaskPool.map chunksize": (n) => new TaskPool(1).map(work, [1], { chunksize: n }),
      "TaskPool.map buffersize": (n) => new TaskPool(1).map(work, [1], { buffersize: n }),
      "WorkerPool maxWorkers": (n) => new WorkerPool({ maxWorkers: n }),
      "WorkerPool maxTasksPerWorker": (n) => new WorkerPool({ maxTasksPerWorker: n }),
      "WorkerPool.map chunksize": (n) => new WorkerPool(1).map(work, [1], { chunksize: n }),
      "WorkerPool.starmap buffersize": (n) =>
        new WorkerPool(1).starmap(work, [], { buffersize: n }),
      "ProcessPool maxWorkers": (n) => new ProcessPool({ maxWorkers: n }),
      "ProcessPool maxTasksPerWorker": (n) => new ProcessPool({ maxTasksPerWorker: n }),
      "Barrier parties": (n) => new strand.Barrier(n),
      "RateLimiter max": (n) => new RateLimiter(n, 1),
      "RateLimiter.acquire amount": (n) => new RateLimiter(9, 1).acquire(n),
      "RateLimiter.tryAcquire amount": (n) => new RateLimiter(9, 1).tryAcquire(n),
      "SharedBarrier parties": (n) => new strand.SharedBarrier(n),
    },
  },
  "a positive integer or Infinity": {
    refused: [NaN, 0, -1, 1.5, -Infinity],
    calls: {
      "CapacityLimiter total": (n) => new CapacityLimiter(n),
      "CapacityLimiter.total": (n) => new CapacityLimiter(1).total = n,
    },
  },
  "a count": {
    refused: [NaN, -1, 1.5, Infinity, -Infinity],
    calls: {
      "WorkerPool minWorkers": (n) => new WorkerPool({ maxWorkers: 2, minWorkers: n }),
      "ProcessPool minWorkers": (n) => new ProcessPool({ maxWorkers: 2, minWorkers: n }),
      "Semaphore value": (n) => new strand.Semaphore(n),
      "BoundedSemaphore value": (n) => new strand.BoundedSemaphore(n),
      "SharedSemaphore value": (n) => new strand.SharedSemaphore(n),
      "Condition.notify n": (n) => {
        const condition = new strand.Condition();
        condition.tryAcquire();
        condition.notify(n);
      },
      "SharedArray length": (n) =>
        new strand.SharedArray("int8", Array.isArray(n) ? [{}] as never : n),
    },
  },
  "a count or Infinity": {
    refused: [NaN, -1, 1.5, -Infinity],
    calls: {
      "TaskPool maxQueue": (n) => new TaskPool({ maxQueue: n }),
      "WorkerPool maxQueue": (n) => new WorkerPool({ maxQueue: n }),
      "ProcessPool maxQueue": (n) => new ProcessPool({ maxQueue: n }),
    },
  },
  "a number": {
    refused: [NaN],
    calls: {
      "Queue maxsize": (n) => new strand.Queue(n),
      "LifoQueue maxsize": (n) => new strand.LifoQueue(n),
      "PriorityQueue maxsize": (n) => new strand.PriorityQueue(n),
      "TaskPool.apply priority": (n) => new TaskPool(1).apply(work, [], { priority: n }),
      "WorkerPool.apply priority": (n) => new WorkerPool(1).apply(work, [], { priority: n }),
    },
  },
  "a bound": {
    refused: [NaN, 1.5, -Infinity],
    calls: { "SharedQueue maxsize": (n) => new strand.SharedQueue({ maxsize: n }) },
  },
  "a number of bytes": {
    refused: [NaN, 0, -1, 1.5, Infinity, -Infinity],
    calls: { "SharedQueue capacity": (n) => new strand.SharedQueue({ capacity: n }) },
  },
};

/** What the call throws, or its promise rejects with. */
async function failure(call: Call, value: unknown): Promise<unknown> {
  try {
    await call(value as never);
  } catch (error) {
    return error;
  }
  return undefined;
}

for (const [kind, { refused, calls }] of Object.entries(PLACES)) {
  for (const [place, call] of Object.entries(calls)) {
    Deno.test(`numbers: ${place} is ${kind}, and nothing else`, async () => {
      begun = 0;
      const others = NULL_IS_NO_LIMIT.has(place) ? OTHERS : [...OTHERS, null];
      for (const value of [...refused, ...others]) {
        const error = await failure(call, value);
        const wanted = typeof value === "number" ? RangeError : TypeError;
        const which = typeof value === "symbol" ? "a symbol" : `${typeof value} ${value}`;
        assert(error instanceof wanted, `${which}: ${error}`);
        assert(/^Cannot [^.]*: /.test(error.message), error.message);
      }
      await strand.sleep(0);
      assertEquals(begun, 0, "something has begun");
    });
  }
}

Deno.test("numbers: a refused number leaves what it was to change as it was", () => {
  const limiter = new CapacityLimiter(2);
  const rate = new RateLimiter(2, 1_000);
  const pool = new TaskPool(2);
  for (const bad of [NaN, 0, -1, 1.5, "3", null]) {
    for (
      const change of [
        () => limiter.total = bad as never,
        () => pool.maxWorkers = bad as never,
        () => rate.tryAcquire(bad as never),
      ]
    ) {
      let refused = false;
      try {
        change();
      } catch {
        refused = true;
      }
      assert(refused, `${bad} is taken`);
    }
  }
  assert(failureOf(() => rate.tryAcquire(3)) instanceof RangeError);
  assertEquals([limiter.total, rate.available, pool.maxWorkers], [2, 2, 2]);
});

Deno.test("numbers: a pool takes a number or an object, and nothing else", () => {
  for (const Pool of [TaskPool, WorkerPool, ProcessPool]) {
    for (const bad of [null, "2", true, 2n, [], [2], () => 2, Symbol("n")]) {
      const error = failureOf(() => new Pool(bad as never));
      assert(error instanceof TypeError, `${Pool.name} takes ${String(bad)}`);
    }
  }
});

function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
