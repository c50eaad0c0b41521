import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { linesOf, runExample } from "../support/run_example.ts";

Deno.test("11: a counter needs the lock", async () => {
  assertEquals(await linesOf("11_locked_counter.ts"), [
    "1000 tasks add 1 each",
    "without a lock: 1",
    "with a lock:    1000",
  ]);
});

Deno.test("12: gather keeps the order of the question", async () => {
  const lines = await linesOf("12_gather.ts");
  // Who ends first is up to the clock.
  for (const [at, verb] of [[0, "starts"], [5, "ends"]] as const) {
    const workers = [0, 1, 2, 3, 4].map((id) => `worker ${id} ${verb}`);
    assertEquals(lines.slice(at, at + 5).sort(), workers);
  }
  assertEquals(lines.slice(10), [
    "result 0, result 1, result 2, result 3, result 4",
    "worker 4 starts",
    "worker 4 ends",
    "result 4, Error: worker 7 is ill",
  ]);
});

Deno.test("13: a group gives results, or stops when one fails", async () => {
  const lines = await linesOf("13_task_group.ts");
  // Who ends first is up to the clock.
  const waited = [10, 20, 30].map((ms) => `waited for ${ms} ms`);
  assertEquals(lines.slice(0, 3).sort(), waited);
  assertEquals(lines.slice(3), [
    "results: 30, 20, 10",
    "waited for 10 ms",
    "stopped waiting for 60000 ms",
    "failed: RangeError: too impatient",
  ]);
});

Deno.test("14: the queue is drained, then the consumers leave", async () => {
  assertEquals(await linesOf("14_async_queue.ts"), [
    "produced 12 items, never more than 4 ahead",
    "every item is done",
    "Ada leaves",
    "Ben leaves",
    "Cleo leaves",
    "3 consumers summed up to 78",
  ]);
});

const permissions = ["--allow-net=127.0.0.1"];

/** Reads how many requests the server had at once. */
function mostOf(line = ""): number {
  return Number(/^The server had at most (\d+) requests at once$/.exec(line)?.[1]);
}

Deno.test("15: the crawler sends fifty requests, at most ten at once", async () => {
  const [sum, most] = await linesOf("15_crawler.ts", { permissions });
  assertEquals(sum, "50 answers, 6225 words");
  assert(mostOf(most) >= 1 && mostOf(most) <= 10, most);
});

Deno.test("15: the crawler takes options", async () => {
  const [sum, most] = await linesOf("15_crawler.ts", {
    permissions,
    args: ["--requests=7", "--at-once=1"],
  });
  assertEquals(sum, "7 answers, 721 words");
  assertEquals(mostOf(most), 1);
  const help = await linesOf("15_crawler.ts", { args: ["--help"] });
  assertMatch(help.join("\n"), /--at-once <number>/);
  const { code, err } = await runExample("15_crawler.ts", { args: ["--at-once=0"] });
  assertEquals(code, 2);
  assertStringIncludes(err, "--at-once must be a whole number from 1 to 1000");
});
