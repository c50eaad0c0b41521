/** Runs one test file in Node or Bun; a line of JSON says of each test how it went. */
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { runTests } from "./deno.mjs";

const say = (result) => writeSync(1, `\u0001${JSON.stringify(result)}\n`);

await import(pathToFileURL(process.argv[2]).href);
for await (const { name, error } of runTests()) {
  say({ name, error: error === undefined ? undefined : String(error?.stack ?? error) });
}
say({ end: true });
process.exit(0);
