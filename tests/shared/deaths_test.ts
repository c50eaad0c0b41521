import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import {
  CancelledError,
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
import { recover, threadId } from "../../lib/shared/thread_registry.ts";
import { arrived } from "./shared.ts";
import {
  OF_CONDITION,
  OF_LOCK,
  OF_QUEUE,
  OF_SEMAPHORE,
  ThreadIdentity,
  untilWaiting,
} from "./threads.ts";

for (const [how, name] of [["a task", "logAsync"], ["a sleeping thread", "logSync"]] as const) {
  Deno.test(`Deaths: ${how} gets the lock of one that died, and is told`, async () => {
    using threads = await ThreadIdentity.start(3);
    const [a, b, c] = threads;
    const lock = new SharedLock();
    const log = new SharedArray("int32", 3);
    await a!.do("hold", lock);
    const next = b!.do(name, lock, log, 1);
    await untilWaiting(lock, 1, OF_LOCK);
    const last = c!.do(name, lock, log, 2);
    await untilWaiting(lock, 2, OF_LOCK);
    a!.die();
    assertEquals(await next, true);
    assertEquals(await last, false, "the next but one is told, too");
    assertEquals([...log], [2, 1, 2]);
  });
}

Deno.test("Deaths: a task of the host gets the lock, waiting before or coming later", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const lock = new SharedLock();
  await a!.do("hold", lock);
  const waiting = lock.acquire();
  a!.die();
  {
    using permit = await waiting;
    assert(permit.abandoned);
  }
  await b!.do("holdSync", lock);
  b!.die();
  assertFalse(lock.locked());
  {
    using permit = lock.tryAcquire();
    assert(permit?.abandoned);
  }
  using permit = await lock.acquire();
  assertFalse(permit.abandoned);
});

Deno.test("Deaths: the lock of a value goes on", async () => {
  using threads = await ThreadIdentity.start(1);
  const [a] = threads;
  const value = new SharedValue("int32", 5);
  const event = new SharedEvent();
  await a!.do("setEvent", event);
  await a!.do("hold", value.lock);
  a!.die();
  using permit = await value.lock.acquire();
  assert(permit.abandoned);
});

Deno.test("Deaths: one that died waiting is not waited for", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const lock = new SharedLock();
  const permit = await lock.acquire();
  await a!.do("waitFor", lock);
  await a!.do("waitFor", lock);
  await untilWaiting(lock, 2, OF_LOCK);
  const log = new SharedArray("int32", 3);
  const next = b!.do("logSync", lock, log, 1);
  await untilWaiting(lock, 3, OF_LOCK);
  a!.die();
  await untilWaiting(lock, 1, OF_LOCK);
  permit[Symbol.dispose]();
  assertEquals(await next, false);
});

Deno.test("Deaths: permits of a semaphore come back, as many as were held", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const semaphore = new SharedSemaphore(3);
  await a!.do("hold", semaphore, 2);
  await b!.do("hold", semaphore);
  const waiting = semaphore.acquire();
  await untilWaiting(semaphore, 1, OF_SEMAPHORE);
  a!.die();
  const permit = await waiting;
  assert(permit.abandoned);
  assert(semaphore.tryAcquire()?.abandoned, "two of them came back");
  permit[Symbol.dispose]();
  semaphore.release();
  assertEquals(semaphore.value, 2);
  recover(a!.id);
  assertEquals(semaphore.value, 2, "a death counted twice");
  // What one took another has given back.
  semaphore.release();
  assertEquals(semaphore.value, 3);
  b!.die();
  assertEquals(semaphore.value, 3);
});

Deno.test("Deaths: a barrier breaks when one dies that waits at it", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const barrier = new SharedBarrier(3);
  await a!.do("arrive", barrier);
  const mine = assertRejects(() => barrier.wait(), Error, "a worker died");
  const sleeping = b!.do("passFor", new SharedBarrier(1), 5);
  assertEquals(await sleeping, "0");
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  a!.die();
  await mine;
  assert(barrier.broken);
  await barrier.reset();
  assertFalse(barrier.broken);
});

Deno.test("Deaths: a notification goes on from one that died of it", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const condition = new SharedCondition();
  void a!.do("listen", condition);
  await untilWaiting(condition, 1, OF_CONDITION);
  const listening = b!.do("listen", condition);
  await untilWaiting(condition, 2, OF_CONDITION);
  const permit = await condition.acquire();
  // It is notified, and waits for the lock when it dies.
  condition.notify();
  a!.die();
  permit[Symbol.dispose]();
  await listening;
});

for (const how of ["listenTold", "listenToldSync"] as const) {
  Deno.test(`Deaths: a wait at a condition that gets the lock of a dead one is told, ${how}`, async () => {
    using threads = await ThreadIdentity.start(3);
    const [a, b, c] = threads;
    const lock = new SharedLock();
    const condition = new SharedCondition(lock);
    const listening = a!.do(how, condition);
    await untilWaiting(condition, 1, OF_CONDITION);
    const permit = await lock.acquire();
    await b!.do("waitFor", lock);
    await untilWaiting(lock, 1, OF_LOCK);
    condition.notify();
    await untilWaiting(lock, 2, OF_LOCK);
    const log = new SharedArray("int32", 3);
    const last = c!.do("logAsync", lock, log, 1);
    await untilWaiting(lock, 3, OF_LOCK);
    permit[Symbol.dispose]();
    await untilWaiting(lock, 2, OF_LOCK);
    b!.die();
    assertEquals(await listening, [false, true]);
    assertEquals(await last, false, "the next but one is told, too");
  });
}

Deno.test("Deaths: a wait at a condition without a permit of its own leaves the news to the next", async () => {
  using threads = await ThreadIdentity.start(1);
  const [a] = threads;
  const lock = new SharedLock();
  const condition = new SharedCondition(lock);
  // Held through another object for the same lock.
  await arrived(lock).acquire();
  const waiting = condition.wait();
  await untilWaiting(condition, 1, OF_CONDITION);
  const permit = await lock.acquire();
  await a!.do("waitFor", lock);
  await untilWaiting(lock, 1, OF_LOCK);
  condition.notify();
  await untilWaiting(lock, 2, OF_LOCK);
  permit[Symbol.dispose]();
  await untilWaiting(lock, 1, OF_LOCK);
  a!.die();
  await waiting;
  lock.release();
  using next = await lock.acquire();
  assert(next.abandoned);
});

Deno.test("Deaths: who is cancelled when it has been handed the lock leaves the news to the next", async () => {
  using threads = await ThreadIdentity.start(1);
  const [a] = threads;
  const lock = new SharedLock();
  await a!.do("hold", lock);
  const task = createTask(() => lock.acquire());
  const next = createTask(() => lock.acquire());
  await untilWaiting(lock, 2, OF_LOCK);
  a!.die();
  // It has been woken, and its turn has not come.
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  using permit = await next;
  assert(permit.abandoned);
});

Deno.test("Deaths: an item, and room, go to others than the dead", async () => {
  using threads = await ThreadIdentity.start(2);
  const [a, b] = threads;
  const queue = new SharedQueue<number>({ maxsize: 1 });
  await a!.do("waitForItem", queue);
  await untilWaiting(queue, 1, OF_QUEUE);
  const get = b!.do("getOne", queue);
  await untilWaiting(queue, 2, OF_QUEUE);
  a!.die();
  await untilWaiting(queue, 1, OF_QUEUE);
  await queue.put(7);
  assertEquals(await get, 7);

  await queue.put(1);
  await b!.do("waitForRoom", queue, 2);
  await untilWaiting(queue, 1, OF_QUEUE);
  const mine = queue.put(3);
  await untilWaiting(queue, 2, OF_QUEUE);
  b!.die();
  assertEquals(queue.getNowait(), 1);
  await mine;
  assertEquals([queue.getNowait(), queue.qsize()], [3, 0]);
});

for (const sync of [true, false]) {
  Deno.test(`Deaths: a lock that the host never saw goes on, ${sync ? "sync" : "async"}`, async () => {
    using threads = await ThreadIdentity.start(2);
    const [a, b] = threads;
    const { port1, port2 } = new MessageChannel();
    const ready = new SharedEvent();
    const taken = b!.do("takeLock", port2, ready, sync);
    await a!.do("makeLock", port1);
    await ready.wait();
    a!.die();
    assertEquals(await taken, true);
  });
}

Deno.test("Deaths: one that was only given up for dead hears of it", async () => {
  using threads = await ThreadIdentity.start(1);
  const [a] = threads;
  const lock = new SharedLock();
  const held = new SharedLock();
  await a!.do("hold", held);
  const permit = await lock.acquire();
  const log = new SharedArray("int32", 3);
  const sleeping = a!.do("logSync", lock, log, 1);
  await untilWaiting(lock, 1, OF_LOCK);
  recover(a!.id);
  await assertRejects(() => sleeping, Error, "given up for dead");
  await untilWaiting(lock, 0, OF_LOCK);
  permit[Symbol.dispose]();
  await assertRejects(
    () =>
      a!.do("tryFor", new SharedLock(), 5).then((name) => {
        throw new Error(name);
      }),
    Error,
    "InvalidStateError",
  );
  assertFalse(held.locked());
});

Deno.test("Deaths: nobody is harmed by ids that nobody has, or one's own", async () => {
  const lock = new SharedLock();
  using _ = await lock.acquire();
  recover(0);
  recover(threadId());
  recover(123_456_789);
  assert(lock.locked());
  assertEquals(new SharedLock().tryAcquire() === undefined, false);
});

Deno.test("Deaths: twenty of them in a row leave a lock as it was", async () => {
  const lock = new SharedLock();
  for (let i = 0; i < 10; i++) {
    using threads = await ThreadIdentity.start(2);
    const [a, b] = threads;
    await a!.do("hold", lock);
    await b!.do("waitFor", lock);
    a!.die();
    b!.die();
    using permit = await lock.acquire();
    assert(permit.abandoned);
  }
});
