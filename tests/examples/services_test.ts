import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { linesOf, runExample, RunningExample } from "../support/run_example.ts";

const permissions = ["--allow-net=127.0.0.1"];

/** Standard error without Deno's note that the signal of a request is aborted by its answer, too. */
function noteless(err: string): string {
  return err.replace(/^Deno\.serve: request\.signal .*\n/m, "");
}

/** The graceful server, and where it listens. */
async function serve(...args: string[]) {
  const server = new RunningExample("21_graceful_server.ts", {
    permissions,
    args: ["--port=0", ...args],
  });
  const [, origin] = await server.seen(/^Listening on (http:\S+)\//m);
  const ask = async (ms: number, signal?: AbortSignal) => {
    const response = await fetch(`${origin}/?ms=${ms}`, signal ? { signal } : {});
    return { status: response.status, text: await response.text() };
  };
  return { server, ask };
}

Deno.test("21: the server answers 504 to what takes too long, and stops the work", async () => {
  const { server, ask } = await serve("--limit=50");
  await using _ = server;
  assertEquals(await ask(1), { status: 200, text: "after 1 ms\n" });
  assertEquals(await ask(60_000), { status: 504, text: "This takes longer than 50 ms\n" });
  await server.seen(/^A query of 60000 ms was stopped$/m);
  server.kill("SIGTERM");
  const { code, out, err } = await server.ended();
  assertStringIncludes(out, '{"answered":1,"late":1,"hungUp":0}');
  assertEquals([code, noteless(err)], [143, ""]);
});

Deno.test("21: the work for a client that hangs up is stopped", async () => {
  const { server, ask } = await serve("--limit=60000");
  await using _ = server;
  const client = new AbortController();
  const answer = ask(50_000, client.signal).catch((error) => error.name);
  // It has come to the server once this one is answered, which is sent after it.
  await ask(1);
  client.abort();
  assertEquals(await answer, "AbortError");
  await server.seen(/^A query of 50000 ms was stopped$/m);
  server.kill("SIGINT");
  const { code, out } = await server.ended();
  assertStringIncludes(out, '{"answered":1,"late":0,"hungUp":1}');
  assertEquals(code, 130);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`21: after ${signal} what is under way is answered, and nothing new is taken`, async () => {
    const { server, ask } = await serve("--limit=60000");
    await using _ = server;
    const under = ask(300);
    await ask(1);
    server.kill(signal);
    assertEquals(await under, { status: 200, text: "after 300 ms\n" });
    const { code, out, err } = await server.ended();
    assertStringIncludes(out, "Draining\nDrained\n");
    assertEquals([code, noteless(err)], [signal === "SIGINT" ? 130 : 143, ""]);
  });
}

Deno.test("21: what is not done when the time to drain is over does not hold up the end", async () => {
  const { server, ask } = await serve("--limit=60000", "--grace=50");
  await using _ = server;
  const endless = ask(60_000).then((answer) => answer.status, () => "cut off");
  await ask(1);
  server.kill("SIGTERM");
  const { code, out } = await server.ended();
  assertStringIncludes(out, "Draining\nSome requests were not done\n");
  assertEquals([code, await endless], [143, "cut off"]);
});

Deno.test("23: what one client of the hub writes, the others hear", async () => {
  const said = (name: string) => `${name}: Goodbye from ${name}, ${name}: I am ${name}`;
  assertEquals(await linesOf("23_broadcast_hub.ts", { permissions }), [
    `${said("Ben")}, ${said("Cleo")}`,
    `${said("Ada")}, ${said("Cleo")}`,
    `${said("Ada")}, ${said("Ben")}`,
  ]);
});

Deno.test("24: a worker that crashes is started again, and the work is done", async () => {
  assertEquals(await linesOf("24_supervisor.ts", { permissions: ["--allow-read=."] }), [
    "worker crashed: 13 is bad luck",
    "worker is started again",
    "19 of 20 jobs are done, and sum up to 2701",
  ]);
});

Deno.test("25: the client gets every page from a server that is strict", async () => {
  const args = ["--requests=12", "--most=5", "--per-ms=100"];
  const [answers, windows, refused] = await linesOf("25_rate_limited_client.ts", {
    permissions,
    args,
  });
  assertEquals(answers, '12 answers, the last is "page 11"');
  const [, count] = /^in (\d+) windows of 100 ms, of at most 5 requests each$/.exec(windows!)!;
  assert(Number(count) >= 3, windows);
  assertMatch(refused!, /^The server refused \d+$/);
  const { code, err } = await runExample("25_rate_limited_client.ts", { args: ["--most=0"] });
  assertEquals(code, 2);
  assertStringIncludes(err, "--most must be a whole number from 1 to 1000");
});

Deno.test("26: jobs go by priority, through pause, resize and a full queue", async () => {
  assertEquals(await linesOf("26_job_queue.ts"), [
    "paused: 4 jobs wait",
    "refused: the queue is full",
    "done by priority: alarm, mail, report",
    "alarm is done; mail is done; report is done",
    "cleanup was cancelled: true",
    "resized to 3: 3 run, 1 wait",
    "back to 1: 3 still run",
    "in all: 7 completed, 1 cancelled",
  ]);
});

Deno.test("27: the lines of a child come one by one, and a silent child is ended", async () => {
  const lines = await linesOf("27_child_lines.ts", { permissions: ["--allow-run"] });
  assertEquals(lines[0], "line 1, line 2, line 3");
  // Under load the child may not even have come to its lines.
  assertMatch(lines[1]!, /^(?:line 1, (?:line 2, )?)?\(silent for too long\)$/);
  assertEquals(lines[2], "the whole: TimeoutError");
});

Deno.test("28: results come as they are done, and the bar counts them", async () => {
  const read = ["--allow-read=."];
  assertEquals(await linesOf("28_progress.ts", { permissions: read, args: ["--most=1000"] }), [
    "1000 sequences, the longest is that of 871: 178 steps",
  ]);
});
