import { expect } from "./comparison.ts";

/** What lets so many in at once: a semaphore, or a lock. */
export interface Gate {
  acquire(): PromiseLike<unknown>;
  release(): void;
}

/** `waiters` functions at once, each of which holds one of the permits for a moment. */
export async function contended(gate: Gate, waiters: number, permits: number): Promise<void> {
  let inside = 0;
  let most = 0;
  let passed = 0;
  const pass = async () => {
    await gate.acquire();
    most = Math.max(most, ++inside);
    await undefined;
    inside--;
    passed++;
    gate.release();
  };
  await Promise.all(Array.from({ length: waiters }, pass));
  expect(passed, waiters);
  expect(most, permits);
}
