/**
 * The page of the checks as bundlers make it.
 *
 * @module
 */
import { runOrThrow } from "./npm_package.ts";

const SUITE = new URL("suite/", import.meta.url);

/** A bundled page. */
export interface Bundle {
  readonly folder: string;
  readonly script: string;
}

export const BUNDLERS = ["vite", "webpack", "esbuild"] as const;

export type Bundler = (typeof BUNDLERS)[number];

/** Bundle the page. `npm` is the folder that has the bundler and the package. */
export async function bundle(bundler: Bundler, npm: string): Promise<Bundle> {
  const folder = `${npm}/app-${bundler}`;
  await copySuite(folder);
  return await BUILD[bundler](folder, `${npm}/node_modules/.bin`);
}

/** Make a project of the page. */
export async function copySuite(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  for await (const { name } of Deno.readDir(SUITE)) {
    await Deno.copyFile(new URL(name, SUITE), `${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/package.json`, `{ "type": "module", "private": true }`);
  const page = `<!doctype html><script type="module" src="./bundled_page.js"></script>`;
  await Deno.writeTextFile(`${folder}/index.html`, page);
}

const BUILD: Record<Bundler, (folder: string, bin: string) => Promise<Bundle>> = {
  async vite(folder, bin) {
    await runOrThrow(`${bin}/vite`, ["build", "--outDir", "out", "--base", "./"], folder);
    const html = await Deno.readTextFile(`${folder}/out/index.html`);
    return { folder: `${folder}/out`, script: /src="\.(\/[^"]+)"/.exec(html)![1]! };
  },
  async webpack(folder, bin) {
    const args = ["./bundled_page.js", "--mode", "production", "-o", "out"];
    await runOrThrow(`${bin}/webpack`, args, folder);
    return { folder: `${folder}/out`, script: "/main.js" };
  },
  async esbuild(folder, bin) {
    const args = ["bundled_page.js", "app_worker.js", "--bundle", "--minify", "--format=esm"];
    await runOrThrow(`${bin}/esbuild`, [...args, "--outdir=out"], folder);
    // It does not follow `new Worker(new URL(…))`.
    return { folder: `${folder}/out`, script: "/bundled_page.js?own=no" };
  },
};

/** How many bytes a page loads, minified and gzipped, that uses `sleep` and `gather` alone. */
export async function smallSize(npm: string): Promise<number> {
  const out = `${npm}/small.js`;
  const args = ["--bundle", "--minify", "--format=esm", `--outfile=${out}`];
  const entry = `${npm}/app-esbuild/small_page.js`;
  await runOrThrow(`${npm}/node_modules/.bin/esbuild`, [entry, ...args], npm);
  const zipped = new Blob([await Deno.readFile(out)]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(zipped).arrayBuffer()).byteLength;
}
