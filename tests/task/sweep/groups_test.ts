/**
 * Every place at which a cancellation can meet a group, in both forms: what was begun ends, no
 * cancellation is lost or made up, and no timer is left.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, ExceptionGroup, Future, type Task, TaskGroup } from "../../../mod.ts";
import { giveWay } from "../../support/settled.ts";
import { actor, FORMS, judge, outcome, sweepTest, turn, Work } from "./stage.ts";

for (const [form, play] of Object.entries(FORMS)) {
  sweepTest(`${form}, all goes well`, () => {
    const work = new Work();
    const results: number[] = [];
    const victim = actor(async () => {
      try {
        return await play(async (group) => {
          for (const n of [2, 1, 3]) {
            group.createTask(work.of(n, () => results.push(n), n === 2 ? 1 : 0));
          }
          await turn(2);
          return "value";
        });
      } finally {
        assertEquals(work.running, 0, "the group outlived its extent");
      }
    });
    return {
      victim,
      check() {
        judge(victim);
        if (!victim.cancelled()) {
          assertEquals([victim.result(), ...results.sort()], ["value", 1, 2, 3]);
        }
      },
    };
  });

  sweepTest(`${form}, a child is cancelled`, () => {
    const work = new Work();
    let victim!: Task<unknown>;
    const owner = actor(() =>
      play(async (group) => {
        const children = [2, 3, 1].map((n) => group.createTask(work.of(n, () => n, 1)));
        victim = children[1]!;
        await Promise.allSettled(children);
        return children.map((child) => child.cancelled() ? "cancelled" : child.result());
      })
    );
    const stand: Future<unknown> = createTask(async () => {
      while (victim === undefined) await giveWay();
      await victim;
    });
    return {
      victim: stand,
      others: [owner],
      check() {
        judge(owner);
        const [first, second, third] = owner.result() as unknown[];
        assertEquals([first, third], [2, 1]);
        assert(second === 3 || second === "cancelled");
      },
    };
  });

  for (const place of [0, 1, 2]) {
    sweepTest(`${form}, the child at place ${place} of three fails`, () => {
      const work = new Work();
      const victim = actor(() =>
        outcome(async () => {
          try {
            return await play(async (group) => {
              for (const n of [0, 1, 2]) {
                group.createTask(
                  n === place ? work.failing(1, "child", 1) : work.of(3, () => n, 2),
                );
              }
              await turn(4);
              return "value";
            });
          } finally {
            assertEquals(work.running, 0, "the group outlived its extent");
          }
        }, ExceptionGroup)
      );
      return {
        victim,
        check() {
          judge(victim);
          if (!victim.cancelled()) assertEquals(victim.result(), "child");
        },
      };
    });
  }

  sweepTest(`${form}, nested, a child of the inner one fails`, () => {
    const work = new Work();
    const victim = actor(async () => {
      const seen: string[] = [];
      await play(async (outer) => {
        outer.createTask(work.of(6, () => seen.push("outer child"), 1));
        const inner = await outcome(() =>
          play(async (group) => {
            group.createTask(work.failing(1, "inner child"));
            group.createTask(work.of(4, () => seen.push("never"), 1));
            await turn(4);
            return "never";
          }), ExceptionGroup);
        seen.push(inner);
        await turn(1);
        seen.push("went on");
      });
      assertEquals(work.running, 0);
      return seen;
    });
    return {
      victim,
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (victim.cancelled()) return;
        assertEquals(victim.result(), ["inner child", "went on", "outer child"]);
      },
    };
  });

  sweepTest(`${form}, nested, a child of the outer one fails`, () => {
    const work = new Work();
    const victim = actor(() =>
      outcome(() =>
        play(async (outer) => {
          outer.createTask(work.failing(2, "outer child", 1));
          return await play(async (group) => {
            group.createTask(work.of(6, () => "never", 2));
            await turn(6);
            return "never";
          });
        }), ExceptionGroup)
    );
    return {
      victim,
      check() {
        judge(victim);
        assertEquals(work.running, 0);
        if (!victim.cancelled()) assertEquals(victim.result(), "outer child");
      },
    };
  });

  sweepTest(`${form}, cancelled by a child`, () => {
    const work = new Work();
    let left = 0;
    const victim = actor(async () => {
      await play(async (group) => {
        group.createTask(work.of(9, () => left = NaN, 2));
        group.createTask(work.of(1, () => group.cancel(), 1));
        // The block of `await using` cannot be left quietly: it is not waiting when that happens.
        await turn(form === "TaskGroup.run" ? 9 : 0);
      });
      assertEquals(work.running, 0);
      left++;
    });
    return {
      victim,
      check() {
        judge(victim);
        if (!victim.cancelled()) assertEquals(left, 1);
      },
    };
  });
}

sweepTest("TaskGroup.run, body and children fail", () => {
  const work = new Work();
  const victim = actor(() =>
    outcome(() =>
      TaskGroup.run(async (group) => {
        group.createTask(work.failing(2, "child"));
        group.createTask(async () => {
          try {
            await new Future();
          } finally {
            await work.failing(2, "clean-up")();
          }
        });
        await work.failing(1, "body", 1)();
      }), ExceptionGroup)
  );
  return {
    victim,
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), "body,clean-up");
    },
  };
});

sweepTest("TaskGroup.run, children make children until the end", () => {
  const work = new Work();
  const victim = actor(async () => {
    let made = 0;
    await TaskGroup.run((group) => {
      const child = work.of(1, () => {
        if (++made < 6) group.createTask(child);
      });
      group.createTask(child);
      group.createTask(child);
    });
    assertEquals(work.running, 0);
    return made;
  });
  return {
    victim,
    check() {
      if (victim.cancelled() || victim.exception() === undefined) {
        judge(victim);
        if (!victim.cancelled()) assertEquals(victim.result(), 7);
      } else {
        // A child that was about to make one when the group was shut down.
        const { errors } = victim.exception() as ExceptionGroup;
        assert(errors.length <= 2 && errors.every((one) => /shutting down/.test(String(one))));
        assert(victim.cancelling() > 0);
      }
      assertEquals(work.running, 0);
    },
  };
});
