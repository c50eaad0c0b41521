import { assertEquals } from "@std/assert";
import { laterGlobal } from "../../lib/base/builtins.ts";
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
