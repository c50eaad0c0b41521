import { assertEquals } from "@std/assert";
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
    console.log(asked.filter((name) => !/^(set|clear)(Timeout|Immediate)$/.test(name)).join());
  `);
  assertEquals([code, out, err], [0, "1,2\n\n", ""]);
});
