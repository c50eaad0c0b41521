import { assertEquals } from "@std/assert";
import { runChild as runAsync } from "./async_style.ts";
import { runChild as runGenerator } from "./generator_style.ts";
import type { Outcome, Program } from "./program.ts";
import { record, type Style } from "./record.ts";

/** One line of the recorded data. */
interface Recording {
  program: Program;
  expected: Outcome;
}

function read(file: string): Recording[] {
  const lines = Deno.readTextFileSync(new URL(file, import.meta.url)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

const recordings = read("asyncio-cpython-3.13.jsonl");

// Times from 1 to 30, so that many things happen in the same instant.
const coincidences = read("asyncio-cpython-3.13-coincidences.jsonl");

// Times from 0 to 3: a sleep of 0 is one round of the loop.
const rounds = read("asyncio-cpython-3.13-rounds.jsonl");

// Waits for tasks that are there already, limits that are moved or over at once, requests that are
// taken back, queues that are shut down: half with times from 0 to 3, half with longer ones.
const existing = read("asyncio-cpython-3.13-existing.jsonl");

async function compare(recordings: Recording[], style: Style): Promise<void> {
  const different: string[] = [];
  for (const { program, expected } of recordings) {
    const actual = await record(program, style);
    try {
      assertEquals(actual, expected);
    } catch (error) {
      different.push(`seed ${program.seed}: ${(error as Error).message}`);
    }
  }
  assertEquals(different.slice(0, 3), [], `${different.length} of ${recordings.length} differ`);
}

Deno.test("There are 400 recordings, 240 with coincidences, 120 with sleeps of 0, 320 of the rest", () => {
  const all = [recordings, coincidences, rounds, existing];
  assertEquals(all.map(({ length }) => length), [400, 240, 120, 320]);
});

Deno.test("Every statement is in the recordings", () => {
  const seen = new Set<string>();
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    if ("op" in value) seen.add(value.op as string);
    Object.values(value).forEach(walk);
  };
  for (const { program } of [...recordings, ...existing]) walk(program);
  const added = ["ascompletedt", "cancelling", "evclear", "gathert", "resched", "shieldt"];
  const others = ["shutdown", "uncancel", "waitfort", "waitt", "sleep", "timeout", "tg", "shield"];
  assertEquals([...added, ...others].filter((op) => !seen.has(op)), []);
});

Deno.test("Async functions behave as recorded from CPython", async () => {
  await compare(recordings, runAsync);
});

Deno.test("Generators behave as recorded from CPython", async () => {
  await compare(recordings, runGenerator);
});

Deno.test("Async functions behave as in CPython in the same instant, too", async () => {
  await compare(coincidences, runAsync);
});

Deno.test("Generators behave as in CPython in the same instant, too", async () => {
  await compare(coincidences, runGenerator);
});

Deno.test("Async functions behave as in CPython round by round", async () => {
  await compare(rounds, runAsync);
});

Deno.test("Generators behave as in CPython round by round", async () => {
  await compare(rounds, runGenerator);
});

Deno.test("Async functions behave as in CPython over tasks that exist already", async () => {
  await compare(existing, runAsync);
});

Deno.test("Generators behave as in CPython over tasks that exist already", async () => {
  await compare(existing, runGenerator);
});

Deno.test("A different outcome is seen", async () => {
  const { program, expected } = recordings[0]!;
  const late = structuredClone(expected);
  late.trace.main![0] = late.trace.main![0]!.replace(/^0/, "1");
  let seen = false;
  await compare([{ program, expected: late }], runAsync).catch(() => seen = true);
  assertEquals(seen, true);
});
