import { Condition, Lock, Queue, Semaphore, sleep } from "../../mod.ts";
import { Deque } from "../../lib/base/deque.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, decades, growStanding, type Standing } from "../support/growth.ts";

/** A line in which some stand, of whom each operation lets the first pass and adds one at the end. */
abstract class Stand {
  joined = 0;
  passed = 0;
  #arrive = () => {};

  /** Stand at the end, and return when it is time. */
  abstract wait(): Promise<void>;
  /** Let the first pass. */
  abstract wake(): void | Promise<void>;

  async join(): Promise<void> {
    this.joined++;
    await this.wait();
    this.passed++;
    this.#arrive();
  }

  async passOne(): Promise<void> {
    const arrived = new Promise<void>((resolve) => this.#arrive = resolve);
    await this.wake();
    await arrived;
  }
}

class LockStand extends Stand {
  readonly lock = heldLock();

  async wait(): Promise<void> {
    await this.lock.acquire();
  }

  wake(): void {
    this.lock.release();
  }
}

class SemaphoreStand extends Stand {
  readonly semaphore = new Semaphore(0);

  async wait(): Promise<void> {
    await this.semaphore.acquire();
  }

  wake(): void {
    this.semaphore.release();
  }
}

class GetStand extends Stand {
  readonly queue = new Queue<number>();

  async wait(): Promise<void> {
    await this.queue.get();
  }

  wake(): void {
    this.queue.putNowait(0);
  }
}

class PutStand extends Stand {
  readonly queue = new Queue<number>(1);
  readonly full = this.queue.put(0);

  async wait(): Promise<void> {
    await this.queue.put(0);
  }

  wake(): void {
    this.queue.getNowait();
  }
}

class ConditionStand extends Stand {
  readonly condition = new Condition();

  async wait(): Promise<void> {
    using _held = await this.condition.acquire();
    await this.condition.wait();
  }

  async wake(): Promise<void> {
    using _held = await this.condition.acquire();
    this.condition.notify();
  }
}

class FloorStand extends Stand {
  readonly resolvers = new Deque<() => void>();

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => this.resolvers.push(resolve));
  }

  wake(): void {
    this.resolvers.shift()!();
  }
}

function stand(make: () => Stand): Standing<Stand> {
  return {
    async open(n) {
      const stand = make();
      for (let i = 0; i < n; i++) stand.join();
      await sleep(0);
      return stand;
    },
    async run(stand, times) {
      for (let i = 0; i < times; i++) {
        const due = stand.passed + 1;
        await stand.passOne();
        expect(stand.passed, due);
        stand.join();
      }
    },
    async close(stand) {
      while (stand.passed < stand.joined) await stand.passOne();
      expect(stand.passed, stand.joined);
    },
  };
}

function heldLock(): Lock {
  const lock = new Lock();
  lock.acquire();
  return lock;
}

const sizes = decades(100_000);

export const curve: Curve = {
  title: "One operation at a line of waiters",
  along: "waiters that stand in line",
  each: "operation",
  series: [
    await growStanding("Lock, release and acquire", sizes, stand(() => new LockStand())),
    await growStanding("Semaphore, release and acquire", sizes, stand(() => new SemaphoreStand())),
    await growStanding("Queue, put to a getter", sizes, stand(() => new GetStand())),
    await growStanding("Queue, get from a putter", sizes, stand(() => new PutStand())),
    await growStanding("Condition, notify and wait", sizes, stand(() => new ConditionStand())),
    await growStanding("floor: bare promises", sizes, stand(() => new FloorStand())),
  ],
};
