/**
 * The project's own test files, as they are, on another runtime: one process for each file.
 *
 * @module
 */
import { type Need, NEEDS_DENO, type Runtime } from "./needs_deno.ts";
import type { Outcome } from "./outcome.ts";

const ROOT = new URL("../../", import.meta.url);
const FILE_LIMIT_MS = 600_000;

/** How to run a file on a runtime. */
export interface Program {
  readonly runtime: Runtime;
  /** The executable and what stands before the file. */
  readonly command: readonly string[];
  /** The folder that has the packages from npm. */
  readonly npm: string;
}

/** Run every test file, or those whose path has `only` in it. */
export async function runOwnTests(program: Program, only = ""): Promise<Outcome> {
  const files = (await listTests("tests")).filter((file) => file.includes(only));
  const outcome: Outcome = { passed: 0, failed: [], skipped: 0 };
  for (const file of files) {
    const reason = reasonFor(file, program.runtime);
    if (reason !== undefined) {
      outcome.skipped++;
      needs.set(reason, (needs.get(reason) ?? 0) + 1);
    } else {
      const { passed, failed: { length }, skipped } = outcome;
      await runFile(program, file, outcome);
      for (const failed of outcome.failed.slice(length)) console.log(failed);
      const counts = [outcome.passed - passed, outcome.failed.length - length];
      console.log(file, "|", ...counts, outcome.skipped - skipped);
    }
  }
  return outcome;
}

/** What the tests that were not run need of Deno, and how many of them. */
export const needs: Map<string, number> = new Map();

async function runFile(program: Program, file: string, outcome: Outcome): Promise<void> {
  const [command, ...args] = program.command;
  const child = new Deno.Command(command!, {
    args: [...args, "tests/runtimes/shim/run_file.mjs", file],
    cwd: ROOT,
    env: { STRAND_NPM: program.npm, STRAND_LEFT_OUT: leftOut(program, file), NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), FILE_LIMIT_MS);
  const { stdout, stderr, code } = await child.output();
  clearTimeout(timer);
  let ended = false;
  const before = outcome.failed.length;
  for (const line of new TextDecoder().decode(stdout).split("\u0001").slice(1)) {
    const result = JSON.parse(line.slice(0, line.indexOf("\n")));
    if (result.end) ended = true;
    else if (result.needs !== undefined) {
      outcome.skipped++;
      needs.set(result.needs, (needs.get(result.needs) ?? 0) + 1);
    } else if (result.error === undefined) outcome.passed++;
    else outcome.failed.push(`${file}: ${result.name}\n${indent(result.error)}`);
  }
  if (ended) return;
  const text = new TextDecoder().decode(stderr).trim().split("\n").slice(-12).join("\n");
  const last = outcome.failed.length > before ? "" : `\n${indent(text)}`;
  outcome.failed.push(`${file}: ended before its tests did, with exit code ${code}${last}`);
}

/** Why a file is not run there; `undefined` if it is. */
function reasonFor(file: string, runtime: Runtime): string | undefined {
  return needsOf(file, runtime).find(({ tests }) => tests === undefined)?.feature;
}

/** For the program that runs a file: the tests that it is to leave out, and why. */
function leftOut({ runtime }: Program, file: string): string {
  return JSON.stringify(
    needsOf(file, runtime).map(({ tests, feature }) => ({ tests: tests?.source, feature })),
  );
}

function needsOf(file: string, runtime: Runtime): Need[] {
  return NEEDS_DENO.filter((one) =>
    file.endsWith(one.file) && (one.on ?? [runtime]).includes(runtime)
  );
}

async function listTests(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) found.push(...await listTests(`${folder}/${name}`));
    else if (name.endsWith("_test.ts")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

function indent(text: string): string {
  return text.split("\n").slice(0, 12).map((line) => `    ${line}`).join("\n");
}
