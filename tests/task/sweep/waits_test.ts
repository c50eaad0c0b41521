/**
 * Every place at which a cancellation can meet a wait for others: gather, shield, wait, asCompleted.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { asCompleted, createTask, Future, gather, shield, type Task, wait } from "../../../mod.ts";
import { actor, clock, judge, outcome, sweepTest, turn, Work } from "./stage.ts";

sweepTest("gather, all goes well", () => {
  const work = new Work();
  const children = [2, 1, 3].map((n) => createTask(work.of(n, () => n, 1)));
  const victim = actor(() => gather(children));
  return {
    victim,
    check() {
      judge(victim);
      for (const child of children) if (!victim.cancelled()) assertFalse(child.cancelled());
      if (!victim.cancelled()) assertEquals(victim.result(), [2, 1, 3]);
    },
  };
});

sweepTest("gather, one fails and the others go on", () => {
  const work = new Work();
  const failing = createTask(work.failing(1, "first"));
  const others = [3, 0].map((n) => createTask(work.of(n, () => n, 1)));
  const victim = actor(() => outcome(() => gather(failing, ...others), Error));
  return {
    victim,
    others: [failing, ...others],
    check() {
      // As in asyncio, a failure in the instant of the cancellation stands for both.
      if (victim.cancelled() || victim.cancelling() === 0) judge(victim);
      if (!victim.cancelled()) assertEquals(victim.result(), "first");
      if (victim.cancelling() === 0) assertEquals(others.map((other) => other.result()), [3, 0]);
    },
  };
});

sweepTest("gather, the failures among the results", () => {
  const work = new Work();
  const victim = actor(async () => {
    const aws = [work.of(2, () => "two"), work.failing(1, "one", 1), work.of(0, () => "none")];
    const results = await gather(aws, { returnExceptions: true });
    return results.map((one) => (one as unknown) instanceof Error ? "error" : one);
  });
  return {
    victim,
    check() {
      judge(victim);
      assertEquals(work.running, 0);
      if (!victim.cancelled()) assertEquals(victim.result(), ["two", "error", "none"]);
    },
  };
});

for (const returnExceptions of [false, true]) {
  sweepTest(`gather, a child is cancelled, ${returnExceptions ? "" : "not "}among results`, () => {
    const work = new Work();
    const children = [3, 2].map((n) => createTask(work.of(n, () => n, 1)));
    const owner = actor(async () => {
      try {
        return await gather(children, { returnExceptions });
      } catch {
        return "rejected";
      }
    });
    return {
      victim: children[1]!,
      others: [owner],
      check() {
        judge(owner);
        assertEquals(children[0]!.result(), 3);
        const result = owner.result();
        if (!children[1]!.cancelled()) assertEquals(result, [3, 2]);
        else if (returnExceptions) assertEquals((result as Error[])[1]!.name, "CancelledError");
        else assertEquals(result, "rejected");
      },
    };
  });
}

sweepTest("shield, the one who waits", () => {
  const work = new Work();
  const inner = createTask(work.of(3, () => "kept", 1));
  const victim = actor(() => shield(inner));
  const other = actor(() => shield(inner));
  return {
    victim,
    others: [other],
    check() {
      judge(victim);
      assertEquals([inner.result(), other.result()], ["kept", "kept"]);
      if (!victim.cancelled()) assertEquals(victim.result(), "kept");
    },
  };
});

sweepTest("shield, what is shielded", () => {
  const work = new Work();
  const inner = createTask(work.of(3, () => "kept", 1));
  const owner = actor(async () => {
    try {
      return await shield(inner);
    } catch {
      return "rejected";
    }
  });
  return {
    victim: inner,
    others: [owner],
    check() {
      judge(owner);
      assertEquals(owner.result(), inner.cancelled() ? "rejected" : "kept");
    },
  };
});

for (const returnWhen of ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"] as const) {
  for (const limit of [undefined, 10]) {
    sweepTest(
      `wait, ${returnWhen}, ${limit === undefined ? "without" : "with"} a limit`,
      (time) => {
        const work = new Work();
        const tasks = [
          createTask(work.of(4, () => 4)),
          createTask(work.failing(2, "two")),
          createTask(work.of(1, () => 1)),
        ];
        for (const task of tasks) task.addDoneCallback((done) => done.exception());
        const victim = actor(async () => {
          const options = limit === undefined ? { returnWhen } : { returnWhen, timeout: limit };
          const { done, pending } = await wait<number>(tasks, options);
          for (const task of done) assert(task.done());
          assertEquals(done.size + pending.size, 3);
          return done.size;
        });
        return {
          victim,
          others: [...tasks, clock(time, 3, 10)],
          check() {
            judge(victim);
            assertEquals([tasks[0]!.result(), tasks[2]!.result()], [4, 1]);
            assertEquals((tasks[1]!.exception() as Error).message, "two");
            if (victim.cancelled()) return;
            const size = victim.result() as number;
            assert(size >= (returnWhen === "FIRST_COMPLETED" ? 1 : 2), `${size} were done`);
            if (returnWhen === "ALL_COMPLETED" && limit === undefined) assertEquals(size, 3);
          },
        };
      },
    );
  }
}

for (const limit of [undefined, 60_000]) {
  sweepTest(`asCompleted, a loop ${limit === undefined ? "without" : "with"} a limit`, () => {
    const work = new Work();
    const tasks = [3, 1, 2].map((n) => createTask(work.of(n, () => n)));
    const seen: number[] = [];
    const victim = actor(async () => {
      const options = limit === undefined ? {} : { timeout: limit };
      for await (const each of asCompleted(tasks, options)) {
        const future = each as unknown as Task<number>;
        assert(future.done());
        seen.push(future.result());
        await turn(1);
      }
    });
    return {
      victim,
      others: tasks,
      check() {
        judge(victim);
        assertEquals(tasks.map((task) => task.result()), [3, 1, 2]);
        if (!victim.cancelled()) assertEquals(seen, [1, 2, 3]);
        else assertEquals(seen, [1, 2, 3].slice(0, seen.length));
      },
    };
  });
}

sweepTest("asCompleted, a loop with a limit over what does not end", () => {
  const first = new Future<void>();
  const victim = actor(async () => {
    const futures = [first, new Future<void>()];
    for await (const _ of asCompleted(futures, { timeout: 60_000 })) await turn(1);
  });
  const helper = createTask(async () => {
    await turn(2);
    first.setResult();
    await turn(4);
    victim.cancel();
  });
  return {
    victim,
    others: [helper],
    check: () => assert(victim.cancelled()),
  };
});

sweepTest("asCompleted, one of three who share a loop", () => {
  const work = new Work();
  const tasks = [1, 1, 2, 3].map((n) => createTask(work.of(n, () => n)));
  const loop = asCompleted(tasks);
  const seen: Future<number>[] = [];
  const readers = [0, 1, 2].map(() =>
    actor(async () => {
      for (let step = await loop.next(); !step.done; step = await loop.next()) {
        seen.push(step.value);
      }
    })
  );
  return {
    victim: readers[1]!,
    others: [...readers, ...tasks],
    check() {
      for (const reader of readers) judge(reader);
      assertFalse(readers[0]!.cancelled() || readers[2]!.cancelled());
      // But for the one in the very hands of the reader that was cancelled.
      const missing = tasks.length - seen.length;
      assert(missing <= (readers[1]!.cancelled() ? 1 : 0), `${missing} are missing`);
      assertEquals(new Set(seen).size, seen.length);
    },
  };
});
