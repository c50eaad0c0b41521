/**
 * Every place at which a cancellation can meet a wait for a permit, tried in turn: permits and
 * waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert } from "@std/assert";
import { BoundedSemaphore, CancelledError, Condition, Lock, Semaphore } from "../../mod.ts";
import { checkPermits, sweepLocking, visitor } from "../contracts/sweep_locking.ts";
import { LimiterLock } from "../support/limiter_lock.ts";
import { sweep } from "../support/sweep.ts";

sweepLocking("Lock", () => new Lock(), 1);
sweepLocking("Lock of a Condition", () => new Condition(), 1);
sweepLocking("Semaphore of one", () => new Semaphore(1), 1);
sweepLocking("Semaphore of two", () => new Semaphore(2), 2);
sweepLocking("BoundedSemaphore of two", () => new BoundedSemaphore(2), 2);
sweepLocking("CapacityLimiter of one", () => new LimiterLock(1), 1);
sweepLocking("CapacityLimiter of two", () => new LimiterLock(2), 2);

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
