import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PoolStats } from "../../mod.ts";
import { type ExampleOptions, runExample, RunningExample } from "../support/run_example.ts";

const permissions = ["--allow-read=.", "--allow-net=127.0.0.1"];

/** A server of the examples, and how to ask it. */
class Server extends RunningExample {
  origin = "";

  static async start(
    name: string,
    options: ExampleOptions = { permissions, args: ["--port=0"] },
  ): Promise<Server> {
    const server = new Server(name, options);
    const [, origin] = await server.seen(/^Listening on (http:\S+)\//m);
    server.origin = origin!;
    return server;
  }

  async ask(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const response = await fetch(this.origin + path, init);
    return { status: response.status, text: await response.text() };
  }

  /** Asks for the stats of its pool until they are as wanted. */
  async statsSay(wanted: (stats: PoolStats) => boolean): Promise<void> {
    while (!wanted(JSON.parse((await this.ask("/stats")).text)));
  }

  /** Interrupts it; its exit code and what it printed. */
  async stop() {
    this.kill("SIGINT");
    return await this.ended();
  }
}

Deno.test("16: the service answers from its pool and stops cleanly", async () => {
  await using server = await Server.start("16_prime_service.ts");
  const answers = await server.ask("/is_prime/2,4,1000003");
  assertEquals(answers, { status: 200, text: '{"2":true,"4":false,"1000003":true}' });
  const { code, out } = await server.stop();
  assertStringIncludes(out, "Stopping\nStopped\n");
  assertEquals(code, 130);
});

Deno.test("16: the service refuses bad requests with a reason", async () => {
  await using server = await Server.start("16_prime_service.ts");
  const most = "Each number must be a whole number from 0 to 9007199254740991";
  const bad: [path: string, status: number, reason: string][] = [
    ["/is_prime/", 400, most],
    ["/is_prime/seven", 400, most],
    ["/is_prime/-7", 400, most],
    ["/is_prime/7,,8", 400, most],
    ["/is_prime/7.5", 400, most],
    ["/is_prime/%37", 400, most],
    ["/is_prime/9007199254740992", 400, most],
    [`/is_prime/${"1".repeat(3_000)}`, 400, most],
    [`/is_prime/${Array(21).fill(7)}`, 400, "At most 20 numbers may be asked at once"],
    ["/", 404, "Ask for /is_prime/<number>,<number>... or /stats"],
    ["/is_prime/7/8", 404, "Ask for /is_prime/<number>,<number>... or /stats"],
  ];
  for (const [path, status, error] of bad) {
    assertEquals(await server.ask(path), { status, text: JSON.stringify({ error }) });
  }
  const post = await server.ask("/is_prime/7", { method: "POST" });
  assertEquals(post, { status: 405, text: '{"error":"Only GET is answered here"}' });
  assertEquals(await server.ask("/is_prime/7"), { status: 200, text: '{"7":true}' });
});

Deno.test("16: a request under way is answered after Ctrl-C", async () => {
  await using server = await Server.start("16_prime_service.ts", {
    permissions,
    args: ["--port=0", "--workers=1"],
  });
  const slow = server.ask("/is_prime/9007199254740881");
  await server.statsSay(({ busy, completed }) => busy + completed > 0);
  server.kill("SIGINT");
  assertEquals(await slow, { status: 200, text: '{"9007199254740881":true}' });
  assertEquals((await server.ended()).code, 130);
});

Deno.test("16: a port that is taken is one line", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const args = [`--port=${port}`];
  const { code, out, err } = await runExample("16_prime_service.ts", { permissions, args });
  assertEquals(err, `Port ${port} is taken already (--port chooses another)\n`);
  assertEquals(out, "");
  assertEquals(code, 1);
});

for (const name of ["16_prime_service.ts", "17_concurrent_page.ts"]) {
  Deno.test(`${name.slice(0, 2)}: the server takes options`, async () => {
    const help = await runExample(name, { permissions, args: ["--help"] });
    assertEquals(help.code, 0);
    assertMatch(help.out, /^ {2}--port <number> +where to listen; 0: any \(8000\)$/m);
    const bad = await runExample(name, { permissions, args: ["--port=65536"] });
    assertEquals(bad.code, 2);
    assertStringIncludes(bad.err, "--port must be a whole number from 0 to 65535");
  });
}

Deno.test("17: the page asks its three sources side by side", async () => {
  await using server = await Server.start("17_concurrent_page.ts", {
    permissions,
    args: ["--port=0", "--delay=20"],
  });
  const { status, text } = await server.ask("/?word=queue");
  assertEquals(status, 200);
  assertMatch(text, /"queue" stands \d+ times in errors\.ts/);
  assertStringIncludes(text, "The database has it in asyncio, multiprocessing");
  assertStringIncludes(text, "The API counts 5 letters");
  const [, database, api] = Array.from(
    text.matchAll(/from ([\d.]+) to ([\d.]+) ms/g),
    ([, from, to]) => ({ from: Number(from), to: Number(to) }),
  );
  assert(database && api && api.from <= database.to, text);
  const { code, err } = await server.stop();
  assertEquals(err, "");
  assertEquals(code, 130);
});

Deno.test("17: the page refuses bad requests with a reason", async () => {
  await using server = await Server.start("17_concurrent_page.ts", {
    permissions,
    args: ["--port=0", "--delay=0"],
  });
  for (const word of ["", "A", "a b", "%3Cscript%3E", "x".repeat(31)]) {
    assertEquals(await server.ask(`/?word=${word}`), {
      status: 400,
      text: '{"error":"word must be 1 to 30 letters a to z"}',
    });
  }
  assertEquals((await server.ask("/other")).status, 404);
  assertStringIncludes((await server.ask("/?word=pony")).text, "has it in no module");
});

const deploy = {
  permissions: ["--allow-all"],
  env: { DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0" },
};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`18: the script answers what is under way after ${signal}, then ends`, async () => {
    await using server = await Server.start("18_deploy.ts", deploy);
    assertEquals(await server.ask("/fibonacci/20"), { status: 200, text: '{"n":20,"value":6765}' });
    const slow = server.ask("/fibonacci/32");
    await server.statsSay(({ busy, completed }) => busy + completed > 1);
    server.kill(signal);
    assertEquals((await slow).text, '{"n":32,"value":2178309}');
    const { code, out, err } = await server.ended();
    assertStringIncludes(
      out,
      "Stopping: no new requests\nStopped: every request was answered\n",
    );
    assertEquals(err, "");
    assertEquals(code, 0);
  });
}

Deno.test("18: a request that takes too long does not hold up the end", async () => {
  await using server = await Server.start("18_deploy.ts", {
    ...deploy,
    env: { ...deploy.env, REQUEST_LIMIT_MS: "500" },
  });
  const endless = server.ask("/fibonacci/60");
  await server.statsSay(({ busy }) => busy > 0);
  const { code, out } = await server.stop();
  assertEquals((await endless).status, 503);
  assertStringIncludes(out, "Stopped: every request was answered\n");
  assertEquals(code, 0);
});

Deno.test("18: the script limits what one request may cost", async () => {
  await using server = await Server.start("18_deploy.ts", {
    ...deploy,
    env: { ...deploy.env, REQUEST_LIMIT_MS: "50" },
  });
  const wanted = { error: "n must be a whole number from 0 to 60" };
  for (const n of ["", "x", "-1", "61", "1e1", "007"]) {
    const { status, text } = await server.ask(`/fibonacci/${n}`);
    assertEquals([status, text], [400, JSON.stringify(wanted)]);
  }
  assertEquals((await server.ask("/")).status, 404);
  assertEquals((await server.ask("/fibonacci/1", { method: "PUT", body: "x" })).status, 405);
  const { status, text } = await server.ask("/fibonacci/60");
  assertEquals([status, text], [503, '{"error":"This takes longer than 50 ms"}']);
  await server.statsSay(({ busy, queued, cancelled }) => busy + queued === 0 && cancelled === 1);
});
