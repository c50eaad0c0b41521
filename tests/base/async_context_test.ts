import { assertEquals } from "@std/assert";
import { runToEnd } from "../support/running_process.ts";

const PROGRAM = new URL("fixtures/contexts.ts", import.meta.url).href;

async function see(left: "all" | "storage" | "none"): Promise<unknown> {
  const { out, err } = await runToEnd(["run", "-A", "--no-check", PROGRAM, left]);
  assertEquals(err, "");
  return JSON.parse(out);
}

const KNOWN = {
  callback: [null, "a"],
  task: ["task", "a", "task", "a"],
  group: ["child", "a", "child", "a"],
  gather: "a",
  submit: ["pool-1", "a", "pool-1", "a"],
  map: [["pool-2", "b", "pool-2", "b"], ["pool-3", "b", "pool-3", "b"]],
  inner: [
    ...["outer", "c", "outer", "c"],
    ...["outer", "d", "outer", "d"],
    ...["subtask", "e", "subtask", "e"],
    null,
  ],
  outside: [null, null],
};

Deno.test("Tasks, calls of a pool and callbacks inherit what users keep in a store", async () => {
  assertEquals(await see("all"), KNOWN);
});

Deno.test("They do so, too, where a store is the only way to keep a context", async () => {
  assertEquals(await see("storage"), KNOWN);
});

Deno.test("Where there is no way to keep a context, a task is known until its first await", async () => {
  const { task, group, outside } = await see("none") as Record<string, unknown>;
  assertEquals({ task, group, outside }, {
    task: ["task", null, null, null],
    group: ["child", null, null, null],
    outside: [null, null],
  });
});
