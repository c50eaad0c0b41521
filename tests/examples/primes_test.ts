import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runExample, RunningExample } from "../support/run_example.ts";
import { type Ending, runToEnd } from "../support/running_process.ts";

const permissions = ["--allow-read=."];

function primes(...args: string[]) {
  return runExample("primes.ts", { args, permissions });
}

Deno.test("primes compares three ways and checks their answers", async () => {
  const { code, out, err } = await primes("--count=4", "--number=1000003", "--workers=2");
  assertEquals(err, "");
  assertEquals(code, 0);
  assertMatch(out, /^Is 1000003 prime\? Asked 4 times, on a machine with \d+ cores$/m);
  assertMatch(out, /^way +seconds +speed-up +efficiency per core$/m);
  const row = (way: string) => new RegExp(`^${way} +\\d+\\.\\d{3} +\\d+\\.\\d{2} x +\\d+ %$`, "m");
  assertMatch(out, row("one thread"));
  assertMatch(out, row("tasks, same thread"));
  assertMatch(out, row("WorkerPool\\(2\\)"));
  assertMatch(out, /^All 12 answers agree: 1000003 is prime$/m);
});

for (const number of ["0", "1", "4", "1000001", "9007199254740991"]) {
  Deno.test(`primes fails its check for ${number}, which is not prime`, async () => {
    const { code, err } = await primes("--count=2", `--number=${number}`, "--workers=1");
    assertEquals(err, `\nAll 6 answers agree: ${number} is not prime\n`);
    assertEquals(code, 1);
  });
}

for (const number of ["2", "3", "9", "25"]) {
  const verdict = number.length === 1 && number !== "9" ? "is" : "is not";
  Deno.test(`primes finds that ${number} ${verdict} prime`, async () => {
    const { out, err } = await primes("--count=1", `--number=${number}`, "--workers=1");
    assertStringIncludes(out + err, `All 3 answers agree: ${number} ${verdict} prime`);
  });
}

Deno.test("primes shows its options", async () => {
  const { code, out, err } = await primes("--help");
  assertEquals(err, "");
  assertEquals(code, 0);
  assertMatch(out, /^Usage: deno task primes \[options\]$/m);
  for (const option of ["count", "number", "workers", "help"]) {
    assertStringIncludes(out, `--${option}`);
  }
});

const BAD: [args: string[], complaint: string][] = [
  [["--count=0"], '--count must be a whole number from 1 to 1000000, received "0"'],
  [["--count", "-5"], '--count must be a whole number from 1 to 1000000, received "-5"'],
  [["--count=1.5"], '--count must be a whole number from 1 to 1000000, received "1.5"'],
  [["--workers=many"], '--workers must be a whole number from 1 to 1024, received "many"'],
  [
    ["--number=9007199254740993"],
    '--number must be a whole number from 0 to 9007199254740991, received "9007199254740993"',
  ],
  [["--number="], '--number must be a whole number from 0 to 9007199254740991, received ""'],
  [["--count"], 'Option "--count <value>" argument missing'],
  [["--speed=9"], 'Unknown option "--speed"'],
  [["100"], 'Unexpected argument "100"'],
];
for (const [args, complaint] of BAD) {
  Deno.test(`primes refuses ${args.join(" ")} in one line`, async () => {
    const { code, out, err } = await primes(...args);
    assertEquals(err, `${complaint} (--help shows all options)\n`);
    assertEquals(out, "");
    assertEquals(code, 2);
  });
}

const BEFORE: [way: string, seen: RegExp][] = [
  ["one thread", /^--/m],
  ["tasks, same thread", /^one/m],
  ["workers", /^tasks/m],
];
for (const [way, before] of BEFORE) {
  Deno.test(`primes ends with exit code 130 when interrupted: ${way}`, async () => {
    const { code, out, err } = await interrupted(before, 8);
    assertEquals(err, "");
    assert(!out.includes("agree"), out);
    assertEquals(code, 130);
  });
}

/** Interrupts the program once it has printed `before`, with more to do where it was too quick. */
async function interrupted(before: RegExp, count: number): Promise<Ending> {
  const args = [`--count=${count}`, "--workers=2"];
  await using example = new RunningExample("primes.ts", { args, permissions });
  await example.seen(before);
  example.kill("SIGINT");
  const outcome = await example.ended();
  const tooQuick = outcome.code === 0 && count < 1_000;
  return tooQuick ? await interrupted(before, 8 * count) : outcome;
}

Deno.test("deno task primes is what the README says", async () => {
  const args = ["task", "primes", "--count=1", "--number=7", "--workers=1"];
  const { code, out } = await runToEnd(args, { cwd: new URL("../../", import.meta.url) });
  assertStringIncludes(out, "All 3 answers agree: 7 is prime");
  assertEquals(code, 0);
});
