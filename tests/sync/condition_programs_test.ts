/** Random programs at one condition: the lock is held by one at a time, and nothing is lost of it. */
import { assertEquals } from "@std/assert";
import {
  Condition,
  createTask,
  gather,
  moveOnAfter,
  sleep,
  type Task,
  timeout,
  waitFor,
} from "../../mod.ts";
import { Random } from "../support/random.ts";

const PROGRAMS = 1_000;
const LONG = 2 ** 30;

Deno.test("Condition: whoever comes out of a wait holds the lock, however often it was cancelled", async () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const [wrong, ended, locked] = await play(new Random(seed));
    assertEquals([wrong, ended, locked], [[], true, false], `seed ${seed}`);
  }
});

async function play(random: Random): Promise<[string[], boolean, boolean]> {
  const condition = new Condition();
  const wrong: string[] = [];
  let holder: string | undefined;
  const hold = (who: string) => {
    if (holder !== undefined) wrong.push(`${who} beside ${holder}`);
    if (!condition.locked()) wrong.push(`${who} without the lock`);
    holder = who;
  };
  const leave = () => holder = undefined;
  const waits: (() => Promise<unknown>)[] = [
    () => condition.wait(),
    () => condition.waitForPredicate(() => random.int(0, 2) === 0),
    () => timeout(LONG, () => condition.wait()),
    () => moveOnAfter(0, () => condition.wait()),
    () => waitFor(condition.wait(), LONG),
    () => gather(condition.wait()),
  ];
  const tasks: Task<void>[] = [];
  const waiter = (name: string, tolerant: boolean) =>
    createTask(async () => {
      for (let left = random.int(0, 2); left > 0; left--) await sleep(0);
      await condition.acquire();
      hold(name);
      try {
        for (let rounds = random.int(1, 2); rounds > 0; rounds--) {
          const wait = random.pick(...waits);
          leave();
          try {
            await wait();
          } catch (error) {
            if (!tolerant) throw error;
          } finally {
            hold(name);
          }
        }
      } finally {
        leave();
        condition.release();
      }
    }, { name });
  const notify = async (n: number, within: () => unknown = () => {}) => {
    await condition.acquire();
    hold("main");
    condition.notify(n);
    await within();
    leave();
    condition.release();
  };
  const disturb = () => {
    const task = random.pick(...tasks);
    for (let times = random.int(0, 2); times > 0; times--) task.cancel();
    if (random.int(0, 3) === 0) task.uncancel();
  };
  for (let n = random.int(2, 5); n > 0; n--) {
    tasks.push(waiter(`waiter ${n}`, random.int(0, 2) === 0));
  }
  for (let steps = random.int(3, 12); steps > 0; steps--) {
    if (random.int(0, 1) === 0) disturb();
    else await notify(random.int(0, 2), random.pick(() => {}, disturb, () => sleep(0)));
    for (let turns = random.int(0, 2); turns > 0; turns--) await sleep(0);
  }
  for (let rounds = 60; rounds > 0 && !tasks.every((task) => task.done()); rounds--) {
    await notify(tasks.length);
    await sleep(0);
  }
  const ended = tasks.every((task) => task.done());
  if (ended) await Promise.allSettled(tasks);
  return [wrong, ended, condition.locked()];
}
