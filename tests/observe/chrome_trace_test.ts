import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTask, Event, gather, instrument, Lock, sleep } from "../../mod.ts";
import { chromeTrace } from "../../observe.ts";
import type { TraceEvent } from "../support/trace_event.ts";

/** The events of what `body` does, read back from the file. */
async function traced(body: () => unknown): Promise<TraceEvent[]> {
  let text = "";
  {
    using _ = instrument(chromeTrace((piece) => void (text += piece)));
    await body();
  }
  return JSON.parse(text);
}

/** Begins and ends nest and balance on each track: of threads, and of each task. */
function checkNesting(events: TraceEvent[]): void {
  const stacks = new Map<string, string[]>();
  for (const { ph, name, tid, id } of events) {
    if (!"BEbe".includes(ph)) continue;
    const track = ph === "B" || ph === "E" ? `thread ${tid}` : `task ${id}`;
    const stack = stacks.get(track) ?? [];
    stacks.set(track, stack);
    if (ph === "B" || ph === "b") stack.push(name);
    else assertEquals(stack.pop(), name, `${track} ends what is not open`);
  }
  assertEquals([...stacks].filter(([, stack]) => stack.length > 0), []);
  const times = events.map(({ ts }) => ts);
  assertEquals(times, times.toSorted((a, b) => a - b));
}

Deno.test("chromeTrace: tasks, steps and waits nest and balance", async () => {
  const events = await traced(async () => {
    const lock = new Lock();
    const stop = new Event();
    const tasks = Array.from({ length: 5 }, (_, i) =>
      createTask(async () => {
        using _ = await lock.acquire();
        // Waits side by side, which end in another order than they began.
        await Promise.all([sleep(2), sleep(1), gather([sleep(1), sleep(3)])]);
        if (i === 3) await stop.wait();
      }, { name: `worker ${i}` }));
    await sleep(30);
    stop.set();
    await Promise.all(tasks);
  });
  checkNesting(events);
  const kinds = (cat: string) => events.filter((one) => one.cat === cat && one.ph !== "e");
  assertEquals(new Set(kinds("task").map(({ name }) => name)).size >= 5, true);
  assert(kinds("wait").some(({ name }) => name === "Lock"));
  assert(kinds("wait").some(({ name }) => name === "sleep"));
  assert(kinds("step").some(({ name }) => name === "worker 4"));
});

Deno.test("chromeTrace: closes what is open, and the file, when it is disposed of", async () => {
  const stop = new Event();
  const native = Promise.withResolvers<void>();
  let tasks: Promise<unknown>[] = [];
  const events = await traced(async () => {
    tasks = [
      createTask(() => stop.wait(), { name: "waits" }),
      createTask(() => native.promise, { name: "native" }),
    ];
    await sleep(1);
  });
  checkNesting(events);
  assertEquals(events.filter(({ ph, cat }) => ph === "e" && cat === "task").length >= 2, true);
  stop.set();
  native.resolve();
  await Promise.all(tasks);
});

Deno.test("chromeTrace: writes as it goes, and keeps nothing of what is over", async () => {
  const pieces: string[] = [];
  using _ = instrument(chromeTrace((piece) => void pieces.push(piece)));
  for (let i = 0; i < 500; i++) await createTask(() => sleep(0));
  assert(pieces.length > 3, `${pieces.length} pieces`);
  assert(pieces.every((piece) => piece.length < 20_000));
});

Deno.test("chromeTrace: refuses what cannot write", () => {
  assertThrows(
    () => chromeTrace(42 as never),
    TypeError,
    "Cannot trace the program: write must be a function, received 42",
  );
});
