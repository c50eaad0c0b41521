/**
 * Whole programs of the guide, which run in processes of their own: those that workers load, that
 * signals end, or that serve. Each is taken from its page as it stands there.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readSource } from "../support/module_graph.ts";
import { RunningProcess, runToEnd } from "../support/running_process.ts";

const ROOT = new URL("../../", import.meta.url);

/** A program of a page, in a folder of its own, and how to run it. */
class Program implements AsyncDisposable {
  readonly folder: string;
  readonly command: string[];

  private constructor(folder: string, command: string[]) {
    this.folder = folder;
    this.command = command;
  }

  /** The block that begins with its file's name. */
  static async of(page: string, name: string, flags: string[] = []): Promise<Program> {
    const code = programsOf(await readSource(`docs/guide/${page}`)).get(name);
    assert(code !== undefined, `There is no program ${name} in ${page}`);
    const folder = await Deno.makeTempDir();
    const imports = { "@strand/strand": new URL("mod.ts", ROOT).href };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
    await Deno.writeTextFile(`${folder}/${name}`, code);
    return new Program(folder, ["run", "--no-prompt", "--allow-read", ...flags, name]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The programs of a page by the names of their files. */
function programsOf(text: string): Map<string, string> {
  const blocks = text.matchAll(/^```ts ignore\n(\/\/ (\w+\.ts)\n[^]*?)^```$/gm);
  return new Map(Array.from(blocks, ([, code, name]) => [name!, code!]));
}

/** The text that the page shows after the program as what it prints. */
async function shownOutput(page: string): Promise<string> {
  const text = await readSource(`docs/guide/${page}`);
  return /^```text\n([^]*?)^```$/m.exec(text)![1]!;
}

Deno.test("tutorial, 7: the program with a registered function prints what the page shows", async () => {
  const page = "tutorial/7_all_cores.md";
  await using program = await Program.of(page, "mean.ts");
  const { code, out } = await runToEnd(program.command, { cwd: program.folder });
  assertEquals(out, await shownOutput(page));
  assertEquals(code, 0);
});

Deno.test("tutorial, 8: the service starts again what fails, and SIGTERM loses nothing", async () => {
  const page = "tutorial/8_a_service.md";
  await using program = await Program.of(page, "weather.ts");
  await using service = new RunningProcess(program.command, { cwd: program.folder });
  await service.finds((read) => /^south: 13$/m.exec(read)); // its second reading, after two failures
  service.kill("SIGTERM");
  const { code, out, err } = await service.ended();
  const [, count] = /^Worked out (\d+) readings, none is left$/m.exec(out) ?? [];
  assertEquals(Number(count), out.match(/^(?:north|south): \d+$/gm)!.length);
  assertStringIncludes(err, "south: no answer; again in 10 ms\n");
  assertStringIncludes(err, "south: no answer; again in 20 ms\n");
  assertEquals(code, 143);
  const [first] = (await shownOutput(page)).split("\n");
  assertStringIncludes(out, `${first}\n`);
});

Deno.test("services: the server answers what is under way after SIGTERM, then ends", async () => {
  await using program = await Program.of("services.md", "service.ts", ["--allow-net=127.0.0.1"]);
  const command = [...program.command, "0"];
  await using service = new RunningProcess(command, { cwd: program.folder });
  const [, origin] = await service.finds((read) => /^Listening on (\S+)$/m.exec(read));
  const ask = async (path: string) => await (await fetch(`${origin}${path}`)).text();
  assertEquals(await ask("/20"), "6765");
  assertEquals(await ask("/x"), "Ask for /0 to /60\n");
  assertEquals(await ask("/60"), "This takes too long\n");
  const slow = ask("/32");
  while (JSON.parse(await ask("/health")).busy === 0);
  service.kill("SIGTERM");
  assertEquals(await slow, "2178309");
  const { code, out, err } = await service.ended();
  assertMatch(out, /Stopping: no new connections\nEvery request was answered\n$/);
  assertEquals([code, err.replaceAll(/^(?:Check|Download) .*\n/gm, "")], [143, ""]);
});

Deno.test("The programs of the guide have the right types", async () => {
  await using mean = await Program.of("tutorial/7_all_cores.md", "mean.ts");
  const others = { "tutorial/8_a_service.md": "weather.ts", "services.md": "service.ts" };
  for (const [page, name] of Object.entries(others)) {
    await using program = await Program.of(page, name);
    await Deno.copyFile(`${program.folder}/${name}`, `${mean.folder}/${name}`);
  }
  const { code, err } = await runToEnd(["check", "."], { cwd: mean.folder });
  assertEquals(code, 0, err);
});

/** Pages whose programs have a test of their own. */
const elsewhere: Readonly<Record<string, string>> = {
  "finding_a_hang.md": "tests/examples/finding_a_hang_test.ts",
  "more_than_one_machine.md": "tests/bullmq/guide_test.ts",
};

Deno.test("Every program of the guide that does not run as an example is run by a test", async () => {
  const here = await readSource("tests/examples/guide_programs_test.ts");
  for (const folder of ["docs/guide", "docs/guide/tutorial"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
      if (!isFile) continue;
      const text = await readSource(`${folder}/${name}`);
      if (elsewhere[name] !== undefined) {
        assertStringIncludes(await readSource(elsewhere[name]), `${folder}/${name}`);
        continue;
      }
      const programs = programsOf(text);
      assertEquals(text.match(/^```ts ignore/gm)?.length ?? 0, programs.size, name);
      for (const program of programs.keys()) assertStringIncludes(here, `"${program}"`, name);
    }
  }
});
