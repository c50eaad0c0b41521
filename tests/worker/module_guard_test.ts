import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type Ending, runToEnd } from "../support/running_process.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

/** Run a program from a file of its own. */
async function run(source: string, ...flags: string[]): Promise<Ending> {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/main.ts`;
    await Deno.writeTextFile(file, source.replaceAll("$MOD", MOD));
    return await runToEnd(["run", "--no-config", ...flags, file]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const worker = `
  import { remote, WorkerPool } from "$MOD";
  export const square = remote(import.meta, function square(n: number) { return n * n; });
`;

Deno.test("A function of the main module runs in a worker, under import.meta.main", async () => {
  const { code, out, err } = await run(
    `${worker}
    if (import.meta.main) {
      await using pool = new WorkerPool(1);
      console.log(await pool.submit(square, 7));
    }`,
    "-A",
  );
  assertEquals([code, out], [0, "49\n"], err);
});

Deno.test("Without import.meta.main the error says so, and nothing multiplies", async () => {
  const { code, err } = await run(
    `${worker}
    await using pool = new WorkerPool(1);
    console.log(await pool.submit(square, 7));`,
    "-A",
  );
  assertEquals(code, 1);
  assert(err.includes("InvalidStateError: Cannot submit a call: this module is being loaded"), err);
  assert(err.includes('under "if (import.meta.main)"'), err);
});

Deno.test("Without the permission to read, the error names what to grant", async () => {
  const { code, err } = await run(
    `${worker}
    if (import.meta.main) {
      await using pool = new WorkerPool(1);
      console.log(await pool.submit(square, 7));
    }`,
    `--allow-read=${fileURLToPath(new URL("../../lib", import.meta.url))}`,
  );
  assertEquals(code, 1);
  assert(
    /Cannot load file:.*main\.ts in a worker: the permission to read it is missing/.test(err),
    err,
  );
  assert(err.includes("--allow-read"), err);
});

Deno.test("permissions without the flag of the runtime are an error, not the end of the process", async () => {
  const source = `
    import { InvalidStateError, WorkerPool } from "$MOD";
    try {
      await using pool = new WorkerPool({ maxWorkers: 1, permissions: { net: false, read: true } });
      console.log(await pool.submit(async () => (await Deno.permissions.query({ name: "net" })).state));
    } catch (error) {
      console.log(error instanceof InvalidStateError, (error as Error).message);
    }`;
  const refused = await run(source, "-A");
  assertEquals(refused.code, 0, refused.err);
  assert(refused.out.startsWith("true Cannot create a worker pool: permissions need the flag"));
  const granted = await run(source, "-A", "--unstable-worker-options");
  assertEquals([granted.code, granted.out], [0, "prompt\n"], granted.err);
});

Deno.test("The flag among the program's own arguments is not the runtime's", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/main.ts`;
    const flag = new URL("../../lib/worker/permissions/deno_flags.ts", import.meta.url).href;
    await Deno.writeTextFile(
      file,
      `import { hasWorkerOptions } from "${flag}"; console.log(hasWorkerOptions());`,
    );
    const ask = async (...args: string[]) => (await runToEnd(args)).out.trim();
    assertEquals(await ask("run", "-A", file, "--unstable-worker-options"), "false");
    assertEquals(await ask("run", "-A", "--unstable-worker-options", file), "true");
    assertEquals(await ask("run", "--unstable-worker-options", file), "false");
    await Deno.writeTextFile(`${dir}/deno.json`, '{"unstable": ["worker-options"]}');
    assertEquals(await ask("run", "-A", file), "true");
    assertEquals(await ask("run", "-A", "--no-config", file), "false");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
