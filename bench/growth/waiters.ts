import { Condition, Event, Lock, Queue, Semaphore, sleep, TaskGroup } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, decades, grow } from "../support/growth.ts";

async function lock(n: number): Promise<void> {
  const lock = new Lock();
  let passed = 0;
  await Promise.all(Array.from({ length: n }, async () => {
    using _held = await lock.acquire();
    passed++;
  }));
  expect(passed, n);
}

async function semaphore(n: number): Promise<void> {
  const semaphore = new Semaphore(1);
  let passed = 0;
  await Promise.all(Array.from({ length: n }, async () => {
    await semaphore.acquire();
    passed++;
    semaphore.release();
  }));
  expect(passed, n);
}

async function event(n: number): Promise<void> {
  const event = new Event();
  let passed = 0;
  const waiting = Promise.all(Array.from({ length: n }, async () => {
    await event.wait();
    passed++;
  }));
  event.set();
  await waiting;
  expect(passed, n);
}

async function queue(n: number): Promise<void> {
  const queue = new Queue<number>();
  const waiting = Promise.all(Array.from({ length: n }, () => queue.get()));
  for (let i = 0; i < n; i++) queue.putNowait(i);
  const items = await waiting;
  expect(items[n - 1], n - 1);
}

async function condition(n: number): Promise<void> {
  const condition = new Condition();
  let passed = 0;
  const waiting = Promise.all(Array.from({ length: n }, async () => {
    await condition.acquire();
    await condition.wait();
    passed++;
    condition.release();
  }));
  await sleep(0);
  {
    using _held = await condition.acquire();
    condition.notifyAll();
  }
  await waiting;
  expect(passed, n);
}

async function cancelled(n: number): Promise<void> {
  const semaphore = new Semaphore(0);
  let stopped = 0;
  await TaskGroup.run(async (group) => {
    for (let i = 0; i < n; i++) {
      group.createTask(async () => {
        try {
          await semaphore.acquire();
        } finally {
          stopped++;
        }
      });
    }
    await sleep(0);
    group.cancel();
  });
  expect(stopped, n);
}

async function floor(n: number): Promise<void> {
  const resolvers: (() => void)[] = [];
  let passed = 0;
  const waiting = Promise.all(Array.from({ length: n }, async () => {
    await new Promise<void>((resolve) => resolvers.push(resolve));
    passed++;
  }));
  for (const resolve of resolvers) resolve();
  await waiting;
  expect(passed, n);
}

const sizes = decades(100_000);

export const curve: Curve = {
  title: "Waiters",
  along: "waiters",
  each: "waiter",
  series: [
    await grow("Lock", sizes, lock),
    await grow("Semaphore", sizes, semaphore),
    await grow("Event", sizes, event),
    await grow("Queue.get", sizes, queue),
    await grow("Condition", sizes, condition),
    await grow("Semaphore, all cancelled", sizes, cancelled),
    await grow("floor: bare promises", sizes, floor),
  ],
};
