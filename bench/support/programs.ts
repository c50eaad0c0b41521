/** What whole processes cost. */
import { runChild } from "./child.ts";

const decoder = new TextDecoder();

function program(file: string): string[] {
  return [
    "run",
    "-A",
    "--no-check",
    Deno.realPathSync(new URL(`../programs/${file}`, import.meta.url)),
  ];
}

/** Run a program in Deno to its end. */
export async function runProgram(file: string): Promise<string> {
  const { ok, stdout } = await runChild(Deno.execPath(), program(file));
  if (!ok) throw new Error(`${file} failed`);
  return stdout.trim();
}

/** The processor time that a program takes in Deno, start and end included, in nanoseconds. */
export function processorTime(file: string): Promise<number> {
  return timed([Deno.execPath(), ...program(file)]);
}

/** The processor time of a command, in nanoseconds: as the shell counts it, for a child that has ended. */
export async function timed(command: string[]): Promise<number> {
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "bash", ...command],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = decoder.decode(stderr).trim();
  if (!success) throw new Error(`${command.join(" ")} failed:\n${text}`);
  const [user, system] = text.split("\n").at(-1)!.split(" ").map(Number);
  return (user! + system!) * 1e9;
}
