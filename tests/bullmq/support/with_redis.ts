/** Whether there is a `redis-server`: without one the tests of this folder are left out. */
const there = await hasRedis();

if (!there && Deno.env.get("STRAND_REDIS") === "required") {
  throw new Error("redis-server is not there, and STRAND_REDIS=required");
}

/** A test that needs a `redis-server`. */
export function redisTest(name: string, fn: () => Promise<void>): void {
  if (there) Deno.test(name, fn);
}

async function hasRedis(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("redis-server", { args: ["--version"] }).output();
    return success;
  } catch {
    return false;
  }
}
