import { assert, assertEquals } from "@std/assert";
import { ENTRIES, readDocumented } from "../support/documented.ts";
import { readSource } from "../support/module_graph.ts";

const ROOT = new URL("../../", import.meta.url);
const MAX_README = 220;
const MAX_PAGE = 300;

const guide = [...await listPages("docs/guide"), ...await listPages("docs/guide/tutorial")];
const texts = new Map<string, string>();
for (const page of ["README.md", "CONTRIBUTING.md", ...guide, ...await listPages("docs")]) {
  texts.set(page, await readSource(page));
}

/** The Markdown files of a folder, as paths from the root of the project. */
async function listPages(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isFile && name.endsWith(".md")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/** Where the links of a page lead, without those to the web. */
function linksOf(page: string): string[] {
  return Array.from(texts.get(page)!.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!)
    .filter((target) => !/^https?:/.test(target));
}

/** The path of what a link of a page leads to, from the root of the project. */
function resolve(page: string, target: string): string {
  return new URL(target.replace(/#.*/, ""), new URL(page, ROOT)).href.slice(ROOT.href.length);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function slugsOf(page: string): string[] {
  return Array.from(
    texts.get(page)!.matchAll(/^#+ (.+)$/gm),
    ([, title]) => title!.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-"),
  );
}

Deno.test("The README and the pages of the guide are short", () => {
  const lengths = Array.from(texts, ([page, text]) => ({ page, lines: text.split("\n").length }));
  const limit = (page: string) => page === "README.md" ? MAX_README : MAX_PAGE;
  assertEquals(lengths.filter(({ page, lines }) => lines - 1 > limit(page)), []);
});

Deno.test("No line of the README and the guide is too long to read, but for tables", () => {
  for (const [page, text] of texts) {
    const long = text.split("\n").filter((line) => line.length > 120 && !line.startsWith("|"));
    assertEquals(long, [], page);
  }
});

Deno.test("A page of the guide says what it is for, and links to the API", () => {
  for (const page of guide) {
    const text = texts.get(page)!;
    assert(/^# .+\n\nThis page is for /.test(text), page);
    assert(text.includes("https://jsr.io/@strand/strand/doc"), page);
  }
});

Deno.test("The links of the README and the guide lead somewhere", async () => {
  let count = 0;
  for (const page of texts.keys()) {
    for (const target of linksOf(page)) {
      count++;
      const anchor = target.split("#")[1];
      const path = target.startsWith("#") ? page : resolve(page, target);
      assert(await exists(path), `${page}: ${target}`);
      if (anchor !== undefined) assert(slugsOf(path).includes(anchor), `${page}: ${target}`);
    }
  }
  assert(count > 30, "Found too few links");
});

Deno.test("Every page is reached from the README in two clicks", () => {
  const reached = new Set(["README.md"]);
  for (let click = 0; click < 2; click++) {
    for (const page of [...reached].filter((page) => texts.has(page))) {
      for (const target of linksOf(page)) {
        if (!target.startsWith("#")) reached.add(resolve(page, target));
      }
    }
  }
  assertEquals([...texts.keys()].filter((page) => !reached.has(page)), []);
});

Deno.test("llms.txt names every page of the guide", async () => {
  const list = await readSource("llms.txt");
  assertEquals(
    guide.filter((page) => !page.includes("/tutorial/") && !list.includes(`](${page})`)),
    [],
  );
});

Deno.test("A search of the README and the guide finds every exported name and every option", async () => {
  const found = new Set(
    ["README.md", ...guide].flatMap((page) => texts.get(page)!.match(/\w+/g) ?? []),
  );
  const missing: string[] = [];
  let options = 0;
  for (const entry of Object.values(ENTRIES)) {
    const symbols = await readDocumented(entry);
    missing.push(...symbols.map(({ name }) => name).filter((name) => !found.has(name)));
    for (const { name, declarations } of symbols) {
      if (!name.endsWith("Options")) continue;
      JSON.stringify(declarations, (key, value) => {
        if (key !== "properties" || !Array.isArray(value)) return value;
        for (const property of value as { name?: string }[]) {
          if (property.name === undefined) continue;
          options++;
          if (!found.has(property.name)) missing.push(`${name}.${property.name}`);
        }
        return value;
      });
    }
  }
  assert(options > 60, `Found only ${options} options`);
  assertEquals([...new Set(missing)], []);
});

Deno.test("Every test that the invariants and the facts name exists", async () => {
  const tests: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
      if (isDirectory) await walk(`${folder}/${name}`);
      else if (name.endsWith("_test.ts")) tests.push(await readSource(`${folder}/${name}`));
    }
  };
  await walk("tests");
  for (const page of ["docs/INVARIANTS.md", "docs/RUNTIME.md"]) {
    const text = texts.get(page)!.replaceAll(/\s+/g, " ");
    const named = Array.from(text.matchAll(/"([^"`]{20,})"/g), ([, name]) => name!);
    assert(named.length > 8, `Found only ${named.length} tests in ${page}`);
    assertEquals(named.filter((name) => !tests.some((source) => source.includes(`"${name}"`))), []);
    for (const [, path] of text.matchAll(/`(tests\/[\w/]+\.ts)`/g)) {
      assert((await Deno.stat(new URL(path!, ROOT))).isFile, path);
    }
  }
});
