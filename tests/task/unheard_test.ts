import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createTask, Queue, QueueShutDown } from "../../mod.ts";
import { runProgram } from "../support/running_program.ts";

/** What runs beside the flow of a task, and what the program must print all the same. */
const BESIDE: Record<string, string> = {
  "a call that starts early": "const early = (async () => await sleep(2 ** 40))();",
  "a loop that nobody awaits": "(async () => { for (;;) await sleep(2 ** 40); })();",
  "a handler of a timer":
    "setTimeout(async () => { await new Queue().get(); }, 0); await foreign(5);",
  "several": "for (const ms of [40, 41]) (async () => { await sleep(2 ** ms); })();",
  "a call of a call": "(async () => { await (async () => { await lock.acquire(); })(); })();",
  "a wait that is only begun": "sleep(2 ** 40);",
  "what lost a race": "await Promise.race([sleep(2 ** 40), Promise.resolve()]);",
  "what lost one race after another":
    "const stop = new Queue().get(); for (let i = 0; i < 3; i++) await Promise.race([stop, Promise.resolve()]);",
  "a limit that lost a race":
    "await Promise.race([waitFor(new Queue().get(), 2 ** 40), Promise.resolve()]);",
  "several waits that a Promise.all has": "Promise.all([new Queue().get(), lock.acquire()]);",
  "several that lost one race":
    "await Promise.race([new Queue().get(), lock.acquire(), sleep(2 ** 40), Promise.resolve()]);",
};

const PRELUDE = `
  import { createTask, Lock, Queue, run, sleep, timeout, waitFor } from "$MOD";
  const lock = new Lock();
  await lock.acquire();
  const foreign = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

for (const [what, beside] of Object.entries(BESIDE)) {
  Deno.test(`Unheard: a cancellation with ${what} ends no program`, async () => {
    const { code, out, err } = await runProgram(`${PRELUDE}
      const task = createTask(async () => {
        ${beside}
        try {
          await sleep(2 ** 40);
        } finally {
          await sleep(0);
          console.log("cleaned up");
        }
      });
      await foreign(10);
      task.cancel();
      await Promise.allSettled([task]);
      await sleep(1);
      console.log("goes on", task.cancelled());
    `);
    assertEquals([code, out, err], [0, "cleaned up\ngoes on true\n", ""]);
  });

  Deno.test(`Unheard: a cancellation is not spent on ${what}`, async () => {
    const { code, out, err } = await runProgram(`${PRELUDE}
      const task = createTask(async () => {
        ${beside}
        await foreign(30);
        try {
          await sleep(2 ** 40);
        } finally {
          await sleep(0); // once: the clean-up is left alone
          console.log("cleaned up");
        }
      });
      await foreign(10);
      task.cancel();
      await Promise.allSettled([task]);
      console.log(task.cancelled());
    `);
    assertEquals([code, out, err], [0, "cleaned up\ntrue\n", ""]);
  });
}

/** How a flow can be in a race, or have been in one, when a cancellation comes: it hears of it once. */
const RACING: Record<string, string> = {
  "a race": "await Promise.race([sleep(2 ** 40), never]);",
  "a race of waits": "await Promise.race([sleep(2 ** 40), new Queue().get()]);",
  "a race with handlers besides":
    "const race = Promise.race([sleep(2 ** 40), never]); race.catch(() => {}); await race;",
  "a race behind callbacks":
    "await new Promise((resolve, reject) => { Promise.race([sleep(2 ** 40), never]).then((v) => resolve(v), (e) => reject(e)); });",
  "a race behind finally": "await Promise.race([sleep(2 ** 40), never]).finally(() => {});",
  "a race of an async function": "await (async () => Promise.race([sleep(2 ** 40), never]))();",
  "a wait that lost a race before":
    "const get = new Queue().get(); await Promise.race([get, Promise.resolve()]); await get;",
  "a wait with handlers that lost a race before":
    "const get = new Queue().get(); get.catch(() => {}); await Promise.race([get, Promise.resolve()]); await get;",
  "a second race of a wait":
    "const get = new Queue().get(); await Promise.race([get, Promise.resolve()]); await Promise.race([get, never]);",
};

for (const [what, program] of Object.entries(RACING)) {
  Deno.test(`Unheard: ${what} hears of a cancellation, and hears of it once`, async () => {
    const { code, out, err } = await runProgram(`${PRELUDE}
      const never = new Promise(() => {});
      const task = createTask(async () => {
        try {
          ${program}
        } finally {
          await foreign(1);
          await sleep(0);
          console.log("cleaned up");
        }
      });
      await foreign(5);
      task.cancel();
      await Promise.allSettled([task]);
      console.log(task.cancelled());
      Deno.exit(0);
    `);
    assertEquals([code, out, err], [0, "cleaned up\ntrue\n", ""]);
  });
}

Deno.test("Unheard: a limit ends a loop of races that are lost", async () => {
  const { code, out, err } = await runProgram(`${PRELUDE}
    const stop = new Queue();
    await timeout(20, async () => {
      for (;;) {
        await Promise.race([stop.get(), Promise.resolve()]);
        await foreign(5);
      }
    }).catch((error) => console.log(error.name));
  `);
  assertEquals([code, out, err], [0, "TimeoutError\n", ""]);
});

Deno.test("A race has the value, the failure and the order that its waits have", async () => {
  const queue = new Queue<number | Promise<string>>();
  const log: unknown[] = [];
  const note = (value: unknown) => log.push(value);
  const get = queue.get();
  const races = [Promise.race([get, new Promise(() => {})]), Promise.race([get])];
  for (const race of races) race.then(note);
  get.then(note);
  queue.putNowait(1);
  await Promise.all(races);
  await get;
  assertEquals(log, [1, 1, 1]);

  const late = queue.get();
  const race = Promise.race([late]);
  queue.putNowait(Promise.resolve("a promise"));
  assertEquals(await race, "a promise");
  assertEquals(await Promise.race([late]), "a promise");

  queue.shutdown();
  const failed = createTask(() => Promise.race([queue.get(), new Promise(() => {})]));
  await assertRejects(async () => await failed, QueueShutDown);
  const never = queue.get();
  never.catch(() => {});
  await assertRejects(() => Promise.race([never]), QueueShutDown);
});

Deno.test("What follows a wait besides await gives what it gives for any promise", async () => {
  const log: string[] = [];
  const slow = () => Promise.resolve().then(() => Promise.resolve()).then(() => void log.push("1"));
  await createTask(async () => {
    const queue = new Queue<number>();
    const get = queue.get();
    const after = get.finally(slow).then((value) => log.push(`finally ${value}`));
    queue.putNowait(7);
    await after;
    assertEquals(log, ["1", "finally 7"]);

    const gets = [queue.get(), queue.get()];
    const all = Promise.all(gets);
    const any = Promise.any(gets);
    const settled = Promise.allSettled(gets);
    queue.putNowait(1);
    queue.putNowait(2);
    assertEquals([await all, await any], [[1, 2], 1]);
    assertEquals((await settled).map(({ status }) => status), ["fulfilled", "fulfilled"]);
    assertEquals(await new Promise((resolve) => resolve(gets[1])), 2);
  });

  for (
    const [name, combine] of Object.entries({ all: Promise.all, allSettled: Promise.allSettled })
  ) {
    const outcome: unknown[] = [];
    const task = createTask(async () => {
      try {
        outcome.push(await combine.call(Promise, [new Queue().get(), new Queue().get()]));
      } catch (error) {
        outcome.push((error as Error).name);
      }
      await Promise.resolve();
    });
    await createTask(() => {});
    task.cancel();
    await Promise.allSettled([task]);
    if (name === "all") assertEquals(outcome, ["CancelledError"]);
    else {
      const [results] = outcome as [{ status: string }[]];
      assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
    }
  }
});

Deno.test("Unheard: delivered once, also where the flow awaits what it began long ago", async () => {
  const { code, out, err } = await runProgram(`${PRELUDE}
    const there = Promise.withResolvers();
    const task = createTask(async () => {
      const early = (async () => await sleep(2 ** 40))();
      await foreign(2);
      there.resolve();
      try {
        await early;
      } catch {
        await foreign(2); // cleans up in a promise of somebody else
        await sleep(0);
        console.log("cleaned up");
      }
    });
    await there.promise;
    await foreign(1);
    task.cancel();
    await Promise.allSettled([task]);
    console.log(task.cancelled());
  `);
  assertEquals([code, out, err], [0, "cleaned up\nfalse\n", ""]);
});

/** What a flow may come back to, long after the cancellation reached it and nobody listened. */
const EARLY: Record<string, string> = {
  "a wait": "new Queue().get()",
  "an async function": "(async () => await new Queue().get())()",
  "a chain": "new Queue().get().then((item) => item)",
  "what lost a race": "lost",
};

for (const [what, early] of Object.entries(EARLY)) {
  Deno.test(`Unheard: a flow that comes to hear of a cancellation by ${what} hears of it once`, async () => {
    const { code, out, err } = await runProgram(`${PRELUDE}
      const task = createTask(async () => {
        const lost = new Queue().get();
        await Promise.race([lost, Promise.resolve()]);
        const early = ${early};
        await foreign(20);
        try {
          await early;
        } catch {
          console.log("heard");
          await sleep(0);
          await foreign(1);
          await sleep(0);
          console.log("cleaned up");
        }
      });
      const quiet = createTask(async () => {
        const early = new Queue().get();
        await foreign(20);
        await early.catch(() => {}); // and goes on
      });
      await foreign(5);
      task.cancel();
      quiet.cancel();
      await Promise.allSettled([task, quiet]);
      console.log(task.cancelled(), quiet.cancelled());
    `);
    assertEquals([code, out, err], [0, "heard\ncleaned up\nfalse false\n", ""]);
  });
}

const OUTCOMES: Record<string, string> = {
  "await run":
    "await run(() => { queueMicrotask(() => currentTask().cancel()); return sleep(9e9); });",
  "await task":
    "const task = createTask(() => sleep(9e9)); setTimeout(() => task.cancel()); await task;",
  "run that floats":
    "const main = createTask(() => sleep(9e9)); setTimeout(() => main.cancel()); run(() => main);",
  "a function outside any task":
    "const task = createTask(() => sleep(9e9)); setTimeout(() => task.cancel()); (async () => { await task; })();",
};

for (const [what, source] of Object.entries(OUTCOMES)) {
  Deno.test(`Unheard: ${what} is an outcome, and is reported`, async () => {
    const { code, err } = await runProgram(`
      import { createTask, run, sleep } from "$MOD";
      let current;
      const currentTask = () => current;
      ${source.replace("run(() => { queueMicrotask", "run(() => { current = t(); queueMicrotask")}
      import { currentTask as t } from "$MOD";
    `);
    assertEquals(code, 1);
    assertStringIncludes(err, "CancelledError: The task was cancelled");
  });
}

Deno.test("Unheard: other rejections are reported as ever, to listeners of the program, too", async () => {
  const { code, out } = await runProgram(`
    import { CancelledError, createTask, sleep } from "$MOD";
    addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      console.log(String(event.reason));
    });
    createTask(async () => {
      (async () => await sleep(9e9))();
      await sleep(9e9);
    }).cancel();
    Promise.reject(new Error("a failure"));
    Promise.reject(new CancelledError("of the program's own"));
    await sleep(1);
  `);
  assertEquals([code, out], [0, "Error: a failure\nCancelledError: of the program's own\n"]);
});
