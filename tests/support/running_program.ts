import { type Ending, type ProcessOptions, RunningProcess, runToEnd } from "./running_process.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

function evaluate(source: string): string[] {
  return ["eval", "--ext=ts", source.replaceAll("$MOD", MOD)];
}

/** Runs a TypeScript program to its end; `$MOD` in its source stands for the library. */
export function runProgram(source: string, options: ProcessOptions = {}): Promise<Ending> {
  return runToEnd(evaluate(source), options);
}

/** A TypeScript program in a process of its own; `$MOD` in its source stands for the library. */
export class RunningProgram extends RunningProcess {
  #seen = 0;

  constructor(source: string) {
    super(evaluate(source));
  }

  /** Waits until `text` is printed after what was waited for before; gives the rest of its line. */
  says(text: string): Promise<string> {
    return this.finds((read) => {
      const at = read.indexOf(text, this.#seen);
      const end = read.indexOf("\n", at);
      if (at < 0 || end < 0) return undefined;
      this.#seen = end;
      return read.slice(at + text.length, end);
    });
  }
}
