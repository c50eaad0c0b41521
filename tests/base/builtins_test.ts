import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { builtin, builtinSoon } from "../../lib/base/builtins.ts";
import { laterGlobal } from "../../lib/base/builtins.ts";
import { runToEnd } from "../support/running_process.ts";
import { runProgram } from "../support/running_program.ts";

// Deno loads what is behind many of its globals when they are first read: for `process` that takes
// half as long as to start. What nobody uses must not be asked for.
const WATCHED = `
  const asked = [];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const { get, configurable } = Object.getOwnPropertyDescriptor(globalThis, name);
    if (get === undefined || !configurable) continue;
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        asked.push(name);
        return get.call(globalThis);
      },
    });
  }
  const strand = await import("$MOD");
`;

Deno.test("Builtins: importing the library asks the runtime for nothing that it has to load", async () => {
  const { code, out, err } = await runProgram(`${WATCHED} console.log(asked.join());`);
  assertEquals([code, out, err], [0, "\n", ""]);
});

Deno.test("Builtins: tasks, groups, queues and sleeping need timers at most", async () => {
  const { code, out, err } = await runProgram(`${WATCHED}
    const { gather, Queue, run, sleep, TaskGroup } = strand;
    const queue = new Queue();
    await run(async () => {
      await TaskGroup.run((group) => {
        group.createTask(() => queue.put(1));
        group.createTask(() => sleep(1));
      });
      console.log((await gather(queue.get(), () => sleep(0, 2))).join());
    });
    console.log(asked.filter((name) => !/^(set|clear)(Timeout|Immediate|Interval)$/.test(name)).join());
  `);
  assertEquals([code, out, err], [0, "1,2\n\n", ""]);
});

/** Where globals may be, and how: in browsers, a worker inherits its timers. */
const homes: Record<string, object> = {
  "the global scope itself": globalThis,
  "what it inherits from": Object.getPrototypeOf(globalThis),
};
const forms: Record<string, PropertyDescriptor> = {
  "a value": { value: "there", configurable: true, writable: true },
  "loaded when it is read": { get: () => "there", configurable: true },
};

for (const [home, object] of Object.entries(homes)) {
  for (const [form, descriptor] of Object.entries(forms)) {
    Deno.test(`Builtins: a global is read later, in ${home}, ${form}`, () => {
      Object.defineProperty(object, "strandsOwnTest", descriptor);
      const later = laterGlobal("strandsOwnTest");
      Object.defineProperty(globalThis, "strandsOwnTest", { value: "fake", configurable: true });
      assertEquals(later.read(), "there");
      Reflect.deleteProperty(globalThis, "strandsOwnTest");
      Reflect.deleteProperty(object, "strandsOwnTest");
    });
  }
}

Deno.test("Builtins: what is loaded ahead is what is found at once", async () => {
  await builtinSoon("node:path");
  assertStrictEquals(builtinSoon("node:path"), undefined);
  assert(builtin<{ join(...parts: string[]): string }>("node:path")!.join("a", "b").endsWith("b"));

  const both = [builtinSoon("node:url"), builtinSoon("node:url")];
  assertStrictEquals(both[0], both[1]);
  const atOnce = builtin("node:url");
  assertStrictEquals(builtinSoon("node:url"), undefined);
  await both[0];
  assertStrictEquals(builtin("node:url"), atOnce);
});

Deno.test("Builtins: a module that is not there stays so", async () => {
  await builtinSoon("node:nothing_of_the_kind");
  assertStrictEquals(builtin("node:nothing_of_the_kind"), undefined);
});

Deno.test({
  name: "Builtins: the first result of a pool needs no process",
  ignore: !("unref" in MessagePort.prototype), // Deno 2.5 has no such ports
  async fn() {
    const { code, out, err } = await runProgram(`${WATCHED}
      await using pool = new strand.WorkerPool(2);
      console.log((await Promise.all([pool.submit(() => 1), pool.submit(() => 2)])).join());
      console.log(asked.includes("process"));
    `);
    assertEquals([code, out, err], [0, "1,2\nfalse\n", ""]);
  },
});

Deno.test("Builtins: a worker that ends before Deno has loaded what tells of it is heard of", async () => {
  const { code, out, err } = await runProgram(`
    import { BrokenWorkerPoolError, WorkerPool } from "$MOD";
    const ends = async (how) => {
      await using pool = new WorkerPool(1);
      return await pool.submit(how).catch((error) => error.name);
    };
    console.log(JSON.stringify(await Promise.all([
      ends(() => self.close()),
      ends(() => 1),
      (async () => {
        const pool = new WorkerPool(2);
        const call = pool.submit(() => 1).catch((error) => error.name);
        await pool.terminate();
        return await call;
      })(),
    ])));
  `);
  assertEquals([code, out, err], [0, '["WorkerCrashedError",1,"CancelledError"]\n', ""]);
});

Deno.test("Builtins: no task runs within the call that has the runtime load what it needs", async () => {
  // As a test, as Deno runs microtasks in the midst of what it has called itself.
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/first_test.ts`,
      `
      import { createTask, sleep, wait } from "${new URL("../../mod.ts", import.meta.url)}";
      const log = [];
      const note = (text) => () => log.push(text);
      Deno.test("sleep", async () => {
        const task = createTask(note("a task"));
        const nap = sleep(1);
        log.push("the call");
        await Promise.all([nap, task]);
        console.log(log.join());
      });
      `,
    );
    await Deno.writeTextFile(
      `${folder}/second_test.ts`,
      `
      import { createTask, wait } from "${new URL("../../mod.ts", import.meta.url)}";
      Deno.test("wait", async () => {
        const task = createTask(() => { throw new Error("at once"); });
        await wait([task, new Promise(() => {})], { timeout: 60_000, returnWhen: "FIRST_EXCEPTION" });
        console.log(task.done());
      });
      `,
    );
    for (const [file, said] of [["first", "the call,a task"], ["second", "true"]]) {
      const { code, out } = await runToEnd(
        ["test", "-A", "--no-check", "--no-config", `${folder}/${file}_test.ts`],
      );
      assertEquals([code, out.includes(said!)], [0, true], out);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
