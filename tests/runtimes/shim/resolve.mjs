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

const SHIMS = { Deno: "deno.mjs", Worker: "worker.mjs" };

/** The source of a test, which finds `Deno` and `Worker` among its imports. */
export function withShims(url, source, addressOf = (url) => url.href) {
  if (!url.startsWith(TESTS.href)) return source;
  const path = url.slice(TESTS.href.length);
  if (path.startsWith("runtimes/")) return source;
  // Also in functions that go to a worker, where there is no stand-in.
  source = source.replaceAll(/\bDeno\.(?=exit\(|kill\(|pid\b)/g, "process.");
  if (path.includes("/fixtures/")) return source;
  let imports = "";
  for (const [name, file] of Object.entries(SHIMS)) {
    if (!new RegExp(`\\b(?:${name}\\.|new ${name}\\()`).test(source)) continue;
    imports += `import { ${name} } from ${
      JSON.stringify(addressOf(new URL(file, import.meta.url)))
    }; `;
  }
  return imports + source;
}
