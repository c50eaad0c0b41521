import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createTask, Lock, run, sleep, type Task, taskTree, timeout } from "../../mod.ts";
import { Random } from "../support/random.ts";
import { runProgram } from "../support/running_program.ts";
import { settle } from "../support/settled.ts";

const BURN = `
  import { createTask, ensureFuture, Lock, run, sleep, timeout } from "$MOD";
  const burn = (ms) => {
    const since = performance.now();
    while (performance.now() - since < ms);
  };
  const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/** What debug mode says of a program, one entry for each report. */
async function reports(body: string): Promise<string[]> {
  const { code, err } = await runProgram(
    `${BURN} await run(async () => {${body}}, { debug: true });`,
  );
  assertEquals(code, 0, err);
  return err.split(/^Strand: /m).slice(1);
}

Deno.test("run, debug: reports a step that held the event loop, once for each place", async () => {
  const said = await reports(`
    for (let i = 0; i < 3; i++) {
      await createTask(async () => {
        await sleep(1);
        burn(130);
        await later(1);
      }, { name: \`burner \${i}\` });
    }
    await createTask(async () => {
      burn(10);
      await sleep(300);
    }, { name: "short" });
  `);
  assertEquals(said.length, 1, said.join());
  assertMatch(said[0]!, /^task "burner 0" held the event loop for \d+ ms in one step/);
  assertMatch(said[0]!, /\n {2}created at .*:\d+:\d+/);
});

Deno.test("run, debug: names the task whose step began after a promise of somebody else", async () => {
  const said = await reports(`
    await createTask(async () => {
      await later(60);
      burn(260);
      await sleep(0);
    }, { name: "from outside" });
  `);
  assertEquals(said.length, 1, said.join());
  assertMatch(said[0]!, /^task "from outside" held the event loop/);
});

Deno.test("run, debug: reports a limit and a cancellation that a foreign promise does not hear", async () => {
  const said = await reports(`
    const deaf = createTask(() => later(1_600), { name: "deaf" });
    const hears = createTask(() => ensureFuture(later(1_600)), { name: "hears" });
    await sleep(1);
    deaf.cancel();
    hears.cancel();
    await timeout(5, () => later(1_600)).catch(() => {});
    await deaf.catch(() => {});
  `);
  // On a busy machine a step may be slow besides, and the two come in either order.
  const deaf = said.filter((one) => one.includes("was asked to stop"));
  assertEquals(deaf.map((one) => /^task "(.*?)"/.exec(one)?.[1]).toSorted(), ["deaf", "main"]);
  for (const one of deaf) {
    assertMatch(
      one,
      /ago, by a limit or a cancellation, and is in a promise that is not the library's/,
    );
    assertMatch(one, /\n {2}created at /);
  }
});

Deno.test("run, debug: reports tasks that wait for each other, at once", async () => {
  const said = await reports(`
    const a = new Lock();
    const b = new Lock();
    const both = (one, other) => async () => {
      using _one = await one.acquire();
      await sleep(1);
      using _other = await other.acquire();
    };
    const first = createTask(both(a, b), { name: "first" });
    const second = createTask(both(b, a), { name: "second" });
    for (let i = 0; i < 20; i++) await sleep(1);
    console.error("cancelled");
    first.cancel();
    await Promise.allSettled([first, second]);
  `);
  assertEquals(said.length, 1, said.join());
  const [circle, rest] = said[0]!.split("cancelled");
  assert(rest !== undefined, "It was reported late");
  assertMatch(
    circle!,
    /^tasks wait for each other in a circle:\n( {2}task ".*" waiting .* for Lock held by ".*", created at .*:\d+:\d+\)?\n){2}$/,
  );
});

Deno.test("run: without debug mode, nothing of that is said", async () => {
  const { code, err } = await runProgram(`${BURN} await run(async () => {
    const lock = new Lock();
    const twice = createTask(async () => {
      burn(150);
      await lock.acquire();
      await lock.acquire();
    });
    await sleep(0);
    await sleep(1);
    createTask(() => sleep(1_000));
  });`);
  assertEquals([code, err], [0, ""]);
});

Deno.test("run: STRAND_DEBUG=1 is debug mode, unless the program says no", async () => {
  const program = (options: string) => `
    import { createTask, run, sleep } from "$MOD";
    await run(async () => { createTask(() => sleep(1_000), { name: "left" }); }, ${options});
  `;
  const env = { STRAND_DEBUG: "1" };
  const [on, off] = await Promise.all([
    runProgram(program("{}"), { env }),
    runProgram(program("{ debug: false }"), { env }),
  ]);
  assertStringIncludes(on.err, 'task "left"');
  assertStringIncludes(on.err, "created at ");
  assertEquals(off.err, "");
});

Deno.test("run, debug: random tasks and locks are stuck if and only if a circle was reported", async () => {
  const { error } = console;
  const count = { stuck: 0, free: 0 };
  try {
    for (let seed = 1; seed <= 200; seed++) {
      const said: string[] = [];
      console.error = (text: string) => void said.push(text);
      const random = new Random(seed);
      const stuck = await run(async () => {
        const locks = Array.from({ length: 4 }, () => new Lock());
        const tasks: Task<unknown>[] = [];
        for (let i = 0; i < 5; i++) {
          const plan = Array.from({ length: 3 }, () => random.int(0, 7));
          const task = createTask(async () => {
            const held: Disposable[] = [];
            try {
              for (const what of plan) {
                if (what < 4) held.push(await locks[what]!.acquire());
                else if (what < 6) await tasks[what - 4];
                else await sleep(0);
              }
            } finally {
              for (const one of held) one[Symbol.dispose]();
            }
          });
          task.addDoneCallback((one) => one.cancelled() || one.exception());
          tasks.push(task);
        }
        await settle();
        // Each of the five sleeps up to three times, perhaps one after the other.
        for (let turn = 0; turn < 20; turn++) await sleep(0);
        const left = tasks.filter((task) => !task.done());
        for (const task of left) task.cancel();
        await Promise.allSettled(tasks);
        return left.length > 0;
      }, { debug: true, handleSignals: false });
      const circle = said.some((text) => text.includes("in a circle"));
      assertEquals(circle, stuck, `seed ${seed}: ${said.join("\n")}`);
      count[stuck ? "stuck" : "free"]++;
    }
  } finally {
    console.error = error;
  }
  assert(count.stuck > 20 && count.free > 20, JSON.stringify(count));
  assertEquals(taskTree(), []);
});

Deno.test("timeout: a late TimeoutError says where the body sat, and how to pass it the signal", async () => {
  const late = await run(() => {
    return timeout(1, () => new Promise((resolve) => setTimeout(resolve, 60))).catch(String);
  }, { handleSignals: false }) as string;
  assertStringIncludes(late, "while the body was in a promise that is not the library's");
  assertStringIncludes(late, "pass it the signal, as in timeout(200, ({ signal }) => fetch(url");
});
