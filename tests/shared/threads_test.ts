import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  SharedArray,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
  SharedValue,
} from "../../mod.ts";
import {
  OF_CONDITION,
  OF_LOCK,
  OF_QUEUE,
  OF_SEMAPHORE,
  ThreadIdentity,
  untilWaiting,
} from "./threads.ts";

const TIMES = 100_000;

for (const type of ["int32", "uint32", "float32", "float64"] as const) {
  Deno.test(`Threads: no addition to a ${type} is lost`, async () => {
    using threads = await ThreadIdentity.start(4);
    const barrier = new SharedBarrier(4);
    const value = new SharedValue(type);
    await Promise.all(threads.all.map((thread) => thread.do("addTogether", barrier, value, TIMES)));
    assertEquals(value.value, 4 * TIMES);
  });
}

for (const type of ["int8", "uint8", "int16", "uint16"] as const) {
  Deno.test(`Threads: no addition to a ${type} is lost, though it overflows`, async () => {
    using threads = await ThreadIdentity.start(4);
    const barrier = new SharedBarrier(4);
    const value = new SharedValue(type);
    const times = TIMES / 4 + 3;
    await Promise.all(threads.all.map((thread) => thread.do("addTogether", barrier, value, times)));
    assertEquals(value.value, new SharedValue(type, 4 * times).value);
  });
}

for (const type of ["bigint64", "biguint64"] as const) {
  Deno.test(`Threads: no addition to a ${type} is lost`, async () => {
    using threads = await ThreadIdentity.start(4);
    const barrier = new SharedBarrier(4);
    const value = new SharedValue(type);
    await Promise.all(
      threads.all.map((thread) => thread.do("addBigTogether", barrier, value, TIMES)),
    );
    assertEquals(value.value, BigInt(4 * TIMES));
  });
}

Deno.test("Threads: no exchange of a float64 is lost", async () => {
  using threads = await ThreadIdentity.start(3);
  const barrier = new SharedBarrier(3);
  const value = new SharedValue("float64", 0.5);
  const times = TIMES / 10;
  await Promise.all(
    threads.all.map((thread) => thread.do("exchangeTogether", barrier, value, times)),
  );
  assertEquals(value.value, 3 * times + 0.5);
});

Deno.test("Threads: 4 of them take the lock 100,000 times each", async () => {
  using threads = await ThreadIdentity.start(4);
  const barrier = new SharedBarrier(4);
  const value = new SharedValue("int32");
  await Promise.all(threads.all.map((thread) => thread.do("lockTogether", barrier, value, TIMES)));
  assertEquals(value.value, 4 * TIMES);
});

Deno.test("Threads: sleeping ones and waiting tasks take the same lock", async () => {
  using threads = await ThreadIdentity.start(4);
  const barrier = new SharedBarrier(4);
  const value = new SharedValue("int32");
  const times = 1_000;
  await Promise.all(threads.all.map((thread, i) => {
    return thread.do(i < 2 ? "lockTogether" : "lockTogetherAsync", barrier, value, times);
  }));
  assertEquals(value.value, 4 * times);
});

for (
  const [name, make, where] of [
    ["lock", () => new SharedLock(), OF_LOCK],
    ["semaphore", () => new SharedSemaphore(1), OF_SEMAPHORE],
  ] as const
) {
  Deno.test(`Threads: a ${name} serves them in order of arrival`, async () => {
    using threads = await ThreadIdentity.start(3);
    const [a, b, c] = threads;
    const lock = make();
    const log = new SharedArray("int32", 10);
    const permit = await lock.acquire();
    const done: Promise<unknown>[] = [];
    const mine = async (name: number) => {
      using _ = await lock.acquire();
      log.set(log.get(0) + 1, name);
      log.set(0, log.get(0) + 1);
    };
    const steps = [
      () => a!.do("logSync", lock, log, 1),
      () => b!.do("logAsync", lock, log, 2),
      () => mine(3),
      () => mine(4),
      () => c!.do("logSync", lock, log, 5),
      () => b!.do("logAsync", lock, log, 6),
      () => mine(7),
    ];
    for (const step of steps) {
      done.push(step());
      await untilWaiting(lock, done.length, where);
    }
    assertEquals(lock.tryAcquire(), undefined);
    permit[Symbol.dispose]();
    await Promise.all(done);
    assertEquals([...log].slice(1, 8), [1, 2, 3, 4, 5, 6, 7]);
    assert(lock.tryAcquire() !== undefined);
  });
}

Deno.test("Threads: one that gives up leaves the queue, and the others move up", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const lock = new SharedLock();
  const permit = await lock.acquire();
  const first = a!.do("tryFor", lock, 20);
  // On a machine with much to do its time may be over before anybody sees it in the queue.
  await untilWaiting(lock, 1, OF_LOCK, first);
  const second = b!.do("tryFor", lock, 60_000);
  const third = createTask(() => lock.acquire());
  assertEquals(await first, "TimeoutError");
  await untilWaiting(lock, 2, OF_LOCK);
  third.cancel();
  await Promise.allSettled([third]);
  await untilWaiting(lock, 1, OF_LOCK);
  permit[Symbol.dispose]();
  assertEquals(await second, "acquired");
});

Deno.test("Threads: one may release what another holds", async () => {
  using threads = await ThreadIdentity.start(1);
  const [a] = threads;
  const lock = new SharedLock();
  const permit = await lock.acquire();
  await a!.do("release", lock);
  assert(!lock.locked());
  await a!.do("hold", lock);
  permit[Symbol.dispose]();
  assert(lock.locked(), "a dead permit has released the hold of another thread");
});

Deno.test("Threads: an event wakes all, also when it is cleared at once", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const event = new SharedEvent();
  for (let round = 0; round < 20; round++) {
    const waits = [
      a!.do("awaitEvent", event),
      b!.do("awaitEventSync", event),
      event.wait(),
    ];
    // It may come before they wait: then they hear of the next one.
    let done = 0;
    for (const wait of waits) void wait.then(() => done++);
    while (done < 3) {
      event.set();
      event.clear();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals(await Promise.all(waits), [true, true, true]);
  }
  assertEquals(await b!.do("awaitEventSync", event, 5), false);
  const heard = event.wait();
  await a!.do("setEvent", event);
  await heard;
});

Deno.test("Threads: a condition wakes as many as it notifies", async () => {
  using threads = await ThreadIdentity.start(3);
  const condition = new SharedCondition();
  const value = new SharedValue("int32");
  const done = threads.all.map((thread, i) => {
    return thread.do(i === 1 ? "consumeSync" : "consume", condition, value);
  });
  await untilWaiting(condition, 3, OF_CONDITION);
  {
    using _ = await condition.acquire();
    value.value = 1;
    condition.notify();
  }
  await Promise.race(done);
  await untilWaiting(condition, 2, OF_CONDITION);
  {
    using _ = await condition.acquire();
    value.value += 2;
    condition.notifyAll();
  }
  await Promise.all(done);
  assertEquals(value.value, 0);
});

Deno.test("Threads: a barrier lets them pass together, round after round", async () => {
  using threads = await ThreadIdentity.start(3);
  const [a, b, c] = threads;
  const barrier = new SharedBarrier(4);
  const rounds = 200;
  const mine: number[] = [];
  const others = Promise.all([
    a!.do("pass", barrier, rounds),
    b!.do("passSync", barrier, rounds),
    c!.do("pass", barrier, rounds),
  ]);
  for (let i = 0; i < rounds; i++) mine.push(await barrier.wait());
  const all = [mine, ...await others];
  for (let i = 0; i < rounds; i++) {
    assertEquals(all.map((indexes) => indexes[i]).sort(), [0, 1, 2, 3]);
  }
});

Deno.test("Threads: a barrier breaks when the time is over for one of them", async () => {
  using threads = await ThreadIdentity.start(1);
  const barrier = new SharedBarrier(3);
  const mine = barrier.wait();
  const failed = assertRejects(() => mine, Error, "The barrier was aborted or reset");
  assertEquals(await threads.all[0]!.do("passFor", barrier, 5), "BrokenBarrierError");
  await failed;
  assert(barrier.broken);
  await barrier.reset();
  assert(!barrier.broken);
});

Deno.test("Threads: a million items from 2 producers reach 2 consumers, each once", async () => {
  using threads = await ThreadIdentity.start(4);
  const [a, b, c, d] = threads;
  const queue = new SharedQueue<number>({ maxsize: 1_000 });
  const each = 500_000;
  const consumers = [c!.do("drainSync", queue), d!.do("drainSync", queue)];
  await Promise.all([a!.do("produceSync", queue, 1, each), b!.do("produceSync", queue, 2, each)]);
  queue.close();
  const results = await Promise.all(consumers);
  assertEquals(results.reduce((sum, [count]) => sum + count, 0), 2 * each);
  const sum = 3 * 2 ** 24 * each + each * (each - 1);
  assertEquals(results.reduce((total, [, part]) => total + part, 0), sum);
  assertEquals(results.map(([, , inOrder]) => inOrder), [true, true]);
});

Deno.test("Threads: 40,000 items go between sleeping threads and waiting tasks", async () => {
  using threads = await ThreadIdentity.start(4);
  const [a, b, c, d] = threads;
  const queue = new SharedQueue<number>({ maxsize: 7 });
  const each = 20_000;
  const consumers = [c!.do("drainSync", queue), d!.do("drain", queue)];
  await Promise.all([a!.do("produceSync", queue, 1, each), b!.do("produce", queue, 2, each)]);
  queue.close();
  const results = await Promise.all(consumers);
  assertEquals(results.reduce((sum, [count]) => sum + count, 0), 2 * each);
  const sum = 3 * 2 ** 24 * each + each * (each - 1);
  assertEquals(results.reduce((total, [, part]) => total + part, 0), sum);
  assertEquals(results.map(([, , inOrder]) => inOrder), [true, true]);
});

Deno.test("Threads: values of all sizes come back through a small ring", async () => {
  using threads = await ThreadIdentity.start(1);
  const there = new SharedQueue<unknown>({ capacity: 1_024 });
  const back = new SharedQueue<unknown>({ capacity: 1_024 });
  const echo = threads.all[0]!.do("echo", there, back);
  const sizes = [0, 1, 7, 8, 9, 500, 1_000, 1_015, 1_016, 1_017, 5_000, 3, 200_000, 10];
  const values = sizes.map((size, i) => ({ i, bytes: new Uint8Array(size).fill(i) }));
  const put = (async () => {
    for (const value of values) await there.put(value);
    there.close();
  })();
  const got: unknown[] = [];
  for await (const value of back) got.push(value);
  await Promise.all([put, echo]);
  assertEquals(got, values);
});

Deno.test("Threads: one that waits for an item, or room, holds nobody up when it is closed", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const queue = new SharedQueue<unknown>({ maxsize: 1 });
  const get = assertRejects(() => a!.do("getOne", queue), Error, "QueueShutDown");
  await untilWaiting(queue, 1, OF_QUEUE);
  const drain = b!.do("drainSync", queue);
  await untilWaiting(queue, 2, OF_QUEUE);
  queue.close();
  await get;
  assertEquals(await drain, [0, 0, true]);
});
