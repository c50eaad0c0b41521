import { assertEquals } from "@std/assert";
import { type JsrPackage, JsrRegistry } from "../support/jsr_registry.ts";
import { runToEnd } from "../support/running_process.ts";

const STRAND = "jsr:@strand/strand@^0.1.0";

/** A program of somebody else: its files, and the flags it is run with. */
interface Consumer {
  files: Record<string, string>;
  flags: string[];
  /** What else the registry has. */
  packages?: JsrPackage[];
  /** Whether it runs from what `deno cache` has brought, and nothing else. */
  fromCache?: boolean;
}

/** Runs `main.ts` of a consumer in a folder of its own, with nothing in the cache. */
async function run(
  { files, flags, packages = [], fromCache = false }: Consumer,
): Promise<{ code: number; out: string }> {
  const folder = await Deno.makeTempDir();
  await using registry = await JsrRegistry.start(...packages);
  const env = { JSR_URL: registry.url, DENO_DIR: `${folder}/.cache` };
  const deno = async (...args: string[]) => {
    const { code, out, err } = await runToEnd(args, { cwd: folder, env });
    return { code, out: out + err };
  };
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    if (fromCache) {
      const { code, out } = await deno("cache", "main.ts");
      assertEquals(code, 0, out);
    }
    const only = fromCache ? ["--cached-only"] : [];
    return await deno("run", "--quiet", "--no-prompt", ...only, ...flags, "main.ts");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("From JSR, tasks and functions as source need no permission", async () => {
  const main = `
    import { run, sleep, TaskGroup, Thread, toThread, WorkerPool } from "${STRAND}";
    await run(async () => {
      const tasks = await TaskGroup.run((group) => [
        group.createTask(() => sleep(1, "a group")),
        group.createTask(() => toThread((n: number) => n + 1, 41)),
      ]);
      console.log(...tasks.map((task) => task.result()));
      await using pool = new WorkerPool(2);
      console.log(await pool.map((n: number) => n * n, [1, 2, 3]));
      await using node = new WorkerPool({ maxWorkers: 1, host: "node" });
      console.log(await node.map((n: number) => n * n, [4, 5]));
      const thread = new Thread((n: number) => n * n, { args: [6] });
      thread.start();
      console.log(await thread.result());
    });`;
  const { code, out } = await run({ files: { "main.ts": main }, flags: ["--check"] });
  assertEquals(out, "a group 42\n[ 1, 4, 9 ]\n[ 16, 25 ]\n36\n");
  assertEquals(code, 0);
});

/** A module whose functions go to workers by name, and that uses what is around them. */
const work = `
  import { remote } from "${STRAND}";
  const offset = 10;
  export const shift = remote(import.meta, function shift(n: number): number {
    return n + offset;
  });`;

Deno.test("From JSR, a pool runs the functions of local modules with --allow-read", async () => {
  const main = `
    import { remote, SharedValue, WorkerPool } from "${STRAND}";
    import { shift } from "./work.ts";
    const count = remote(import.meta, function count(shared: SharedValue): number {
      shared.add(1);
      return shift(shared.value);
    });
    if (import.meta.main) {
      await using pool = new WorkerPool(1);
      console.log(await pool.map(shift, [1, 2]));
      console.log(await pool.submit(count, new SharedValue("int32", 1)));
    }`;
  const files = { "main.ts": main, "work.ts": work };
  const { code, out } = await run({ files, flags: ["--check", "--allow-read=."] });
  assertEquals(out, "[ 11, 12 ]\n12\n");
  assertEquals(code, 0);
});

Deno.test("From JSR, a pool runs the functions of a module on JSR without permissions", async () => {
  const jobs: JsrPackage = {
    name: "@someone/jobs",
    version: "2.1.0",
    exports: { ".": "./mod.ts" },
    files: new Map([["mod.ts", new TextEncoder().encode(work)]]),
  };
  const main = `
    import { WorkerPool } from "${STRAND}";
    import { shift } from "jsr:@someone/jobs@2";
    await using pool = new WorkerPool(1);
    console.log(await pool.map(shift, [1, 2]));`;
  const { code, out } = await run({ files: { "main.ts": main }, flags: [], packages: [jobs] });
  assertEquals(out, "[ 11, 12 ]\n");
  assertEquals(code, 0);
});

const allowRun = `--allow-run=${Deno.execPath()}`;

Deno.test("From JSR, a process pool needs to be allowed to run Deno, and nothing else", async () => {
  const main = `
    import { ProcessPool } from "${STRAND}";
    await using pool = new ProcessPool(1);
    console.log(await pool.map((n: number) => n * n, [1, 2, 3]));`;
  const { code, out } = await run({ files: { "main.ts": main }, flags: ["--check", allowRun] });
  assertEquals(out, "[ 1, 4, 9 ]\n");
  assertEquals(code, 0);
});

Deno.test("From JSR, a process pool runs the functions of local modules with --allow-read", async () => {
  const main = `
    import { ProcessPool } from "${STRAND}";
    import { shift } from "./work.ts";
    if (import.meta.main) {
      await using pool = new ProcessPool(1);
      console.log(await pool.map(shift, [1, 2]));
    }`;
  const files = { "main.ts": main, "work.ts": work };
  const { code, out } = await run({ files, flags: ["--check", allowRun, "--allow-read=."] });
  assertEquals(out, "[ 11, 12 ]\n");
  assertEquals(code, 0);
});

const THING = {
  "node_modules/thing/package.json": `{ "name": "thing", "type": "module", "main": "main.js" }`,
  "node_modules/thing/main.js": `export default "a thing";`,
};

/** Projects whose processes find a package in `node_modules`, or another member. */
const PROJECTS: Record<string, Record<string, string>> = {
  "package.json alone": {
    ...THING,
    "package.json": `{ "type": "module", "dependencies": { "thing": "1" } }`,
  },
  "deno.json with nodeModulesDir": { ...THING, "deno.json": `{ "nodeModulesDir": "manual" }` },
  "a workspace": {
    "deno.json": `{ "workspace": ["./thing"] }`,
    "thing/deno.json": `{ "name": "thing", "version": "1.0.0", "exports": "./mod.ts" }`,
    "thing/mod.ts": `export default "a thing";`,
  },
};

for (const [name, files] of Object.entries(PROJECTS)) {
  Deno.test(`From JSR, processes find modules as their program does: ${name}`, async () => {
    const main = `
      import { ProcessPool, remote } from "${STRAND}";
      import thing from "thing";
      export const give = remote(import.meta, function give() { return thing; });
      if (import.meta.main) {
        for (const permissions of ["inherit", { read: true }] as const) {
          await using pool = new ProcessPool({ maxWorkers: 1, permissions });
          console.log(await pool.submit(give));
        }
      }`;
    const { code, out } = await run({ files: { ...files, "main.ts": main }, flags: ["-A"] });
    assertEquals(out, "a thing\na thing\n");
    assertEquals(code, 0);
  });
}

Deno.test("From JSR, a program that runs from the cache alone has every kind of worker", async () => {
  const main = `
    import { ProcessPool, WorkerPool } from "${STRAND}";
    {
      await using web = new WorkerPool(1);
      await using node = new WorkerPool({ maxWorkers: 1, host: "node" });
      await using processes = new ProcessPool(1);
      for (const pool of [web, node, processes]) console.log(await pool.submit(() => "here"));
    }`;
  const { code, out } = await run({
    files: { "main.ts": main },
    flags: [allowRun],
    fromCache: true,
  });
  assertEquals(out, "here\nhere\nhere\n");
  assertEquals(code, 0);
});

Deno.test("From JSR, workers have permissions of their own where deno.json may be read", async () => {
  const main = `
    import { WorkerPool } from "${STRAND}";
    await using pool = new WorkerPool({ maxWorkers: 1, permissions: "none" });
    const stateOf = async () => (await Deno.permissions.query({ name: "read", path: "deno.json" })).state;
    console.log(await stateOf(), ["denied", "prompt"].includes(await pool.submit(stateOf)));`;
  const files = { "main.ts": main, "deno.json": '{ "unstable": ["worker-options"] }' };
  const { code, out } = await run({ files, flags: ["--allow-read=deno.json"] });
  assertEquals(out, "granted true\n");
  assertEquals(code, 0);
});
