import { runOrThrow } from "../../tests/runtimes/npm_package.ts";
import { install } from "../../tests/runtimes/toolbox.ts";
import { pageOfExample } from "./page_of_example.ts";

const ROOT = new URL("../../", import.meta.url);

/** What makes pages of Markdown, and the playground of TypeScript; both are used by the site alone. */
const TOOLS = { "esbuild": "0.28.2", "vitepress": "1.6.4" };

/** VitePress' own look, with our colours. */
const THEME =
  'import Theme from "vitepress/theme";\nimport "./style.css";\nexport default Theme;\n';

/** What of the project becomes pages as it is. */
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "docs",
  "tests/README.md",
  "bench/README.md",
  "bench/REPORT.md",
];

/** Build the site into a folder. */
export async function buildSite(folder: string): Promise<void> {
  const out = await emptied(folder);
  const tools = await install("strand-site", TOOLS);
  const source = await emptied(`${tools}/site`);
  await gatherPages(source);
  await Promise.all([buildStage(source, tools), buildApi(source)]);
  await runOrThrow(
    `${tools}/node_modules/.bin/vitepress`,
    ["build", source, "--outDir", out],
    tools,
  );
}

/** Copy everything that is a page, so that links from one to another hold. */
async function gatherPages(source: string): Promise<void> {
  for (const path of PAGES) await copy(path, `${source}/${path}`);
  await copy("LICENSE", `${source}/public/LICENSE`);
  await copy("bench/charts", `${source}/bench/charts`);
  await copy("site/style.css", `${source}/.vitepress/theme/style.css`);
  await Deno.writeTextFile(`${source}/.vitepress/theme/index.js`, THEME);
  await copy("site/config.js", `${source}/.vitepress/config.js`);
  for (const name of ["index.md", "playground.md", "playground"]) {
    await copy(`site/${name}`, `${source}/${name}`);
  }
  await Deno.mkdir(`${source}/examples`);
  for await (const { name, isDirectory } of Deno.readDir(new URL("examples/", ROOT))) {
    const page = `${source}/examples/${name.replace(/\.ts$/, "")}.md`;
    await Deno.writeTextFile(page, await pageOfExample(name, isDirectory));
  }
}

/**
 * The worker in which programs of the playground run: in it an `await` is a call, so that what goes
 * along with code can be followed.
 */
async function buildStage(source: string, tools: string): Promise<void> {
  const lowered = ["async-await", "async-generator", "for-await"];
  await runOrThrow(`${tools}/node_modules/.bin/esbuild`, [
    `${source}/playground/stage.ts`,
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    `--alias:@strand/strand=${new URL("mod.ts", ROOT).pathname}`,
    ...lowered.map((feature) => `--supported:${feature}=false`),
    `--outfile=${source}/public/playground/stage.js`,
  ], tools);
}

async function buildApi(source: string): Promise<void> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  await runOrThrow("deno", [
    "doc",
    "--html",
    "--name=Strand",
    `--output=${source}/public/api`,
    ...Object.values<string>(exports),
  ], ROOT);
}

/** The absolute path of a folder that is there, and empty. */
async function emptied(folder: string): Promise<string> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  return await Deno.realPath(folder);
}

/** Copy a file or folder of the project; in Markdown, links to examples lead to their pages. */
async function copy(path: string, to: string): Promise<void> {
  const from = new URL(path, ROOT);
  if ((await Deno.stat(from)).isDirectory) {
    for await (const { name } of Deno.readDir(from)) await copy(`${path}/${name}`, `${to}/${name}`);
    return;
  }
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  if (!path.endsWith(".md")) return await Deno.copyFile(from, to);
  const text = await Deno.readTextFile(from);
  const linked = text.replaceAll(/\]\(((?:\.\.\/)*examples\/\w+)(?:\.ts)?\)/g, "]($1.md)");
  await Deno.writeTextFile(to, linked);
}
