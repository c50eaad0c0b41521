import { assert, assertEquals, assertMatch } from "@std/assert";
import { linesOf } from "../support/run_example.ts";
import type { TraceEvent } from "../support/trace_event.ts";

Deno.test("22_trace: each thread has its track, and flows connect submit, start and result", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/trace.json`;
    const lines = await linesOf("22_trace.ts", {
      args: ["--number=1000003", "--times=5", file],
      permissions: ["--allow-read", `--allow-write=${folder}`],
    });
    assertEquals(lines.length, 1);
    const events: TraceEvent[] = JSON.parse(await Deno.readTextFile(file));
    const threads = new Map(
      events.filter(({ ph, name }) => ph === "M" && name === "thread_name")
        .map(({ tid, args }) => [args!.name, tid]),
    );
    assertEquals([...threads.keys()].toSorted(), [
      "event loop",
      "primes: primes-1",
      "primes: primes-2",
    ]);
    const main = threads.get("event loop")!;
    const workers = [...threads.values()].filter((tid) => tid !== main);
    const ids = new Set(events.filter(({ ph }) => ph === "s").map(({ id }) => id));
    assertEquals(ids.size, 5);
    for (const id of ids) {
      const flow = events.filter((one) => "stf".includes(one.ph) && one.id === id);
      // One that was next in a worker may be taken back, and is then next in the other.
      assertMatch(flow.map(({ ph }) => ph).join(""), /^st{1,2}f$/);
      assertEquals([flow[0]!.tid, flow.at(-1)!.tid], [main, main]);
      for (const { tid } of flow.slice(1, -1)) assert(workers.includes(tid));
    }
    // On the track of a thread one thing is within another or after it.
    for (const tid of threads.values()) {
      const stack: string[] = [];
      for (const { ph, name } of events.filter((one) => one.tid === tid && /[BE]/.test(one.ph))) {
        if (ph === "B") stack.push(name);
        else assertEquals(stack.pop(), name);
      }
      assertEquals(stack, []);
    }
    const calls = events.filter(({ tid, ph, name }) => {
      return workers.includes(tid) && ph === "B" && name === "isPrime";
    });
    assert(calls.length >= 5, `${calls.length} calls`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
