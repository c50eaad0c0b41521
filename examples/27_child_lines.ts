/**
 * The lines of a child process, one by one as they come, under two limits: one for the whole, and one
 * that starts anew with every line. What ends the reading ends the child, too.
 *
 * Python: `asyncio.create_subprocess_exec`, `async for line in process.stdout`, `asyncio.timeout`.
 *
 * Run it: `deno run --allow-run examples/27_child_lines.ts`
 *
 * @module
 */
import {
  cancellable,
  ensureFuture,
  run,
  type Timeout,
  timeout,
  TimeoutError,
} from "@strand/strand";
import { linesOf } from "./support/lines.ts";

/** A child that writes so many lines, and then nothing for a long time if it is to hang. */
function chatter(lines: number, hangs: boolean): string {
  const silence = hangs ? "setTimeout(() => {}, 600_000);" : "";
  return `for (let n = 1; n <= ${lines}; n++) console.log("line " + n); ${silence}`;
}

/** The lines of a program in the language of Deno, and nothing of it is left at the end. */
async function* linesOfProgram(code: string): AsyncGenerator<string> {
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" })
    .spawn();
  let over = false;
  try {
    // A foreign stream: each step becomes a cancellation point, and leaving it closes the stream.
    yield* linesOf(cancellable(child.stdout));
    const { code } = await ensureFuture(child.status);
    over = true;
    if (code !== 0) throw new Error(`The child ended with ${code}`);
  } finally {
    if (!over) child.kill("SIGKILL");
    await child.status; // it has really ended
  }
}

/** Reads all lines; each may take `silenceMs`. */
async function read(code: string, silenceMs: number): Promise<string[]> {
  const lines: string[] = [];
  const silent = (limit: Timeout) => limit.reschedule(performance.now() + silenceMs);
  try {
    await timeout(silenceMs, async (limit) => {
      for await (const line of linesOfProgram(code)) {
        lines.push(line);
        silent(limit); // a sign of life
      }
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    lines.push(`(silent for too long)`);
  }
  return lines;
}

async function main(): Promise<void> {
  console.log((await read(chatter(3, false), 60_000)).join(", "));
  console.log((await read(chatter(2, true), 3_000)).join(", "));
  // The whole has a limit of its own, whatever the child says.
  const whole = timeout(3_000, () => read(chatter(1, true), 60_000));
  console.log(await whole.catch((error) => `the whole: ${error.name}`));
}

if (import.meta.main) await run(main);
