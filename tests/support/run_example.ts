import { assertEquals } from "@std/assert";
import { type Ending, RunningProcess, runToEnd } from "./running_process.ts";

const ROOT = new URL("../../", import.meta.url);

/** How to run an example. */
export interface ExampleOptions {
  /** The program's own arguments. */
  args?: string[];
  /** The least permissions that it needs, as flags. */
  permissions?: string[];
  /** Environment variables on top of the current ones. */
  env?: Record<string, string>;
}

function argsOf(name: string, { args = [], permissions = [] }: ExampleOptions): string[] {
  return ["run", "--no-prompt", ...permissions, `examples/${name}`, ...args];
}

/** Runs `examples/<name>` to its end. */
export function runExample(name: string, options: ExampleOptions = {}): Promise<Ending> {
  const { env = {} } = options;
  return runToEnd(argsOf(name, options), { cwd: ROOT, env });
}

/** Runs an example that should succeed silently; gives its lines. */
export async function linesOf(name: string, options: ExampleOptions = {}): Promise<string[]> {
  const { code, out, err } = await runExample(name, options);
  assertEquals(err, "");
  assertEquals(code, 0);
  return out.trimEnd().split("\n");
}

/** An example that runs on its own until it is told to stop. */
export class RunningExample extends RunningProcess {
  constructor(name: string, options: ExampleOptions = {}) {
    const { env = {} } = options;
    super(argsOf(name, options), { cwd: ROOT, env });
  }

  /** Waits until what it has printed matches; returns the match. */
  seen(pattern: RegExp): Promise<RegExpExecArray> {
    return this.finds((read) => pattern.exec(read));
  }
}
