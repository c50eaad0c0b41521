/**
 * Programs of users that run, are interrupted and end, each in a process of its own: what a program on
 * Node or Bun says, and the exit code that a shell sees.
 *
 * @module
 */
import { type Ending, RunningProcess } from "../support/running_process.ts";
import type { Outcome } from "./outcome.ts";
import { type Program, PROGRAMS } from "./program_table.ts";
import { REJECTIONS } from "./rejection_table.ts";

/** A runtime and its programs' place. */
export interface Console {
  readonly command: string;
  /** Its name with the version: "node 20", "bun". */
  readonly name: string;
  /** The folder that finds the package. */
  readonly npm: string;
}

/** Run all of them. */
export async function runPrograms(runtime: Console): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: [], skipped: 0 };
  const folder = `${runtime.npm}/programs-${runtime.name.replace(" ", "-")}`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  const judge = async (name: string, run: () => Promise<string[]>) => {
    const wrong = await run().catch((error) => [String(error)]);
    if (wrong.length === 0) outcome.passed++;
    else {
      outcome.failed.push(`${name}:\n    ${wrong.join("\n    ")}`);
      console.log("failed:", name);
    }
  };
  for (const program of PROGRAMS) {
    if (program.not?.test(runtime.name)) outcome.skipped++;
    else await judge(program.name, () => runProgram(runtime, folder, program));
  }
  for (const { name, not, source, flags = [] } of REJECTIONS) {
    if (not?.test(runtime.name)) {
      outcome.skipped++;
      continue;
    }
    const end = async (file: string, prelude: string) => {
      await Deno.writeTextFile(`${folder}/${file}`, prelude + source);
      const ending = await endOf(runtime, [...flags, file], folder);
      return show({ ...ending, err: wordsOf(ending.err) });
    };
    await judge(`rejections as ever: ${name}`, async () => {
      const [plain, ours] = [
        await end("plain.mjs", LATER),
        await end("ours.mjs", CANCELLED_BESIDE),
      ];
      return ours === plain ? [] : [`without the library ${plain}`, `with it ${ours}`];
    });
  }
  return outcome;
}

/** The library is there, and a wait that was cancelled has left a rejection, which nobody hears of. */
const CANCELLED_BESIDE = `import { createTask, sleep } from "@strand/strand"; ` +
  `const beside = () => createTask(async () => { (async () => await sleep(9e9))(); await sleep(9e9); }).cancel(); ` +
  `beside(); await sleep(5); `;

async function runProgram(
  { command }: Console,
  folder: string,
  { files, source, steps = [], code, signal: by, out, err, flags = [] }: Program,
): Promise<string[]> {
  const signal = by ?? null;
  for (const [name, text] of Object.entries(files ?? {})) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const file = `${folder}/main.mjs`;
  await Deno.writeTextFile(file, source);
  await using running = new RunningProcess([...flags, file], { cwd: folder, command });
  const timer = setTimeout(() => running.kill("SIGKILL"), LIMIT_MS);
  try {
    for (const [text, ...signals] of steps) {
      await running.finds((read) => read.includes(text) || undefined);
      for (const signal of signals) running.kill(signal);
    }
    const ending = await running.ended();
    const wrong: string[] = [];
    if (ending.code !== code || ending.signal !== signal || ending.out !== out) {
      wrong.push(show(ending));
    } else if (err === "" ? ending.err !== "" : !ending.err.includes(err ?? "")) {
      wrong.push(show(ending));
    }
    return wrong.length === 0
      ? []
      : [...wrong, `wanted ${show({ code, signal, out, err: err ?? "" })}`];
  } finally {
    clearTimeout(timer);
  }
}

const LIMIT_MS = 30_000;

async function endOf({ command }: Console, args: string[], cwd: string): Promise<Ending> {
  await using running = new RunningProcess(args, { cwd, command });
  const timer = setTimeout(() => running.kill("SIGKILL"), LIMIT_MS);
  const ending = await running.ended();
  clearTimeout(timer);
  return ending;
}

/** The same without the library. */
const LATER = `await new Promise((go) => setTimeout(go, 5)); `;

/** What of an error does not depend on where it stands in the file. */
function wordsOf(err: string): string {
  const words = err.split("\n").filter((line) => {
    return /^\w*(?:Error|Warning)|^\(node|^Uncaught|^error:/.test(line);
  });
  // Bun says some things twice, and in another order than they came in.
  return [...new Set(words.map((line) => line.replace(/\(node:\d+\)/, "(node)")))].sort().join(
    "\n",
  );
}

function show({ code, signal, out, err }: Ending): string {
  return JSON.stringify({ code, signal, out, err });
}
