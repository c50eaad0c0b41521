import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Runs a program at a terminal, where Deno asks the person for each permission that is missing. */
async function atTerminal(program: string, ...flags: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, program);
    const library = ["mod.ts", "lib"].map((path) => new URL(path, ROOT).pathname);
    const args = ["run", "--quiet", "--no-check", `--allow-read=${library}`, ...flags, "main.ts"];
    const command = [Deno.execPath(), ...args].map((arg) => `'${arg}'`).join(" ");
    const child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--command", command, "/dev/null"],
      cwd: folder,
      env: { NO_COLOR: "1", SHELL: "/bin/sh" },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said.includes("Allow? [y/n")) child.kill("SIGTERM"); // it would wait for an answer
    }
    await child.status;
    return said.replaceAll("\r", "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const library = JSON.stringify(new URL("mod.ts", ROOT).href);

Deno.test("At a terminal, a pool of threads asks for nothing", async () => {
  const said = await atTerminal(`
    import { WorkerPool } from ${library};
    for (const host of ["web", "node"] as const) {
      await using pool = new WorkerPool({ maxWorkers: 1, host });
      console.log(await pool.submit(() => "done"));
    }
    try {
      new WorkerPool({ permissions: "none" });
    } catch (error) {
      console.log((error as Error).name);
    }
  `);
  assertEquals(said, "done\ndone\nInvalidStateError\n");
});

Deno.test("At a terminal, a pool of processes asks for nothing", async () => {
  const said = await atTerminal(
    `
    import { ProcessPool } from ${library};
    await using pool = new ProcessPool(1);
    console.log(await pool.submit(() => "done"));
  `,
    `--allow-run=${Deno.execPath()}`,
  );
  assertEquals(said, "done\n");
});
