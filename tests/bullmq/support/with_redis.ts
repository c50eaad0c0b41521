/** Whether there is a `redis-server`: without one the tests of this folder are left out. */
const there = await hasRedis();

if (!there && Deno.env.get("STRAND_REDIS") === "required") {
  throw new Error("redis-server is not there, and STRAND_REDIS=required");
}

/** How a test is to be watched. */
export interface RedisTestOptions {
  /**
   * ioredis leaves timers in it, which end by themselves some seconds later, in whichever test that
   * is: after replies of more than 32 KiB, and after connections that were never there.
   */
  large?: boolean;
}

/** A test that needs a `redis-server`. */
export function redisTest(
  name: string,
  fn: () => Promise<void>,
  { large = false }: RedisTestOptions = {},
): void {
  if (there) {
    Deno.test({ name, fn, ...large ? { sanitizeOps: false, sanitizeResources: false } : {} });
  }
}

async function hasRedis(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("redis-server", { args: ["--version"] }).output();
    return success;
  } catch {
    return false;
  }
}
