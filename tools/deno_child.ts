const FORWARDED: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Since Deno 2.8 leaked timers, operations and resources fail a test only where this asks for it. */
const SANITIZERS = { DENO_TEST_SANITIZE_OPS: "1", DENO_TEST_SANITIZE_RESOURCES: "1" };

/** Runs this Deno with `args` on the same terminal, passes signals on, and gives the exit code. */
export async function runDeno(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: SANITIZERS,
    stdin: "inherit",
  }).spawn();
  const listeners = FORWARDED.map((signal) => ({ signal, pass: () => pass(child, signal) }));
  for (const { signal, pass } of listeners) Deno.addSignalListener(signal, pass);
  try {
    return (await child.status).code;
  } finally {
    for (const { signal, pass } of listeners) Deno.removeSignalListener(signal, pass);
  }
}

function pass(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // A TypeError: the child has ended already.
  }
}
