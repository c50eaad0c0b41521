/** What only a program of its own can show of a `ProcessPool`. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RunningProcess, runToEnd } from "../support/running_process.ts";

const PROGRAM = new URL("./fixtures/process_program.ts", import.meta.url);

const options = { cwd: new URL("../../", import.meta.url) };

function argsOf(flags: string[], ...args: string[]): string[] {
  return ["run", "--no-prompt", "--no-check", ...flags, PROGRAM.href, ...args];
}

async function run(args: string[], flags = ["-A"]): Promise<{ out: string; err: string }> {
  const { code, out, err } = await runToEnd(argsOf(flags, ...args), options);
  assertEquals(code, 0, err);
  return { out, err };
}

/** The permissions that a process of a pool says it has. */
async function permissionsOf(
  permissions: Deno.PermissionOptions,
  flags: string[],
): Promise<string[]> {
  const { out } = await run(["permissions", JSON.stringify(permissions)], flags);
  return out.trim().split("\n");
}

Deno.test("Processes die with their program, also when it is killed while they are busy", async () => {
  await using program = new RunningProcess(argsOf(["-A"], "burning"), options);
  await program.finds((read) => /burning/.exec(read));
  program.kill("SIGKILL");
  // Its processes have the same standard output: it ends only when the last of them is gone.
  assertEquals((await program.ended()).signal, "SIGKILL");
});

Deno.test("An idle pool does not hold its program", async () => {
  assertEquals((await run(["idle"])).out, "idle\n");
});

Deno.test("A process that uses up its memory harms nobody else", async () => {
  const { out } = await run(["memory"], ["-A", "--v8-flags=--max-old-space-size=50"]);
  assertEquals(out.split("\n"), ["WorkerCrashedError", "true", "well", ""]);
});

Deno.test("What processes write is written by their program, and disturbs nothing", async () => {
  const { out, err } = await run(["output"]);
  assertEquals(out.split("\n").sort(), [
    "",
    "and a result",
    "by Deno.stdout",
    "by a grandchild",
    "by console.log",
    "no standard input",
  ]);
  assertStringIncludes(err, "by console.error\n");
  assertStringIncludes(err, "badly by a grandchild\n");
  assertStringIncludes(err, "x".repeat(200_000));
});

/** A program whose standard error nobody reads before `until` stands on its standard output. */
async function unread(how: string, lines: number, until: string): Promise<Deno.CommandOutput> {
  const command = new Deno.Command(Deno.execPath(), {
    args: argsOf(["-A"], "noisy", how, `${lines}`),
    cwd: options.cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const [early, rest] = child.stdout.tee();
  const reader = early.pipeThrough(new TextDecoderStream()).getReader();
  for (let said = ""; !said.includes(until);) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It ended too early: ${said}`);
    said += value;
  }
  await reader.cancel();
  const [stdout, stderr] = await Promise.all(
    [rest, child.stderr].map((stream) => new Response(stream).bytes()),
  );
  return { ...await child.status, stdout: stdout!, stderr: stderr! };
}

function numbered(lines: number): string {
  return Array.from({ length: lines }, (_, i) => `${i}`.padEnd(999) + "\n").join("");
}

Deno.test("Who says more than is read has to wait, and nobody else; all of it comes in order", async () => {
  const { stdout, stderr } = await unread("goes on", 4_000, "others go on\n");
  assertEquals(new TextDecoder().decode(stdout), "others go on\nsaid\n");
  assert(new TextDecoder().decode(stderr) === numbered(4_000));
});

Deno.test("A process that waits for somebody to read what it says can be ended", async () => {
  const { stdout, stderr } = await unread("terminate", 4_000, "CancelledError\n");
  assertEquals(new TextDecoder().decode(stdout), "others go on\nCancelledError\n");
  const said = new TextDecoder().decode(stderr);
  assert(numbered(4_000).startsWith(said));
  assert(said.length >= 1_000_000, `only ${said.length} bytes were kept`);
});

Deno.test("What processes have written is not lost when their program ends by a call", async () => {
  const { code, stdout, stderr } = await unread("exit", 400, "said\n");
  assertEquals([code, new TextDecoder().decode(stdout)], [3, "said\n"]);
  assert(new TextDecoder().decode(stderr) === numbered(400));
});

Deno.test("Without permission to run, the error says what to grant", async () => {
  for (const flags of [[], ["--allow-read"], ["--allow-run=no-such-program"]]) {
    const [said] = await permissionsOf("inherit", flags);
    assertMatch(said!, /^NotCapable: Cannot create a process pool: .*--allow-run/);
  }
});

Deno.test("Processes have the permissions of their program, and no more", async () => {
  const all = "read,write,net,env,run,ffi,sys,import";
  assertEquals(await permissionsOf("inherit", ["-A"]), [`[${all}]`, all]);
  assertEquals(await permissionsOf("inherit", ["--allow-run"]), ["[run]"]);
  const some = await permissionsOf("inherit", ["--allow-run", "--allow-read", "--allow-net"]);
  assertEquals(some, ["[read,net,run]", "read,net,run"]);
  // Of a part, what can be found out.
  assertEquals(await permissionsOf("inherit", ["--allow-run", "--allow-read=."]), [
    "[run]",
    "here",
  ]);
  const without = ["--allow-run", "--allow-env", "--allow-net", "--deny-net=example.com"];
  assertEquals(await permissionsOf("inherit", without), ["[env,run]"]);
});

Deno.test("Permissions can be narrowed, and not widened", async () => {
  assertEquals(await permissionsOf("none", ["-A"]), ["[]"]);
  assertEquals(await permissionsOf({}, ["-A"]), ["[]"]);
  const some = { read: true, net: "inherit", env: false } as const;
  assertEquals(await permissionsOf(some, ["-A"]), ["[read,net]", "read,net"]);
  assertEquals(await permissionsOf({ read: ["."] }, ["-A"]), ["[]", "here"]);
  assertEquals(await permissionsOf({ read: ["tests"] }, ["-A"]), ["[]"]);
  const flags = ["--allow-run", "--allow-read=.", "--allow-net=example.com"];
  assertEquals(await permissionsOf({ net: ["example.com"] }, flags), ["[]"]);
  for (
    const wide of [{ read: true }, { net: ["deno.com"] }, { write: ["."] }, { env: ["HOME"] }]
  ) {
    const [said] = await permissionsOf(wide, flags);
    assertMatch(said!, /^NotCapable: .*which this program itself may not/);
  }
  for (const wrong of [7, { net: 5 }, { net: [5] }]) {
    const [said] = await permissionsOf(wrong as never, ["-A"]);
    assert(said!.startsWith("TypeError: Cannot create a process pool: permissions"), said);
  }
});
