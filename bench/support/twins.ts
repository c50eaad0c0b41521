import { runChild } from "./child.ts";
import { median } from "./ratio.ts";

/** One program in both languages. */
export interface Twin {
  program: string;
  /** Milliseconds here and there. */
  ours: number;
  theirs: number;
}

interface Python {
  command: string;
  env: Record<string, string>;
  version: string;
}

/** What is run, and in how many rounds in turn. */
const PROGRAMS: { file: string; program: string; rounds: number }[] = [
  { file: "gathered", program: "gather 100,000 coroutines", rounds: 3 },
  { file: "bounded_queue", program: "100,000 items through a Queue of 64", rounds: 3 },
  {
    file: "semaphore_of_ten",
    program: "10,000 tasks at a Semaphore of 10, sleep(0) inside",
    rounds: 3,
  },
  { file: "primes", program: "is_prime x 100, pool of 2, its start included", rounds: 1 },
];

/** Python 3.13, or the newest that has task groups; `undefined` where there is none. */
export async function findPython(): Promise<Python | undefined> {
  const env = { PYTHONDONTWRITEBYTECODE: "1" };
  let found: Python | undefined;
  for (
    const [command, extra] of [
      ["python3.13", {}],
      // A version manager wants to be told.
      ["python3.13", { PYENV_VERSION: "3.13" }],
      ["python3", {}],
    ] as const
  ) {
    const { ok, stdout } = await runChild(command, ["--version"], { env: { ...env, ...extra } });
    const version = /^Python (3\.(\d+)\.\S+)/.exec(stdout);
    if (!ok || version === null || Number(version[2]) < 11) continue;
    const python = { command, env: { ...env, ...extra }, version: version[1]! };
    if (version[2] === "13") return python;
    found ??= python;
  }
  return found;
}

/** Run every program in both languages, in turn. */
export async function runTwins(python: Python): Promise<Twin[]> {
  const twins: Twin[] = [];
  for (const { file, program, rounds } of PROGRAMS) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await time(Deno.execPath(), ["run", "-A", at(`${file}.ts`)], {}));
      theirs.push(await time(python.command, [at(`${file}.py`)], python.env));
    }
    const twin = { program, ours: median(ours), theirs: median(theirs) };
    console.error(`${program}: ${twin.ours.toFixed(0)} ms, Python ${twin.theirs.toFixed(0)} ms`);
    twins.push(twin);
  }
  return twins;
}

async function time(command: string, args: string[], env: Record<string, string>): Promise<number> {
  const { ok, stdout } = await runChild(command, args, { env, loud: true });
  if (!ok) throw new Error(`A twin failed: ${args.at(-1)}`);
  return Number(stdout.trim());
}

function at(file: string): string {
  return Deno.realPathSync(new URL(`../twins/${file}`, import.meta.url));
}
