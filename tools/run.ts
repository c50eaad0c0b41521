/**
 * Runs a Deno command with the `@std` packages from JSR, or from npm where JSR cannot be reached.
 *
 * Usage: deno run -A tools/run.ts <command> [arguments…]
 *
 * @module
 */
import { findStd } from "./std_source.ts";
import { runDeno } from "./deno_child.ts";
import { needsRedis, prepareRedis } from "./redis_server.ts";

const [command, ...args] = Deno.args;
if (command === undefined) {
  console.error("Usage: deno run -A tools/run.ts <command> [arguments...]");
  Deno.exit(2);
}

const std = await findStd();
console.log(std.line);
if (command === "test" && needsRedis(args)) console.log(await prepareRedis());
Deno.exit(await runDeno([command, ...std.flags, ...args]));
