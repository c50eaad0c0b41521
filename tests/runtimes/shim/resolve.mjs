/**
 * Where the imports of the project's own sources lead in Node and Bun: as the import map of the tests
 * says, with packages from npm in the folder that STRAND_NPM names.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const TESTS = new URL("../../", import.meta.url);
const { imports } = JSON.parse(readFileSync(new URL("import_map.json", TESTS), "utf8"));
const require = createRequire(`${process.env.STRAND_NPM}/package.json`);

/** The URL that a specifier stands for; `undefined` if it is the runtime's to know. */
export function resolve(specifier) {
  const mapped = imports[specifier] ?? specifier;
  if (mapped.startsWith("npm:")) {
    const [, name, path = ""] = /^npm:(@?[^@]+)@[\d.]+(\/.*)?$/.exec(mapped);
    return pathToFileURL(require.resolve(name + path)).href;
  }
  return mapped === specifier ? undefined : new URL(mapped, TESTS).href;
}

/** The source of a test, which finds `Deno` among its imports. */
export function withDeno(url, source) {
  if (!url.startsWith(TESTS.href) || !/\bDeno\b/.test(source)) return source;
  if (/^runtimes\/|\/fixtures\//.test(url.slice(TESTS.href.length))) return source;
  const shim = JSON.stringify(new URL("deno.mjs", import.meta.url).href);
  return `import { Deno } from ${shim}; ${source}`;
}
