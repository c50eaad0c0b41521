/** Runs one test file in Node or Bun; a line of JSON says of each test how it went. */
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { defineListeners, missing, runTests } from "./deno.mjs";

function say(name, error, needs = error === undefined ? undefined : missing(error)) {
  const text = error === undefined ? undefined : String(error?.stack ?? error);
  writeSync(1, `\u0001${JSON.stringify({ name, needs, error: text })}\n`);
}

defineListeners();
try {
  await import(pathToFileURL(process.argv[2]).href);
} catch (error) {
  if (missing(error) === undefined) throw error;
  say("*", error);
}
for await (const { name, error, needs } of runTests()) say(name, error, needs);
writeSync(1, `\u0001{"end":true}\n`);
process.exit(0);
