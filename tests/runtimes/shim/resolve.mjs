/**
 * Where the imports of the project's own sources lead in Node and Bun: as the import map of the tests
 * says, with packages from npm in the folder that STRAND_NPM names.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const TESTS = new URL("../../", import.meta.url);
const ROOT = new URL("../", TESTS);
const { imports } = JSON.parse(readFileSync(new URL("import_map.json", TESTS), "utf8"));

/** From where packages are found. */
export const NPM = pathToFileURL(`${process.env.STRAND_NPM}/package.json`).href;

/** What a specifier stands for: a URL, or the name of a package; `undefined` if it is the runtime's to know. */
export function resolve(specifier) {
  const mapped = imports[specifier] ?? specifier;
  if (mapped.startsWith("npm:")) {
    const [, name, path = ""] = /^npm:(@?[^@]+)@[\d.]+(\/.*)?$/.exec(mapped);
    return name + path;
  }
  return mapped === specifier ? undefined : new URL(mapped, TESTS).href;
}

const SHIMS = { Deno: "deno.mjs", Worker: "worker.mjs" };

/** What runs in workers, and is to find there what every program does; but for what notes into files. */
const WITHOUT_STAND_INS = /^tests\/(?!bullmq\/).*\/fixtures\//;

/** The source of a test, an example or a program of tests, with `Deno` and `Worker` among its imports. */
export function withShims(url, source, addressOf = (url) => url.href) {
  if (!url.startsWith(ROOT.href)) return source;
  const path = url.slice(ROOT.href.length);
  if (!/^(?:tests\/(?!runtimes\/)|examples\/)/.test(path)) return source;
  // Also in functions that go to a worker, where there is no stand-in.
  source = source.replaceAll(/\bDeno\.(?=exit\(|kill\(|pid\b)/g, "globalThis.process.");
  if (WITHOUT_STAND_INS.test(path)) return source;
  let imports = "";
  for (const [name, file] of Object.entries(SHIMS)) {
    if (!new RegExp(`\\b(?:${name}\\.|new ${name}\\()`).test(source)) continue;
    imports += `import { ${name} } from ${
      JSON.stringify(addressOf(new URL(file, import.meta.url)))
    }; `;
  }
  return imports + source;
}
