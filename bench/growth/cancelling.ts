import { AsyncLocalStorage } from "node:async_hooks";
import {
  CancelledError,
  createTask,
  Event,
  Lock,
  Queue,
  Semaphore,
  sleep,
  type Task,
} from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, decades, growStanding, type Standing } from "../support/growth.ts";

/** Tasks that all wait at one line; each operation cancels one of them and starts another. */
function cancelling(open: () => () => Promise<unknown>): Standing<Waiting> {
  let seed = 1;
  return {
    async open(n) {
      const wait = open();
      const tasks = Array.from({ length: n }, () => createTask(wait));
      await sleep(0);
      return { wait, tasks };
    },
    async run({ wait, tasks }, times) {
      for (let i = 0; i < times; i++) {
        seed = seed * 16_807 % 2_147_483_647;
        const at = seed % tasks.length;
        const task = tasks[at]!;
        task.cancel();
        tasks[at] = createTask(wait);
        await task.catch(() => {});
        expect(task.cancelled(), true);
      }
    },
    async close({ tasks }) {
      for (const task of tasks) task.cancel();
      await Promise.allSettled(tasks);
    },
  };
}

interface Waiting {
  readonly wait: () => Promise<unknown>;
  readonly tasks: Task<unknown>[];
}

/** The same with promises, each in a context, that are rejected. */
function floor(): Standing<Parked[]> {
  const storage = new AsyncLocalStorage<number>();
  const park = () => {
    const { promise, reject } = Promise.withResolvers<void>();
    return { reject, ended: storage.run(1, async () => await promise) };
  };
  let seed = 1;
  return {
    open: (n) => Array.from({ length: n }, park),
    async run(all, times) {
      for (let i = 0; i < times; i++) {
        seed = seed * 16_807 % 2_147_483_647;
        const at = seed % all.length;
        const one = all[at]!;
        one.reject(new CancelledError("Cancelled"));
        all[at] = park();
        let failed = false;
        await one.ended.catch(() => failed = true);
        expect(failed, true);
      }
    },
    close() {},
  };
}

interface Parked {
  readonly reject: (error: unknown) => void;
  readonly ended: Promise<void>;
}

const sizes = decades(100_000);

export const curve: Curve = {
  title: "Cancelling one of many waiters",
  along: "tasks that wait",
  each: "cancellation, and one more wait",
  series: [
    await growStanding(
      "Lock",
      sizes,
      cancelling(() => {
        const lock = new Lock();
        lock.acquire();
        return () => lock.acquire();
      }),
    ),
    await growStanding(
      "Semaphore",
      sizes,
      cancelling(() => {
        const semaphore = new Semaphore(0);
        return () => semaphore.acquire();
      }),
    ),
    await growStanding(
      "Event",
      sizes,
      cancelling(() => {
        const event = new Event();
        return () => event.wait();
      }),
    ),
    await growStanding(
      "Queue.get",
      sizes,
      cancelling(() => {
        const queue = new Queue();
        return () => queue.get();
      }),
    ),
    await growStanding("floor: bare promises, rejected", sizes, floor()),
  ],
};
