/**
 * Every place at which a cancellation can meet a call of a `TaskPool` that is steered meanwhile:
 * paused and resumed, made smaller and larger, under a rate, full, waited for, shut down.
 */
import { assert, assertEquals } from "@std/assert";
import { CancelledError, createTask, QueueFull, TaskPool } from "../../mod.ts";
import { actor, clock, judge, sweepTest, turn, Work } from "../task/sweep/stage.ts";

/** What is done to the pool while the calls run, a turn each. */
const STEERING: Record<string, (pool: TaskPool) => (() => unknown)[]> = {
  "paused and resumed": (pool) => [() => pool.pause(), () => {}, () => pool.resume()],
  "made larger and smaller": (pool) => [
    () => pool.maxWorkers = 3,
    () => pool.maxWorkers = 1,
    () => pool.maxWorkers = 2,
  ],
  "closed": (pool) => [() => {}, () => pool.close()],
  "closed while it is paused": (pool) => [() => pool.pause(), () => {}, () => pool.close()],
  "shut down, what waits called off": (pool) => [
    () => {},
    () => pool.shutdown({ cancelFutures: true }).catch(() => {}),
  ],
  "terminated": (pool) => [() => {}, () => pool.terminate().catch(() => {})],
};

/** What a victim does with the pool. */
const PLAYS: Record<string, (pool: TaskPool, work: Work) => Promise<unknown>> = {
  "a call": async (pool, work) => await pool.submit(work.of(2, () => "value", 1)),
  "a call that fails": async (pool, work) => {
    await Promise.resolve(pool.submit(work.failing(2, "failed"))).catch((error) => {
      if (error.message !== "failed") throw error;
    });
  },
  "a map": async (pool, work) => await pool.map(() => work.of(1, () => "value", 1)(), [1, 2, 3]),
  "a loop over a map": async (pool, work) => {
    for await (const _ of pool.mapUnordered(() => work.of(1, () => 0)(), [1, 2, 3])) await turn(1);
  },
  "a wait until it is idle": (pool) => pool.idle(),
};

for (const [steering, steps] of Object.entries(STEERING)) {
  for (const [name, play] of Object.entries(PLAYS)) {
    sweepTest(`${name} of a TaskPool that is ${steering}`, () => {
      const work = new Work();
      const pool = new TaskPool(1);
      const begun: string[] = [];
      const other = createTask(async () => {
        begun.push("other");
        return await pool.submit(work.of(2, () => "other", 1));
      });
      const victim = actor(async () => {
        try {
          return await play(pool, work);
        } catch (error) {
          // What the pool called off, as it was told to, cancels who waits for it.
          if (error instanceof CancelledError && pool.stats.cancelled > 0) return "called off";
          if (/is shut down/.test(String(error))) return "too late";
          throw error;
        }
      });
      const steerer = createTask(async () => {
        for (const step of steps(pool)) {
          await turn(1);
          step();
        }
      });
      return {
        victim,
        others: [other, steerer],
        async check() {
          if (victim.cancelled()) assert(victim.cancelling() > 0);
          else victim.result();
          await pool.shutdown();
          assertEquals(work.running, 0, "a call outlives the shutdown of its pool");
          const { busy, queued, workers, idle, completed, failed, cancelled } = pool.stats;
          assertEquals([busy, queued, idle], [0, 0, workers], "a place is lost");
          assert(completed + failed + cancelled >= begun.length, "a call is not counted");
        },
      };
    });
  }
}

sweepTest("a call of a TaskPool under a rate", (time) => {
  const work = new Work();
  const pool = new TaskPool({ maxWorkers: 2, rate: { max: 1, perMs: 10 } });
  const actors = [0, 1, 2].map((n) => actor(async () => await pool.submit(work.of(1, () => n))));
  return {
    victim: actors[1]!,
    others: [...actors, ...[3, 6, 9].map((turns) => clock(time, turns, 10))],
    async check() {
      for (const one of actors) judge(one);
      assertEquals([actors[0]!.result(), actors[2]!.result()], [0, 2]);
      await pool.shutdown();
      assertEquals([work.running, pool.stats.busy, pool.stats.queued], [0, 0, 0]);
      time.tick(10);
    },
  };
});

sweepTest("a call of a TaskPool whose queue is full", () => {
  const work = new Work();
  const pool = new TaskPool({ maxWorkers: 1, maxQueue: 1 });
  let refused = 0;
  const actors = [0, 1, 2].map((n) =>
    actor(async () => {
      try {
        return await pool.submit(work.of(2, () => n));
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        return void refused++;
      }
    })
  );
  return {
    victim: actors[0]!,
    others: actors,
    async check() {
      for (const one of actors) judge(one);
      await pool.idle();
      assertEquals([work.running, pool.stats.busy, pool.stats.queued], [0, 0, 0]);
      assert(work.begun + refused <= 3 && refused <= 1);
      assertEquals(await pool.submit(() => "next"), "next");
    },
  };
});
