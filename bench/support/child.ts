/** What a child process printed, and whether it ended well. */
export interface Outcome {
  ok: boolean;
  stdout: string;
}

/** Options of {@linkcode runChild}. */
export interface ChildOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** How many milliseconds it may take before it is killed. */
  timeout?: number;
  /** Whether what it says on its standard error is passed on. */
  loud?: boolean;
}

/** Run a program to its end. One that cannot be started has not ended well. */
export async function runChild(
  command: string,
  args: string[],
  { env = {}, timeout = 180_000, loud = false }: ChildOptions = {},
): Promise<Outcome> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout);
  try {
    const child = new Deno.Command(command, {
      args,
      env: { ...env, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: loud ? "inherit" : "null",
      signal: limit.signal,
    });
    const { success, stdout } = await child.output();
    return { ok: success, stdout: new TextDecoder().decode(stdout) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { ok: false, stdout: "" };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
