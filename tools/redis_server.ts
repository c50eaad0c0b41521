/** What it takes to test more than one machine: a `redis-server`. */

/** A test run that names other files only needs none. */
const NEEDED_BY = /^(?:\.\/)?(?:tests\/?$|tests\/bullmq|\.$)/;

/** Whether a test run with these arguments has tests that need a `redis-server`. */
export function needsRedis(args: readonly string[]): boolean {
  const paths = args.filter((arg) => !arg.startsWith("-"));
  return paths.length === 0 || paths.some((path) => NEEDED_BY.test(path));
}

/**
 * Look for a `redis-server`, and install Debian's where that is possible: as root, with apt. Gives one
 * line for the person at the terminal.
 */
export async function prepareRedis(): Promise<string> {
  const version = await redisVersion();
  if (version !== undefined) return `redis-server ${version}`;
  if (Deno.build.os === "linux" && Deno.uid() === 0 && await runs("apt-get", ["--version"])) {
    const install = ["install", "-y", "-q", "--no-install-recommends", "redis-server"];
    const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    const done = await runs("apt-get", install, env) ||
      await runs("apt-get", ["update", "-q"], env) && await runs("apt-get", install, env);
    const installed = done ? await redisVersion() : undefined;
    if (installed !== undefined) return `redis-server ${installed}, installed by apt-get`;
  }
  return "redis-server is not there and cannot be installed: the tests in tests/bullmq are left out";
}

async function redisVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("redis-server", { args: ["--version"] }).output();
    return /v=(\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch {
    return undefined;
  }
}

async function runs(name: string, args: string[], env: Record<string, string> = {}) {
  try {
    const { success } = await new Deno.Command(name, { args, env, stdin: "null" }).output();
    return success;
  } catch {
    return false;
  }
}
