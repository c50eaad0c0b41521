/**
 * Every place at which a cancellation can meet a wait for one thing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, ensureFuture, Future, sleep } from "../../../mod.ts";
import { actor, clock, judge, sweepTest, turn, Work } from "./stage.ts";

sweepTest("await a future, one of three who do", () => {
  const futures = [0, 1, 2].map(() => new Future<number>());
  const actors = futures.map((future) => actor(async () => await future));
  const setter = createTask(async () => {
    await turn(3);
    for (const future of futures) if (!future.done()) future.setResult(1);
  });
  return {
    victim: actors[1]!,
    others: [...actors, setter],
    check() {
      for (const one of actors) judge(one);
      assertEquals([actors[0]!.result(), actors[2]!.result()], [1, 1]);
      // Who is cancelled while it waits takes the future with it.
      assert(futures.every((future) => future.done()));
      if (!actors[1]!.cancelled()) assertEquals(futures[1]!.result(), 1);
    },
  };
});

for (const swallow of [false, true]) {
  sweepTest(`await a task that ${swallow ? "swallows its cancellation" : "cleans up"}`, () => {
    const work = new Work();
    const inner = createTask(async () => {
      try {
        return await work.of(3, () => "value", 2)();
      } catch (error) {
        if (swallow) return "swallowed";
        throw error;
      }
    });
    const victim = actor(async () => await inner);
    return {
      victim,
      others: [inner],
      check() {
        assertEquals(work.running, 0);
        // Who awaits one that is cancelled is cancelled, too.
        if (inner.cancelled()) assert(victim.cancelled());
        if (victim.cancelled()) return;
        // One that was asked while the task that it awaits swallows it goes on with that value.
        assertEquals(victim.result(), inner.result());
        if (!swallow) judge(victim);
      },
    };
  });
}

sweepTest("await a promise through ensureFuture", () => {
  const gate = Promise.withResolvers<string>();
  const victim = actor(async () => await ensureFuture(gate.promise));
  const other = actor(async () => await ensureFuture(gate.promise));
  const setter = createTask(async () => {
    await turn(4);
    gate.resolve("value");
  });
  return {
    victim,
    others: [other, setter],
    check() {
      judge(victim);
      judge(other);
      assertEquals(other.result(), "value");
      if (!victim.cancelled()) assertEquals(victim.result(), "value");
    },
  };
});

sweepTest("sleep, beside others that end at the same time", (time) => {
  const actors = [0, 1, 2].map((n) => actor(async () => await sleep(10, n)));
  return {
    victim: actors[1]!,
    others: [...actors, clock(time, 4, 10)],
    check() {
      for (const one of actors) judge(one);
      assertEquals([actors[0]!.result(), actors[2]!.result()], [0, 2]);
      if (!actors[1]!.cancelled()) assertEquals(actors[1]!.result(), 1);
    },
  };
});
