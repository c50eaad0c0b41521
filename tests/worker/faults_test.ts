/**
 * A worker dies, in every way there is, while it holds something that three others wait for: one that
 * sleeps, one that waits, one on the main thread.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SharedEvent, SharedLock, SharedSemaphore, WorkerPool } from "../../mod.ts";
import { OF_LOCK, OF_SEMAPHORE, untilWaiting } from "../shared/threads.ts";
import { HOSTS } from "./helpers.ts";

type Held = SharedLock | SharedSemaphore;

const KINDS: [string, () => Held, { at: number }][] = [
  ["a lock", () => new SharedLock(), OF_LOCK],
  ["a permit", () => new SharedSemaphore(1), OF_SEMAPHORE],
];

const ENDS = ["Deno.exit", "self.close", "an error", "a rejection", "terminate"] as const;
type End = typeof ENDS[number];

/** Hold it, and die of it. */
const holdAndDie = async (held: Held, event: SharedEvent, end: End, sync: boolean) => {
  if (sync) held.acquireSync();
  else await held.acquire();
  event.set();
  if (end === "Deno.exit") Deno.exit(3);
  else if (end === "self.close") self.close();
  else if (end === "a rejection") Promise.reject(new Error("nobody handles it"));
  else if (end === "an error") {
    setTimeout(() => {
      throw new Error("nobody catches it");
    });
  }
  await new Promise(() => {});
};

const sleepForIt = (held: Held) => {
  using permit = held.acquireSync();
  return permit.abandoned;
};

const waitForIt = async (held: Held) => {
  using permit = await held.acquire();
  return permit.abandoned;
};

for (const host of HOSTS) {
  for (const [name, make, where] of KINDS) {
    for (const end of ENDS) {
      for (const sync of [true, false]) {
        const how = `${end}, ${sync ? "sync" : "async"}, ${host} host`;
        Deno.test(`Faults: ${name} goes on after ${how}, and one is told`, async () => {
          const held = make();
          const event = new SharedEvent();
          const dying = new WorkerPool({ maxWorkers: 1, host });
          const others = new WorkerPool({ maxWorkers: 2, host });
          try {
            const first = await held.acquire();
            dying.submit(holdAndDie, held, event, end, sync).catch(() => {});
            await untilWaiting(held, 1, where);
            const waits = [
              others.submit(sleepForIt, held),
              others.submit(waitForIt, held),
              waitForIt(held),
            ];
            await untilWaiting(held, 4, where);
            first[Symbol.dispose]();
            await event.wait();
            if (end === "terminate") await dying.terminate();
            const told = await Promise.all(waits);
            assertEquals(told.toSorted(), [false, false, true]);
            assertEquals(held.locked(), false);
          } finally {
            await Promise.all([dying.terminate(), others.terminate()]);
          }
        });
      }
    }
  }
}
