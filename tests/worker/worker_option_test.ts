import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { remote, WorkerCrashedError, WorkerPool, type WorkerPoolOptions } from "@strand/strand";
import { add, whoAmI } from "./fixtures/app_tasks.ts";

/** As a bundled program does it: the worker's file has its tasks with it. */
function worker(name: string): Worker {
  return new Worker(new URL("./fixtures/app_worker.ts", import.meta.url), { type: "module", name });
}

Deno.test("A worker of the program's making runs what is registered under a name", async () => {
  await using pool = new WorkerPool({ worker, maxWorkers: 1, name: "bundled" });
  assertEquals(await pool.submit(add, 1, 2), 3);
  assertEquals(await pool.submit(whoAmI), "bundled-1");
  assertEquals(await pool.map((n: number) => n * n, [2, 3]), [4, 9]);
});

Deno.test("What no module of the worker's registers is an error that says what is missing", async () => {
  const { lost } = remote({ url: "app:lost" }, { lost: () => 1 });
  await using pool = new WorkerPool({ worker, maxWorkers: 1 });
  const error = await assertRejects(() => pool.submit(lost), Error, "app:lost");
  assertEquals(error.message.includes("import the module"), true, error.message);
});

Deno.test("A worker of the program's making that ends itself is replaced", async () => {
  await using pool = new WorkerPool({ worker, maxWorkers: 1 });
  await assertRejects(() => pool.submit(() => self.close()), WorkerCrashedError);
  assertEquals(await pool.submit(add, 2, 2), 4);
});

Deno.test("The option worker is a function, and goes with the web host alone", () => {
  const wrong: [unknown, string][] = [
    [{ worker: "./worker.js" }, "worker must be a function"],
    [{ worker, host: "node" }, 'worker needs host "web"'],
    [{ worker, permissions: "none" }, "permissions need workers that the library makes"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => new WorkerPool(options as WorkerPoolOptions), TypeError, message);
  }
});
