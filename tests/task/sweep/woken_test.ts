/**
 * Waits that are cancelled when they were woken, but before their turn: a task that goes on in
 * between holds that turn back.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  asCompleted,
  createTask,
  Future,
  gather,
  shield,
  type Task,
  TaskGroup,
  timeout,
  wait,
  waitFor,
} from "../../../mod.ts";
import { actor, judge, sweepTest, turn } from "./stage.ts";

/** What settles something, and the task that goes on right after those who were woken by it. */
function wokenInTurn(settle: () => void): Task<void>[] {
  const gate = new Future<void>();
  const between = createTask(async () => {
    await gate;
    for (let i = 0; i < 6; i++) await undefined;
  }, { name: "in between" });
  const setter = createTask(async () => {
    await turn(2);
    settle();
    gate.setResult();
  }, { name: "setter" });
  return [between, setter];
}

const WAITS: Record<string, (future: Future<string>) => Promise<unknown>> = {
  "await": async (future) => await shield(future),
  "wait": (future) => wait([future], { timeout: 60_000 }),
  "wait for the first": (future) =>
    wait([future, new Future<string>()], { timeout: 60_000, returnWhen: "FIRST_COMPLETED" }),
  "waitFor": (future) => waitFor(shield(future), 60_000),
  "timeout": (future) => timeout(60_000, () => shield(future)),
  "gather": (future) => gather(shield(future), shield(future)),
  "asCompleted": (future) => asCompleted([future], { timeout: 60_000 }).next(),
  "TaskGroup.run": (future) =>
    TaskGroup.run((group) => void group.createTask(() => shield(future))),
};

for (const [name, play] of Object.entries(WAITS)) {
  sweepTest(`${name}, woken and cancelled`, () => {
    const future = new Future<string>();
    const victim = actor(() => play(future));
    return {
      victim,
      others: wokenInTurn(() => future.setResult("value")),
      check() {
        judge(victim);
        assertEquals(future.result(), "value");
      },
    };
  });
}

sweepTest("asCompleted, what was handed to one who is cancelled goes to the next", () => {
  const futures = [0, 1, 2].map(() => new Future<number>());
  const loop = asCompleted(futures, { timeout: 60_000 });
  const seen: Future<number>[] = [];
  const got = [0, 0];
  const readers = [0, 1].map((place) =>
    actor(async () => {
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
        got[place]!++;
      }
    })
  );
  const others = wokenInTurn(() => futures.slice(0, 2).forEach((one) => one.setResult(1)));
  let alone = false;
  const last = createTask(async () => {
    await Promise.all(others);
    await turn(6);
    alone = readers[0]!.done() && got[0] === 0;
    futures[2]!.setResult(2);
  }, { name: "last" });
  return {
    victim: readers[0]!,
    others: [...readers, ...others, last],
    async check() {
      for (const reader of readers) judge(reader);
      if (alone) assertEquals(seen.length, 3, "the other one did not get them all");
      // When the other one had been told that there was no more for it, it is still there.
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
      }
      assertEquals(new Set(seen), new Set(futures));
      assertEquals(seen.length, 3);
    },
  };
});
