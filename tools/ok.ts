/**
 * The gate: every check a change has to pass, one after another, and a verdict on each.
 *
 * @module
 */
import { findStd } from "./std_source.ts";
import { runDeno } from "./deno_child.ts";
import { prepareRedis } from "./redis_server.ts";

const std = await findStd();
console.log(std.line);
console.log(await prepareRedis());

const steps: Record<string, string[]> = {
  "formatting": ["fmt", "--check"],
  "lint": ["lint"],
  "types": ["check", ...std.flags, "."],
  "doc lint": ["doc", "--lint", "mod.ts", "worker.ts", "observe.ts", "bullmq.ts"],
  "architecture": ["test", ...std.flags, "-A", "tests/architecture_test.ts"],
  "tests, doc tests, leaks": ["test", ...std.flags, "-A", "--doc"],
  "publish dry run": ["publish", "--dry-run", "--allow-dirty"],
};

const verdicts: string[] = [];
let failed = 0;
for (const [name, args] of Object.entries(steps)) {
  console.log(`\n== ${name}: deno ${args.filter((arg) => !std.flags.includes(arg)).join(" ")}`);
  const start = performance.now();
  const code = await runDeno(args);
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  verdicts.push(`${code === 0 ? "pass" : "FAIL"}  ${name} (${seconds} s)`);
  if (code !== 0) failed++;
  if (code > 128) break; // Ended by a signal: the person wants out.
}

console.log(`\n${verdicts.join("\n")}`);
console.log(failed === 0 ? "\nThe gate is open." : `\nThe gate is shut: ${failed} failed.`);
Deno.exit(failed === 0 ? 0 : 1);
