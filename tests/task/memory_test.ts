/** What ends leaves nothing behind: the heap is as large after so many rounds as before. */
import { assert, assertEquals } from "@std/assert";
import { runToEnd } from "../support/running_process.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

/** The kinds of scope; of all together a million are opened and have ended. */
const SCOPES: Record<string, string> = {
  "waitFor": "waitFor((signal) => Promise.resolve(signal), 1e6)",
  "timeout": "timeout(1e6, ({ signal }) => Promise.resolve(signal))",
  "moveOnAfter": "moveOnAfter(1e6, () => Promise.resolve(currentSignal()))",
  "TaskGroup.run": "TaskGroup.run((group) => Promise.resolve(group.signal))",
};

/** Waits that are over, on a promise, a future or a task that lives long. */
const WAITS: Record<string, string> = {
  "asCompleted, left": "(async () => { for await (const _ of asCompleted([LONG, now])) break; })()",
  "asCompleted, timed out":
    "(async () => { for await (const _ of asCompleted([LONG], { timeout: 0 })); })().catch(none)",
  "wait": 'wait([LONG, now], { returnWhen: "FIRST_COMPLETED" })',
  "waitFor": "waitFor(shield(LONG), 0).catch(none)",
  "gather, cancelled": "ended(gather([shield(LONG), never.get()]))",
  "ensureFuture, cancelled": "ended(shield(LONG))",
  "a task that awaits it, cancelled": "ended(createTask(() => shield(LONG)))",
};

const LONG: Record<string, string> = {
  "a promise": "promise",
  "a future": "future",
  "a task": "task",
};

/**
 * Runs each of these so many times, again and again: by how much the heap grew where it grew least.
 * What is left behind is left each time; V8's own code and tables grow now and then.
 */
async function growth(rounds: number, bodies: Record<string, string>) {
  const program = `
    import * as strand from "${MOD}";
    const { asCompleted, createTask, currentSignal, ensureFuture, Future, gather, moveOnAfter } = strand;
    const { Queue, shield, sleep, TaskGroup, timeout, wait, waitFor } = strand;
    const none = () => {};
    const promise = new Promise(none), future = new Future(), never = new Queue();
    const task = createTask(() => never.get());
    const now = Promise.resolve(1), living = new AbortController().signal;
    const ended = async (promise) => {
      const held = ensureFuture(promise);
      await sleep(0);
      held.cancel();
      await Promise.allSettled([held]);
    };
    const heap = async () => {
      for (let i = 0; i < 5; i++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        globalThis.gc();
      }
      return Deno.memoryUsage().heapUsed;
    };
    const bodies = { ${
    Object.entries(bodies).map(([name, body]) => `${JSON.stringify(name)}: () => ${body}`).join()
  } };
    const grown = {};
    await createTask(async () => {
      for (const [name, body] of Object.entries(bodies)) {
        const rounds = async () => {
          for (let i = 0; i < ${rounds}; i++) await body();
          return await heap();
        };
        let before = await rounds();
        grown[name] = Infinity;
        for (let times = 0; times < 4; times++) {
          const after = await rounds();
          grown[name] = Math.min(grown[name], (after - before) / ${rounds});
          before = after;
        }
      }
    });
    console.log(JSON.stringify(grown));
    Deno.exit(0);
  `;
  const args = ["eval", "--v8-flags=--expose-gc", program];
  const { code, out, err } = await runToEnd(args);
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out) as Record<string, number>;
}

/** What a signal of two sources leaves by itself, where one of them lives on: 40 bytes on Deno 2.5. */
const SIGNAL = "AbortSignal.any([new AbortController().signal, living])";

function assertFlat(grown: Record<string, number>, kinds: number, floor = 0): void {
  assertEquals(Object.keys(grown).length, kinds);
  for (const [name, bytes] of Object.entries(grown)) {
    // The smallest object that could be left takes more; a group makes two signals.
    assert(bytes < 2 * floor + 24, `${name} leaves ${bytes.toFixed(1)} bytes a round`);
  }
}

Deno.test("Memory: a million scopes whose signals were handed out leave nothing", async () => {
  const { floor, ...grown } = await growth(50_000, {
    floor: `Promise.resolve(${SIGNAL})`,
    ...SCOPES,
  });
  assertFlat(grown, 4, floor);
});

for (const [name, long] of Object.entries(LONG)) {
  Deno.test(`Memory: waits on ${name} that lives long leave nothing when they are over`, async () => {
    const bodies = Object.fromEntries(
      Object.entries(WAITS).map(([name, body]) => [name, body.replaceAll("LONG", long)]),
    );
    assertFlat(await growth(10_000, bodies), Object.keys(WAITS).length);
  });
}
