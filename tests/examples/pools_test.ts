import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ExampleOptions, linesOf, runExample } from "../support/run_example.ts";

const read: ExampleOptions = { permissions: ["--allow-read=."] };

/** What five threads say while they run, in any order, and what is said of them afterwards. */
function threads(...results: number[]): [running: string[], ended: string[]] {
  return [
    results.map((_, id) => `worker ${id} at work`),
    results.map((result, id) => `worker-${id}: exit code 0, result ${result}`),
  ];
}

Deno.test("01: threads are started and joined", async () => {
  const lines = await linesOf("01_process_basics.ts", read);
  assertEquals([lines.slice(0, 5).sort(), lines.slice(5)], threads(0, 1, 4, 9, 16));
});

Deno.test("02: threads are a class of their own", async () => {
  const lines = await linesOf("02_process_subclass.ts", read);
  assertEquals(
    [lines.slice(0, 5).sort(), lines.slice(5)],
    threads(0, 385, 2_870, 9_455, 22_140),
  );
});

Deno.test("03: a pool maps squares", async () => {
  assertEquals(await linesOf("03_pool_map.ts", read), [
    "squares: 1, 4, 9, 16, 25, 36, 49, 64, 81, 100",
    "their sum: 385",
    "all there: true",
  ]);
});

Deno.test("04: functions of many parameters", async () => {
  assertEquals(await linesOf("04_many_arguments.ts", read), [
    "submit:   1024",
    "apply:    81",
    "starmap:  8, 9, 100",
    "partial:  1, 8, 27",
    "objects:  1 x tea: 3, 2 x cake: 8",
    "a map:    Ada,Ben",
  ]);
});

Deno.test("05: shared memory, with and without the lock", async () => {
  const [title, unlocked, ...rest] = await linesOf("05_shared_state.ts", read);
  assertEquals(title, "2 workers count to 100000 each");
  const counted = Number(/^without a lock: (\d+)$/.exec(unlocked!)?.[1]);
  assert(counted >= 2 && counted <= 200_000, unlocked);
  assertEquals(rest, [
    "with a lock:    200000",
    "atomically:     200000",
    "shared array:   0, 1, 4, 9, 16, 25, 36, 49",
  ]);
});

Deno.test("06: a queue between workers loses nothing", async () => {
  assertEquals(await linesOf("06_queue_between_workers.ts", read), [
    "2 producers sent 100 parcels",
    "2 consumers received 100 parcels of 2550 kg",
  ]);
});

Deno.test("07: two threads at the ends of a pipe", async () => {
  assertEquals(await linesOf("07_pipe.ts", read), [
    'received: [42,null,"hello"]',
    "3 squared is 9",
    "4 squared is 16",
    "the other end gave 2 answers",
  ]);
});

const net: ExampleOptions = { permissions: ["--allow-read=.", "--allow-net=127.0.0.1"] };

Deno.test("08: addresses are fetched in three ways, and failures are reported", async () => {
  const text = (await linesOf("08_fetch_urls.ts", net)).join("\n")
    .replaceAll(/127\.0\.0\.1:\d{2,}/g, "here").replaceAll(/ +/g, " ");
  for (const way of ["one after another", "threads", "TaskPool\\(5\\)"]) {
    assertMatch(text, new RegExp(`^${way} \\d+ 5 3$`, "m"));
  }
  const table = text.slice(text.indexOf("address"));
  assertMatch(table, /^address status length\n[ -]+\nhttp:\/\/here\/ 200 100$/m);
  assertMatch(table, /^http:\/\/here\/long 200 500$/m);
  assertMatch(table, /^http:\/\/here\/missing 404 8$/m);
  assertMatch(table, /^http:\/\/127\.0\.0\.1:1\/nobody none$/m);
  assertMatch(table, /^failed: http:\/\/here\/missing: Not Found$/m);
  assertMatch(table, /^failed: http:\/\/here\/broken: Internal Server Error$/m);
  assertMatch(table, /^failed: http:\/\/127\.0\.0\.1:1\/nobody: .+$/m);
});

Deno.test("08: the program takes addresses and a limit", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // takes calls, never answers
  const url = `http://127.0.0.1:${silent.addr.port}/`;
  const args = ["--limit=50", "--at-once=1", url];
  const lines = await linesOf("08_fetch_urls.ts", { ...net, args });
  assertEquals(lines.at(-1), `failed: ${url}: No answer in 50 ms`);
  for (const bad of ["example.com", "ftp://example.com/", "http://"]) {
    const { code, out, err } = await runExample("08_fetch_urls.ts", { args: [bad] });
    assertEquals(err, `"${bad}" is not an http or https address (--help shows all options)\n`);
    assertEquals([code, out], [2, ""]);
  }
});

Deno.test("09: futures as they are done, errors caught one by one", async () => {
  const lines = await linesOf("09_as_completed.ts", read);
  assertEquals(lines.slice(0, 4).sort(), [
    "root of -1: RangeError: -1 has no real square root",
    "root of -4: RangeError: -4 has no real square root",
    "root of 16: 4",
    "root of 2.25: 1.5",
  ]);
  assertEquals(lines.slice(4), ["2 answered, 2 failed"]);
});

Deno.test("19: the words of a folder are counted", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/one.txt`, "Red fish, blue fish.");
    await Deno.writeTextFile(`${folder}/image.png`, "fish fish fish");
    await Deno.mkdir(`${folder}/deep/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/deep/er/two.md`, "One FISH, two\nfish; äöü a");
    await Deno.mkdir(`${folder}/node_modules`);
    await Deno.writeTextFile(`${folder}/node_modules/skipped.js`, "fish");
    const args = ["--top=2", "--workers=2", folder];
    assertEquals(await linesOf("19_word_count.ts", { permissions: ["--allow-read"], args }), [
      "2 files, 9 words, 6 different ones",
      "",
      "word      count",
      "----   --------",
      "fish          4",
      "blue          1",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("19: a folder that is empty, missing or forbidden", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const permissions = ["--allow-read"];
    const [first] = await linesOf("19_word_count.ts", { permissions, args: [folder] });
    assertEquals(first, "0 files, 0 words, 0 different ones");
    const missing = { permissions, args: [`${folder}/missing`] };
    const { code, err } = await runExample("19_word_count.ts", missing);
    assertEquals(code, 2);
    assertMatch(err, /^Cannot read the folder ".*missing": .+\n$/);
    const forbidden = await runExample("19_word_count.ts", { ...read, args: [folder] });
    assertEquals(forbidden.code, 2);
    assertMatch(forbidden.err, /^Cannot read the folder ".*": Requires read access to .+\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("19: the program takes options and one folder", async () => {
  const { out } = await runExample("19_word_count.ts", { args: ["--help"] });
  assertMatch(out, /^Usage: .* examples\/19_word_count\.ts \[options\] \[folder\]$/m);
  const { code, err } = await runExample("19_word_count.ts", { args: ["a", "b"] });
  assertEquals(code, 2);
  assertEquals(err, 'Unexpected argument "b" (--help shows all options)\n');
});

const processes = ["--allow-read=.", "--allow-run"];

Deno.test("10: every way gives right answers on every kind of job", async () => {
  const permissions = [...processes, "--allow-net=127.0.0.1"];
  const args = ["--jobs=3", "--number=1000003", "--workers=2"];
  const lines = await linesOf("10_three_ways_compared.ts", { permissions, args });
  assertEquals(lines[0], "3 jobs of each kind, 2 at once on the pools");
  const ways = lines.slice(4, 8).map((line) => /^(\w+(?: \w+)?) +\d+ +\d+$/.exec(line)?.[1]);
  assertEquals(ways, ["one thread", "TaskPool", "WorkerPool", "ProcessPool"]);
  assertEquals(lines.length, 10);
});

Deno.test("20: runaway work is stopped, and its pools go on", async () => {
  assertEquals(await linesOf("20_cancel_runaway_work.ts", { permissions: processes }), [
    "one call: cancelled true",
    "its worker: hello, again",
    "a map of 1000 calls: stopped, its workers: hello, too",
    "a loop without end: TimeoutError",
    "the next process: hello, newcomer",
  ]);
});
