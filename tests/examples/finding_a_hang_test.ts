import { assert, assertEquals } from "@std/assert";
import { RunningProcess, runToEnd } from "../support/running_process.ts";
import { readSource } from "../support/module_graph.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

const page = await readSource("docs/guide/finding_a_hang.md");

/** The program of a section, and the lines that it prints. */
function sectionOf(title: string): { program: string; prints: string[] } {
  const section = page.split(/^## /m).find((one) => one.startsWith(title));
  const block = (language: string) => {
    return new RegExp("^```" + language + "\n(.*?)\n```$", "ms").exec(section!)![1]!;
  };
  const program = block("ts ignore").replaceAll('"@strand/strand"', JSON.stringify(MOD));
  return { program, prints: block("text").split("\n").map(normal) };
}

/** A line without what differs from one run to the next: durations and places. */
function normal(line: string): string {
  return line.replaceAll(/\d+(\.\d)? (ms|s|min)\b/g, "<time>")
    .replaceAll(/file:\S+?(:\d+:\d+)/g, "<file>$1");
}

/** What was printed has these lines, one after another; a long one may go on. */
function assertPrints(text: string, lines: string[]): void {
  const printed = text.split("\n").map(normal);
  const at = printed.indexOf(lines[0]!) >= 0
    ? printed.indexOf(lines[0]!)
    : printed.findIndex((line) => line.startsWith(lines[0]!));
  assert(at >= 0, `${lines[0]} is not in\n${text}`);
  let next = at;
  for (const line of lines) {
    while (next < printed.length && !printed[next]!.startsWith(line)) next++;
    assert(next < printed.length, `${line} is not in its place in\n${text}`);
    next++;
  }
}

async function withFile<T>(program: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/hang.ts`;
    await Deno.writeTextFile(file, program);
    return await use(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ENDS: Record<string, number> = {
  "Two locks": 1,
  "A limit over": 0,
  "A loop that": 0,
};

for (const [title, exitCode] of Object.entries(ENDS)) {
  Deno.test(`Finding a hang: ${title} … prints what the guide says`, async () => {
    const { program, prints } = sectionOf(title);
    const { code, err } = await withFile(program, (file) => {
      return runToEnd(["run", "--no-check", "--no-config", "--allow-read", file]);
    });
    assertPrints(err, prints);
    assertEquals(code, exitCode, err);
  });
}

/** Programs that go on, and when they do so. */
const ASKED: Record<string, string> = {
  "A queue without": "b\n",
  "A worker that": "resizing\n",
};

for (const [title, said] of Object.entries(ASKED)) {
  Deno.test(`Finding a hang: ${title} … prints what the guide says when it is asked`, async () => {
    const { program, prints } = sectionOf(title);
    // It says when the signal is there, and it was answered.
    const heard =
      `Deno.addSignalListener("SIGQUIT", () => setTimeout(() => console.log("asked"), 20));`;
    await withFile(program.replace("\n\n", `\n${heard}\n`), async (file) => {
      await using running = new RunningProcess(["run", "--no-check", "--no-config", "-A", file]);
      await running.finds((read) => read.includes(said) || undefined);
      running.kill("SIGQUIT");
      await running.finds((read) => read.includes("asked") || undefined);
      running.kill("SIGINT");
      const { code, err } = await running.ended();
      assertPrints(err, prints);
      assertEquals(code, 130, err);
    });
  });
}
