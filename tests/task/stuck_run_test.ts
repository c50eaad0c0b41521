import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram } from "../support/running_program.ts";

const CIRCLE = `
  import { Lock, Queue, run, sleep, TaskGroup } from "$MOD";
  const locks = { a: new Lock(), b: new Lock() };
  const both = (one, other) => async () => {
    using _one = await locks[one].acquire();
    await sleep(1);
    using _other = await locks[other].acquire();
  };
  const circle = () => TaskGroup.run((group) => {
    group.createTask(both("a", "b"), { name: "first" });
    group.createTask(both("b", "a"), { name: "second" });
  });
`;

const FIRST = /task "first" waiting .* for Lock held by "second"/;
const SECOND = /task "second" waiting .* for Lock held by "first"/;

/** Programs that can never go on, and what is said of them. */
const HANGS: Record<string, { source: string; says: RegExp[] }> = {
  "two locks taken in two orders": {
    source: `void run(circle);`,
    says: [
      /^Strand: tasks wait for each other in a circle:$/m,
      FIRST,
      SECOND,
      /task "main" waiting/,
    ],
  },
  "a lock taken twice by one task": {
    source: `void run(async () => {
      using _ = await locks.a.acquire();
      using __ = await locks.a.acquire();
    });`,
    says: [/circle:\n {2}task "main" waiting .* for Lock held by "main"$/m],
  },
  "tasks that await each other": {
    source: `void run(async () => {
      let two;
      const one = (await import("$MOD")).createTask(async () => {
        await sleep(0);
        await two;
      }, { name: "one" });
      two = (await import("$MOD")).createTask(() => one, { name: "two" });
      await one;
    });`,
    says: [
      /circle/,
      /task "one" waiting .* for Task "two"/,
      /task "two" waiting .* for Task "one"/,
    ],
  },
  "a queue without a producer": {
    source: `void run(async () => {
      const queue = new Queue();
      await TaskGroup.run((group) => {
        group.createTask(() => queue.get(), { name: "consumer" });
      });
    });`,
    says: [
      /^Strand: all tasks wait, and nothing is open that could wake one:$/m,
      /task "consumer" waiting .* for Queue\.get, awaited by "main"/,
    ],
  },
  "a promise of nobody": {
    source: `void run(() => new Promise(() => {}));`,
    says: [/task "main" in a promise that is not the library's/],
  },
};

for (const [name, { source, says }] of Object.entries(HANGS)) {
  Deno.test(`run, stuck for ever in ${name}: says so, and fails the program`, async () => {
    const { code, out, err } = await runProgram(CIRCLE + source);
    assertEquals([code, out], [1, ""]);
    for (const pattern of says) assertMatch(err, pattern);
    assertEquals(
      err.match(/^Strand: (all|tasks)/gm)?.length,
      says[0]!.source.includes("circle") ? 2 : 1,
    );
  });
}

Deno.test("run, stuck in a circle that the main module awaits: ends with an exit code all the same", async () => {
  const { code, err } = await runProgram(`${CIRCLE} await run(circle);`);
  assertEquals(code, 1);
  for (const pattern of [FIRST, SECOND]) assertMatch(err, pattern);
  assertStringIncludes(err, "Top-level await promise never resolved");
});

Deno.test("run, stuck without signal listeners: says so, and the runtime ends it", async () => {
  const unheard = (main: string, options: string) => {
    return runProgram(`${CIRCLE} await run(${main}, { handleSignals: false, ${options} });`);
  };
  const [circle, ...natives] = await Promise.all([
    unheard("circle", ""),
    unheard("() => new Promise(() => {})", ""),
    unheard("() => new Promise(() => {})", "debug: true"),
  ]);
  for (const pattern of [FIRST, SECOND]) assertMatch(circle.err, pattern);
  for (const { code, err } of [circle, ...natives]) {
    assertEquals(code, 1);
    assertStringIncludes(err, "Top-level await promise never resolved");
  }
});

// The runtime does not tell of either, so that such a program must not be told that it hangs, nor end.
Deno.test("run, awaited by the main module: a worker of the program's own may wake it", async () => {
  const { code, out, err } = await runProgram(`
    ${CIRCLE}
    import { Event } from "$MOD";
    const source = "setTimeout(() => { postMessage(1); self.close(); }, 1_600)";
    await run(async () => {
      const done = new Event();
      const worker = new Worker("data:text/javascript," + source, { type: "module" });
      worker.onmessage = () => done.set();
      await done.wait();
      console.log("done");
    });
  `);
  assertEquals([code, out], [0, "done\n"]);
  // Deno before 2.6 does not tell enough to say anything.
  if (err !== "") assertStringIncludes(err, "only a worker of the program's own or standard input");
});

Deno.test("run: says nothing while something can still wake a task", async () => {
  const { code, out, err } = await runProgram(`
    ${CIRCLE}
    import { Event } from "$MOD";
    const stop = new Event();
    setTimeout(() => stop.set(), 1_600);
    await run(() => stop.wait());
    const server = Deno.serve({ port: 0, onListen() {} }, () => new Response());
    const stuck = run(() => stop.wait());
    await stuck;
    await server.shutdown();
    console.log("done");
  `);
  assertEquals([code, out, err], [0, "done\n", ""]);
});
