import { assert, assertEquals } from "@std/assert";
import { ENTRIES, examplesOf, readDocumented } from "./support/documented.ts";
import { readSource } from "./support/module_graph.ts";

const symbols = await readDocumented();

/** The names that a block imports from the package, and the block without its imports. */
function takeApart(code: string): { imported: string[]; rest: string } {
  const imports = /^import \{([^}]*)\} from "([^"]+)";\n/gm;
  const imported = Array.from(code.matchAll(imports))
    .filter(([, , from]) => from === "@strand/strand")
    .flatMap(([, names = ""]) => names.split(",").map((name) => name.trim().replace(/^type /, "")));
  return { imported, rest: code.replaceAll(imports, "").replaceAll(/\/\/.*|\/\*[^]*?\*\//g, "") };
}

Deno.test("mod.ts has symbols of every kind", () => {
  const kinds = new Set(
    symbols.flatMap(({ declarations }) => declarations.map(({ kind }) => kind)),
  );
  assertEquals([...kinds].sort(), ["class", "function", "interface", "typeAlias"]);
  assert(symbols.length > 90, `Found only ${symbols.length} symbols`);
});

Deno.test("Every exported symbol, in every declaration, says what it is", () => {
  const silent = symbols.filter(({ declarations }) =>
    !declarations.every(({ jsDoc }) => jsDoc?.doc?.trim())
  );
  assertEquals(silent.map(({ name }) => name), []);
});

Deno.test("Every entry says what it is and shows how it is used, and all that it exports says what it is", async () => {
  for (const [name, file] of Object.entries(ENTRIES)) {
    const [, doc = ""] = /^\/\*\*\n([^]*?@module)\n \*\//.exec(await readSource(file)) ?? [];
    assert(/ \* ```ts[^]*```/.test(doc), `${file} has no module doc with an example`);
    assert(doc.includes(`"${name}"`), `The example of ${file} does not import ${name}`);
    const silent = (await readDocumented(file)).filter(({ declarations }) =>
      !declarations.every(({ jsDoc }) => jsDoc?.doc?.trim())
    );
    assertEquals(silent.map(({ name }) => name), [], file);
  }
});

Deno.test("Every exported class and function says what it is in CPython, or that it is not there", () => {
  const silent = symbols.filter(({ declarations }) => {
    const values = declarations.filter(({ kind }) => kind === "class" || kind === "function");
    return values.length > 0 && !values.some(({ jsDoc }) => /\bCPython\b/.test(jsDoc?.doc ?? ""));
  });
  assertEquals(silent.map(({ name }) => name), []);
});

Deno.test("Every exported symbol has an example that imports it, uses it and asserts", () => {
  const without = symbols.filter((symbol) =>
    !examplesOf(symbol).some((code) => {
      const { imported, rest } = takeApart(code);
      const used = new RegExp(`\\b${symbol.name}\\b`).test(rest);
      return imported.includes(symbol.name) && used && /\bassert\w*\(/.test(rest);
    })
  );
  assertEquals(without.map(({ name }) => name), []);
});

// What newcomers write first is `timeout(200, () => fetch(url))`, which nothing can stop.
Deno.test("The first example of what waits for functions passes the signal on to fetch", () => {
  const wanted = [
    "createTask",
    "ensureFuture",
    "gather",
    "moveOnAfter",
    "race",
    "TaskGroup",
    "timeout",
    "timeoutAt",
    "waitFor",
  ];
  const without = wanted.filter((name) => {
    const [first = ""] = examplesOf(symbols.find((symbol) => symbol.name === name)!);
    return !/\bfetch\(\w+, \{ signal \}\)/.test(first);
  });
  assertEquals(without, []);
});
