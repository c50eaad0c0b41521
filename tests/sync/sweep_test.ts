/**
 * Every place at which a cancellation can meet a wait of the sync layer, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  CancelledError,
  Condition,
  createTask,
  Event,
  type Future,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  QueueShutDown,
  Semaphore,
  type Task,
} from "../../mod.ts";
import { type Scene, sweep } from "../support/sweep.ts";
import { giveWay, settle } from "../support/settled.ts";

/**
 * Sweep with one cancellation, and, if `twice`, with two. A sweep of a few scenes has tried nothing:
 * the scene is then over before it began.
 */
function sweepTest(name: string, begin: () => Scene, twice = true): void {
  Deno.test(`sweep: ${name}`, async () => {
    const once = await sweep(begin);
    assert(once >= 15, `only ${once} scenes`);
    if (twice) assert(await sweep(begin, { twice }) > once);
  });
}

/** A task that ends, by a result or cancelled, but not by any failure but those given. */
function endedWell(
  tasks: Iterable<Future<unknown>>,
  ...allowed: (typeof BrokenBarrierError)[]
) {
  for (const task of tasks) {
    if (task.cancelled()) continue;
    const error = task.exception();
    if (error !== undefined && !allowed.some((kind) => error instanceof kind)) throw error;
  }
}

// Whatever admits one, or two, at a time.

interface Lockable {
  acquire(): Promise<Disposable>;
  tryAcquire(): Disposable | undefined;
  release(): void;
}

const LOCKS: Record<string, [make: () => Lockable, permits: number]> = {
  "Lock": [() => new Lock(), 1],
  "Lock of a Condition": [() => new Condition(), 1],
  "Semaphore of one": [() => new Semaphore(1), 1],
  "Semaphore of two": [() => new Semaphore(2), 2],
  "BoundedSemaphore of two": [() => new BoundedSemaphore(2), 2],
};

function visitor(lock: Lockable, inside: { now: number }, permits: number, times: number) {
  return createTask(async () => {
    for (let i = 0; i < times; i++) {
      using _ = await lock.acquire();
      assert(++inside.now <= permits, "too many inside");
      try {
        await giveWay();
      } finally {
        inside.now--;
      }
    }
  });
}

async function checkPermits(lock: Lockable, permits: number) {
  const held: Disposable[] = [];
  for (let permit = lock.tryAcquire(); permit !== undefined; permit = lock.tryAcquire()) {
    held.push(permit);
  }
  assertEquals(held.length, permits, "permits were lost or made");
  const next = createTask(() => lock.acquire());
  await giveWay();
  assertFalse(next.done());
  for (const permit of held) permit[Symbol.dispose]();
  (await next)[Symbol.dispose]();
}

for (const [name, [make, permits]] of Object.entries(LOCKS)) {
  for (const place of [0, 1, 2, 3]) {
    sweepTest(`${name}, the visitor at place ${place} of four`, () => {
      const lock = make();
      const inside = { now: 0 };
      const tasks = [0, 1, 2, 3].map(() => visitor(lock, inside, permits, 2));
      return {
        victim: tasks[place]!,
        others: tasks,
        async check() {
          endedWell(tasks);
          assertEquals(
            tasks.filter((task) => task.cancelled()),
            tasks[place]!.cancelled() ? [tasks[place]] : [],
          );
          assertEquals(inside.now, 0);
          await checkPermits(lock, permits);
        },
      };
    });
  }

  sweepTest(`${name}, several waits side by side`, () => {
    const lock = make();
    const inside = { now: 0 };
    const before = visitor(lock, inside, permits, 3);
    const victim = createTask(async () => {
      const held: Disposable[] = [];
      const one = async () => {
        held.push(await lock.acquire());
        await giveWay();
        held.pop()![Symbol.dispose]();
      };
      const results = await Promise.allSettled([one(), one(), one()]);
      for (const permit of held) permit[Symbol.dispose]();
      for (const result of results) if (result.status === "rejected") throw result.reason;
    });
    const after = visitor(lock, inside, permits, 1);
    return {
      victim,
      others: [before, after],
      async check() {
        endedWell([victim, before, after]);
        assertFalse(before.cancelled() || after.cancelled());
        await checkPermits(lock, permits);
      },
    };
  });
}

// Events.

sweepTest("Event, one of three who wait", () => {
  const event = new Event();
  const waits = [0, 1, 2].map(() => createTask(() => event.wait()));
  const setter = createTask(async () => {
    for (let i = 0; i < 3; i++) await giveWay();
    event.set();
    event.clear();
  });
  return {
    victim: waits[1]!,
    others: [...waits, setter],
    async check() {
      assertEquals([waits[0]!.result(), waits[2]!.result()], [true, true]);
      const next = createTask(() => event.wait());
      await giveWay();
      assertFalse(next.done());
      event.set();
      await next;
    },
  };
});

// Conditions.

async function checkCondition(condition: Condition) {
  assertFalse(condition.locked(), "the lock is held by nobody");
  const next = createTask(async () => {
    using _ = await condition.acquire();
    await condition.wait();
  });
  await settle();
  using _ = await condition.acquire();
  condition.notify();
  assertFalse(next.done());
  createTask(async () => await next);
}

for (const place of [0, 1, 2]) {
  sweepTest(`Condition, the consumer at place ${place} of three`, () => {
    const condition = new Condition();
    let items = 0, taken = 0, over = false;
    const consumers = [0, 1, 2].map(() =>
      createTask(async () => {
        using _ = await condition.acquire();
        for (;;) {
          await condition.waitForPredicate(() => items > 0 || over);
          assert(condition.locked());
          if (items === 0) return;
          items--;
          taken++;
          await giveWay();
        }
      })
    );
    const producer = createTask(async () => {
      for (let i = 0; i < 4; i++) {
        await giveWay();
        using _ = await condition.acquire();
        items++;
        condition.notify();
        await giveWay();
      }
      // No notification was lost: the others take all items before they are told that it is over.
      for (let i = 0; i < 60 && items > 0; i++) await giveWay();
      assertEquals([items, taken], [0, 4]);
      using _ = await condition.acquire();
      over = true;
      condition.notifyAll();
    });
    return {
      victim: consumers[place]!,
      others: [...consumers, producer],
      async check() {
        endedWell([...consumers, producer]);
        assertFalse(producer.cancelled());
        await checkCondition(condition);
      },
    };
  });
}

sweepTest("Condition, the one who notifies", () => {
  const condition = new Condition();
  let value = 0;
  const victim = createTask(async () => {
    for (let i = 0; i < 2; i++) {
      using _ = await condition.acquire();
      value++;
      condition.notifyAll();
      await giveWay();
    }
  });
  const waiter = createTask(async () => {
    using _ = await condition.acquire();
    await condition.waitForPredicate(() => value > 1);
  });
  const rescuer = createTask(async () => {
    await Promise.allSettled([victim]);
    using _ = await condition.acquire();
    value = 2;
    condition.notifyAll();
  });
  return {
    victim,
    others: [waiter, rescuer],
    async check() {
      endedWell([victim, waiter, rescuer]);
      assertFalse(waiter.cancelled());
      await checkCondition(condition);
    },
  };
});

sweepTest("Condition, the release of its block after a wait", () => {
  const condition = new Condition();
  let held = 0;
  const waits: Task<void>[] = [0, 1, 2].map(() =>
    createTask(async () => {
      using _ = await condition.acquire();
      assertEquals(++held, 1);
      try {
        held--;
        try {
          await condition.wait();
        } finally {
          assertEquals(++held, 1, "it does not hold the lock alone");
        }
        await giveWay();
      } finally {
        held--;
      }
    })
  );
  const notifier = createTask(async () => {
    for (let i = 0; i < 20; i++) {
      await giveWay();
      using _ = await condition.acquire();
      condition.notifyAll();
    }
  });
  return {
    victim: waits[1]!,
    others: [...waits, notifier],
    async check() {
      endedWell([...waits, notifier]);
      await checkCondition(condition);
    },
  };
});

// Barriers.

async function checkBarrier(barrier: Barrier) {
  assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
  const places = await Promise.all(
    Array.from({ length: barrier.parties }, () => createTask(() => barrier.wait())),
  );
  assertEquals(places.toSorted(), Array.from({ length: barrier.parties }, (_, i) => i));
}

for (const place of [0, 1, 2]) {
  sweepTest(`Barrier, the one at place ${place} of three`, () => {
    const barrier = new Barrier(3);
    const tasks = [0, 1, 2].map(() =>
      createTask(async () => {
        for (let round = 0; round < 2; round++) {
          await barrier.wait();
          await giveWay();
        }
      })
    );
    // Whoever the victim has left waiting is sent away.
    const helper = createTask(async () => {
      await Promise.allSettled([tasks[place]!]);
      for (let i = 0; i < 20; i++) await giveWay();
      await barrier.reset();
    });
    return {
      victim: tasks[place]!,
      others: [...tasks, helper],
      async check() {
        endedWell([...tasks, helper], BrokenBarrierError);
        assertFalse(helper.cancelled());
        await checkBarrier(barrier);
      },
    };
  });
}

for (const verb of ["reset", "abort"] as const) {
  sweepTest(`Barrier, the one who calls ${verb}`, () => {
    const barrier = new Barrier(3);
    const waits = [0, 1].map(() => createTask(() => barrier.wait()));
    const victim = createTask(async () => {
      await giveWay();
      await barrier[verb]();
      await giveWay();
    });
    const helper = createTask(async () => {
      await Promise.allSettled([victim]);
      await barrier.reset();
    });
    return {
      victim,
      others: [...waits, helper],
      async check() {
        endedWell([victim, ...waits, helper], BrokenBarrierError);
        assert(waits.every((wait) => wait.exception() instanceof BrokenBarrierError));
        await checkBarrier(barrier);
      },
    };
  });
}

// Queues.

const QUEUES: Record<string, (maxsize: number) => Queue<number>> = {
  Queue: (maxsize) => new Queue(maxsize),
  LifoQueue: (maxsize) => new LifoQueue(maxsize),
  PriorityQueue: (maxsize) => new PriorityQueue(maxsize),
};

async function checkQueue(queue: Queue<number>) {
  assert(queue.empty());
  const got = createTask(() => queue.get());
  await giveWay();
  await queue.put(7);
  assertEquals(await got, 7);
  assert(queue.empty());
  for (let i = 0; !queue.full() && i < 3; i++) queue.putNowait(i);
  while (!queue.empty()) queue.getNowait();
}

for (const [name, make] of Object.entries(QUEUES)) {
  for (const maxsize of [0, 1, 2]) {
    for (const role of ["producer", "consumer"] as const) {
      for (const place of [0, 1, 2]) {
        sweepTest(`${name} of ${maxsize}, the ${role} at place ${place} of three`, () => {
          const queue = make(maxsize);
          const put: number[] = [], got: number[] = [];
          const producers = [0, 1, 2].map((p) =>
            createTask(async () => {
              for (let i = 0; i < 2; i++) {
                const item = p * 10 + i;
                await queue.put(item);
                put.push(item);
                if (i === 0) await giveWay();
              }
            })
          );
          const consumers = [0, 1, 2].map(() =>
            createTask(async () => {
              try {
                for (;;) {
                  got.push(await queue.get());
                  await giveWay();
                }
              } catch (error) {
                if (!(error instanceof QueueShutDown)) throw error;
              }
            })
          );
          const closer = createTask(async () => {
            await Promise.allSettled(producers);
            queue.shutdown();
          });
          return {
            victim: { producer: producers, consumer: consumers }[role][place]!,
            others: [...producers, ...consumers, closer],
            check() {
              endedWell([...producers, ...consumers, closer]);
              assertEquals(got.toSorted(), put.toSorted(), "items were lost or made");
              assert(queue.empty());
            },
          };
        }, name === "Queue" && maxsize === 1);
      }
    }
  }

  sweepTest(`${name}, a getter among thieves`, () => {
    const queue = make(0);
    const got: number[] = [];
    const getters = [0, 1, 2].map(() =>
      createTask(async () => {
        got.push(await queue.get());
      })
    );
    let stolen = 0;
    const thief = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        await giveWay();
        queue.putNowait(i);
        queue.putNowait(i);
        queue.getNowait();
        if (!queue.empty() && i < 2) {
          queue.getNowait();
          stolen++;
        }
        stolen++;
      }
      for (let i = 0; i < 3; i++) {
        await giveWay();
        queue.putNowait(10 + i);
      }
    });
    return {
      victim: getters[1]!,
      others: [...getters, thief],
      async check() {
        endedWell([...getters, thief]);
        assertEquals(getters[0]!.cancelled() || getters[2]!.cancelled(), false);
        assertEquals(got.length + stolen + queue.qsize(), 9);
        while (!queue.empty()) queue.getNowait();
        await checkQueue(queue);
      },
    };
  });

  sweepTest(`${name}, the one who joins`, () => {
    const queue = make(0);
    for (let i = 0; i < 3; i++) queue.putNowait(i);
    const joins = [0, 1, 2].map(() => createTask(() => queue.join()));
    const worker = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        await queue.get();
        await giveWay();
        queue.taskDone();
      }
    });
    return {
      victim: joins[1]!,
      others: [...joins, worker],
      async check() {
        endedWell([...joins, worker]);
        assertFalse(joins[0]!.cancelled() || joins[2]!.cancelled());
        await checkQueue(queue);
      },
    };
  });
}

sweepTest("Queue, one who iterates", () => {
  const queue = new Queue<number>(1);
  const got: number[] = [];
  let put = 0;
  const victim = createTask(async () => {
    for await (const item of queue) got.push(item);
  });
  const producer = createTask(async () => {
    try {
      for (; put < 4; put++) await queue.put(put);
    } catch (error) {
      assert(error instanceof QueueShutDown);
    }
    queue.shutdown();
  });
  const helper = createTask(async () => {
    await Promise.allSettled([victim]);
    queue.shutdown();
  });
  return {
    victim,
    others: [producer, helper],
    check() {
      endedWell([victim, producer, helper]);
      while (!queue.empty()) got.push(queue.getNowait());
      // What was iterated and what is left is what was put, but for the item in the very hands of
      // the iteration when its task was cancelled.
      const missing = Array.from({ length: put }, (_, i) => i).filter((i) => !got.includes(i));
      assertEquals(missing, []);
    },
  };
});

Deno.test("sweep: finds a lock that loses a wake-up", async () => {
  class Lossy extends Lock {
    #woken = false;
    override async acquire(): Promise<Disposable> {
      try {
        return await super.acquire();
      } catch (error) {
        // Swallows the lock now and then: takes it for the one who was cancelled.
        if (error instanceof CancelledError && !this.#woken) {
          this.#woken = true;
          await super.acquire();
        }
        throw error;
      }
    }
  }
  const begin = () => {
    const lock = new Lossy();
    const tasks = [0, 1, 2].map(() => visitor(lock, { now: -9 }, 1, 1));
    return { victim: tasks[1]!, others: tasks, check: () => checkPermits(lock, 1) };
  };
  let error: unknown;
  try {
    await sweep(begin);
  } catch (thrown) {
    error = thrown;
  }
  assert(/permits were lost|for ever pending/.test(`${error}`), `${error}`);
});
