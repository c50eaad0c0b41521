import { assertEquals, assertMatch } from "@std/assert";
import { readSource } from "../support/module_graph.ts";
import { RunningProcess, runToEnd } from "../support/running_process.ts";
import { RedisServer } from "./support/redis_server.ts";
import { redisTest } from "./support/with_redis.ts";

const MAP = new URL("../import_map.json", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url);
const PAGE = "docs/guide/more_than_one_machine.md";

/** The blocks of the page that are files, by name. */
async function blocksOf(page: string): Promise<Map<string, string>> {
  const text = await readSource(page);
  const blocks = text.matchAll(/^```ts ignore (\w+\.ts)\n([^]*?)^```$/gm);
  return new Map(Array.from(blocks, ([, name, code]) => [name!, code!]));
}

/** The examples of the doc comments of a file. */
async function examplesIn(file: string): Promise<string[]> {
  const text = await readSource(file);
  return Array.from(
    text.matchAll(/^ \* ```ts ignore\n([^]*?)^ \* ```$/gm),
    ([, code]) => code!.replaceAll(/^ \* ?/gm, ""),
  );
}

Deno.test("The programs of the page are those of examples/machines", async () => {
  const blocks = await blocksOf(PAGE);
  assertEquals([...blocks.keys()], [
    "tasks.ts",
    "modules.ts",
    "worker.ts",
    "submitter.ts",
    "options.ts",
  ]);
  for (const [name, code] of blocks) {
    if (name === "options.ts") continue;
    const example = await readSource(`examples/machines/${name}`);
    assertEquals(example.replace(/^\/\*\*[^]*?\*\/\n/, ""), code, name);
  }
});

redisTest(
  "The example runs by two commands, with the permissions that the page names",
  async () => {
    await using redis = await RedisServer.start();
    const options = { cwd: ROOT, env: { REDIS_URL: `redis://127.0.0.1:${redis.port}` } };
    const flags = [
      "run",
      "--no-prompt",
      `--allow-net=127.0.0.1:${redis.port}`,
      "--allow-env",
      "--allow-read=.",
    ];
    await using worker = new RunningProcess([...flags, "examples/machines/worker.ts"], options);
    await using other = new RunningProcess([...flags, "examples/machines/worker.ts"], options);
    for (const one of [worker, other]) await one.finds((read) => /runs \d+ calls/.exec(read));
    const { code, out, err } = await runToEnd(
      [...flags, "examples/machines/submitter.ts"],
      options,
    );
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^primes below a million: 78498\n(server-\w{8}: \d+ jobs\n){2}$/);
    for (const one of [worker, other]) {
      one.kill("SIGTERM");
      const { code, err } = await one.ended();
      assertEquals([code, err], [0, ""]);
    }
  },
);

/** What the doc comments call `math.ts`. */
const MATH = `import { remote } from "@strand/strand";
export const square = remote(import.meta, function square(n: number): number {
  return n * n;
});
`;

/** Serves the queue that the doc comments use. */
const SERVE = `import * as bullmq from "npm:bullmq@6";
import { Redis } from "npm:ioredis@5";
import { serveBull } from "@strand/strand/bullmq";

const connection = new Redis(Deno.env.get("REDIS_URL")!);
const modules = { math: new URL("./math.ts", import.meta.url) };
await serveBull({ bullmq, connection, queue: "math", modules, pool: 1 }).ready;
`;

redisTest("The blocks of the page and the doc comments run", async () => {
  await using redis = await RedisServer.start();
  const folder = await Deno.makeTempDir({ prefix: "strand-guide-" });
  const files = new Map(await blocksOf(PAGE)).set("math.ts", MATH).set("serve.ts", SERVE);
  const run = ["worker.ts", "serve.ts", "options.ts"];
  const sources = ["bull_executor", "serve_bull", "bull_executor_options", "serve_bull_options"];
  for (const source of sources) {
    for (const code of await examplesIn(`lib/bullmq/${source}.ts`)) {
      const name = `${source}_${run.length}.ts`;
      files.set(name, code);
      run.push(name);
    }
  }
  // All in one program, so that types are checked once.
  const imports = run.map((name) => `await import("./${name}");\n`).join("");
  const packages = `import "npm:bullmq@6";\nimport "npm:ioredis@5";\n`;
  files.set("all.ts", `${packages}${imports}console.log("all ran");\nDeno.exit();\n`);
  for (const [name, code] of files) await Deno.writeTextFile(`${folder}/${name}`, code);
  const { code, out, err } = await runToEnd(
    ["run", "-A", "--check", "--quiet", `--import-map=${MAP}`, `${folder}/all.ts`],
    { env: { REDIS_URL: `redis://127.0.0.1:${redis.port}` } },
  );
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /\nall ran\n$/);
  await Deno.remove(folder, { recursive: true });
});
