/** Random flows through `Promise.race`, cancelled at a random moment: heard of once, at the next wait. */
import { assertEquals } from "@std/assert";
import { CancelledError, createTask, Event, Lock, Queue, Semaphore, sleep } from "../../mod.ts";
import { Random } from "../support/random.ts";
import { foreignTurns, foreignTurnsOver } from "../support/settled.ts";

const PROGRAMS = 2_000;

Deno.test("Races: a flow hears of a cancellation once, whatever its waits have lost before", async () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) await play(seed);
});

async function play(seed: number): Promise<void> {
  const random = new Random(seed);
  const lock = new Lock();
  await lock.acquire();
  const waits = [
    () => new Queue().get(),
    () => new Event().wait(),
    () => lock.acquire(),
    () => new Semaphore(0).acquire(),
  ];
  const wait = (): Promise<unknown> => random.pick(...waits)();
  const kept: Promise<unknown>[] = [];
  const steps: (() => Promise<unknown>)[] = [
    () => Promise.race([wait(), foreignTurns(random.int(0, 3))]),
    () => Promise.race([wait(), wait(), Promise.resolve()]),
    () => {
      const one = wait();
      kept.push(one);
      return Promise.race([one, foreignTurns(1)]);
    },
    () => Promise.race([...kept, foreignTurns(random.int(0, 2))]),
    () => foreignTurns(random.int(0, 3)),
    () => Promise.race([wait(), foreignTurns(2)]).finally(() => foreignTurns(1)),
    () => sleep(0),
  ];
  let heard = 0;
  let cleanedUp = false;
  const task = createTask(async () => {
    try {
      for (let left = random.int(0, 5); left > 0; left--) await random.pick(...steps)();
      if (kept.length > 0 && random.int(0, 1) === 0) await kept[0];
      else if (random.int(0, 1) === 0) await Promise.race([...kept, wait()]);
      await new Event().wait();
    } catch (error) {
      if (error instanceof CancelledError) heard++;
      for (let left = random.int(0, 3); left > 0; left--) await foreignTurns(1);
      await sleep(0);
      await sleep(0);
      cleanedUp = true;
      throw error;
    }
  });
  await foreignTurns(1 + random.int(0, 11));
  task.cancel();
  await Promise.allSettled([task]);
  await foreignTurnsOver();
  assertEquals([heard, cleanedUp, task.cancelled()], [1, true, true], `seed ${seed}`);
}
