import { assertEquals, assertStringIncludes } from "@std/assert";
import { runProgram } from "../support/running_program.ts";

/** Runs `source` in a process that prints what is reported as unhandled, and goes on. */
async function reported(source: string): Promise<string[]> {
  const { code, out, err } = await runProgram(`
    import * as strand from "$MOD";
    const { asCompleted, createTask, ensureFuture, Future, gather, run, shield, sleep, TaskGroup } =
      strand;
    const { timeout, wait, waitFor } = strand;
    addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      console.log(event.reason instanceof Error ? event.reason.message : event.reason);
    });
    const fail = (message) => async () => {
      await sleep(0);
      throw new Error(message);
    };
    const settle = async () => {
      for (let i = 0; i < 5; i++) await sleep(0);
    };
    ${source}
    await settle();
    console.log("end");
  `);
  assertEquals([code, err], [0, ""]);
  const lines = out.trim().split("\n");
  assertEquals(lines.pop(), "end");
  return lines;
}

Deno.test("Unhandled: a failed task that nobody looks at ends the program, with its stack", async () => {
  const { code, out, err } = await runProgram(`
    import { createTask, sleep } from "$MOD";
    async function culprit() {
      await sleep(0);
      throw new RangeError("nobody looked");
    }
    createTask(culprit);
    await sleep(2 ** 40);
    console.log("never");
  `);
  assertEquals([code, out], [1, ""]);
  assertStringIncludes(err, "Uncaught (in promise) RangeError: nobody looked");
  assertStringIncludes(err, "at culprit");
});

Deno.test("Unhandled: so does a failed future, and a task inside run", async () => {
  for (
    const failing of [
      `new Future().setException(new RangeError("nobody looked"));`,
      `await run(async () => {
         createTask(() => { throw new RangeError("nobody looked"); });
         await sleep(2 ** 40);
       });`,
    ]
  ) {
    const { code, err } = await runProgram(`
      import { createTask, Future, run, sleep } from "$MOD";
      ${failing}
      await sleep(2 ** 40);
    `);
    assertEquals(code, 1);
    assertStringIncludes(err, "Uncaught (in promise) RangeError: nobody looked");
  }
});

Deno.test("Unhandled: the error itself is reported, once, whatever was thrown", async () => {
  assertEquals(
    await reported(`
      const error = new Error("same");
      addEventListener("unhandledrejection", (event) => {
        if (event.reason === error) console.log("itself");
      });
      const task = createTask(() => { throw error; });
      task.addDoneCallback(() => {});
      task.addDoneCallback(() => {});
      await settle();
      createTask(() => Promise.reject("a string"));
      createTask(() => Promise.reject(undefined));
    `),
    ["same", "itself", "a string", "undefined"],
  );
});

Deno.test("Unhandled: adding a callback, asking done and cancelling too late is not looking", async () => {
  assertEquals(
    await reported(`
      for (const future of [new Future(), createTask(fail("task"))]) {
        future.addDoneCallback((done) => done.done() && done.cancelled() && done.cancel());
        if (future.constructor === Future) future.setException(new Error("future"));
        await settle();
        future.cancel();
      }
    `),
    ["future", "task"],
  );
});

Deno.test("Unhandled: a cancelled one is never reported", async () => {
  assertEquals(
    await reported(`
      new Future().cancel("never");
      createTask(() => sleep(2 ** 40)).cancel("before the start");
      const parked = createTask(() => sleep(2 ** 40));
      const side = createTask(() =>
        Promise.all([sleep(2 ** 40), new Future(), sleep(2 ** 40), createTask(() => sleep(2 ** 40))])
      );
      let handed; // CPython: a task of its own, which outlives the one that made it
      const loose = createTask(async () => {
        sleep(2 ** 40);
        handed = ensureFuture(sleep(2 ** 40));
        await sleep(2 ** 40);
      });
      const inGroup = createTask(() =>
        TaskGroup.run(async (group) => {
          group.createTask(() => sleep(2 ** 40));
          await sleep(2 ** 40);
        })
      );
      const limited = createTask(() => timeout(2 ** 40, () => sleep(2 ** 40)));
      const foreign = createTask((signal) => new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      }));
      await settle();
      for (const task of [parked, side, loose, inGroup, limited, foreign]) task.cancel("never");
      handed.cancel("never");
      await settle();
      for (const task of [parked, side, loose, inGroup, limited, foreign]) {
        if (!task.cancelled()) console.log("not cancelled");
      }
    `),
    [],
  );
});

Deno.test("Unhandled: whoever waits for it, in whatever form, looks", async () => {
  assertEquals(
    await reported(`
      const ignore = () => {};
      const looks = {
        await: async (task) => { try { await task; } catch {} },
        then: (task) => task.then(ignore, ignore),
        catch: (task) => task.catch(ignore),
        finally: (task) => task.finally(ignore).catch(ignore),
        exception: (task) => task.addDoneCallback((done) => done.exception()),
        result: (task) => task.addDoneCallback((done) => { try { done.result(); } catch {} }),
        gather: (task) => gather(task).catch(ignore),
        gatherExceptions: (task) => gather([task], { returnExceptions: true }),
        wait: (task) => wait([task]),
        waitFor: (task) => waitFor(task, 2 ** 30).catch(ignore),
        shield: (task) => shield(task).catch(ignore),
        ensureFuture: (task) => ensureFuture(task).catch(ignore),
        asCompleted: async (task) => { for await (const _ of asCompleted([task])); },
        allSettled: (task) => Promise.allSettled([task]),
        race: (task) => Promise.race([task]).catch(ignore),
        inTask: (task) => createTask(() => task).catch(ignore),
      };
      for (const [name, look] of Object.entries(looks)) {
        look(createTask(fail("task, " + name)));
        const future = new Future();
        look(future);
        future.setException(new Error("future, " + name));
        await settle();
      }
      // In the same turn in which it failed it is not too late.
      const future = new Future();
      future.setException(new Error("late"));
      future.exception();
    `),
    [],
  );
});

Deno.test("Unhandled: a callback that looks is in time, however late its turn comes", async () => {
  assertEquals(
    await reported(`
      // On this clock the line has always been served for too long, and the event loop gets a turn.
      let clock = 0;
      performance.now = () => clock += 1_000;
      const first = createTask(() => { throw new Error("looked at 2000 turns later"); });
      for (let i = 0; i < 2_000; i++) createTask(() => {});
      first.addDoneCallback((done) => done.exception());
      await settle();
      console.log("looked at the clock", clock > 1_000);
    `),
    ["looked at the clock true"],
  );
});

Deno.test("Unhandled: what one who waits passes on is reported once, where it ends", async () => {
  assertEquals(
    await reported(`
      const inner = createTask(fail("inner"));
      const middle = createTask(async () => await inner);
      createTask(async () => await middle);
    `),
    ["inner"],
  );
});

Deno.test("Unhandled: a group's children never are, nor those who fail behind a gather", async () => {
  assertEquals(
    await reported(`
      const error = await TaskGroup.run((group) => {
        for (const name of "abc") group.createTask(() => { throw new Error(name); });
        group.createTask(async () => {
          try { await new Future(); } finally { throw new Error("clean-up"); }
        });
      }).catch((error) => error);
      if (error.errors.length !== 4) console.log("errors", error.errors.length);
      await createTask(async () => {
        await using group = new TaskGroup();
        for (const name of "abc") group.createTask(fail(name));
        await new Future();
      }).catch(() => {});
      const late = async () => { await settle(); throw new Error("late"); };
      await gather(fail("first"), fail("second"), late).catch(() => {});
      await settle();
    `),
    [],
  );
});

Deno.test("Unhandled: what a shield protected when its waiter was cancelled is not reported", async () => {
  assertEquals(
    await reported(`
      const waiter = createTask(() => shield(async () => {
        await settle();
        throw new Error("protected");
      }));
      await sleep(0);
      waiter.cancel();
      await settle();
      await settle();
    `),
    [],
  );
});

Deno.test("Unhandled: a failure in the clean-up of a cancelled task is one", async () => {
  assertEquals(
    await reported(`
      const task = createTask(async () => {
        try { await new Future(); } finally { throw new Error("clean-up"); }
      });
      await sleep(0);
      task.cancel();
    `),
    ["clean-up"],
  );
});
