/**
 * Pages as vite serves them while they are written: each module by itself, and packages put together.
 *
 * @module
 */
import { BrowserPage } from "./browser.ts";
import { copySuite } from "./bundles.ts";
import type { Outcome } from "./outcome.ts";

/** For a whole run of the checks in a page. */
const LIMIT_MS = 240_000;

/** The checks in a page of a project that is served by `vite`, and not built. */
export async function checkDev(npm: string, chromium: string, isolated: boolean): Promise<Outcome> {
  const folder = `${npm}/app-vite-dev`;
  await copySuite(folder);
  return await serveDev(folder, npm, isolated, async (address) => {
    await using page = await BrowserPage.open(chromium);
    await page.go(address, "globalThis.outcome", LIMIT_MS);
    return await page.value<Outcome>("globalThis.outcome");
  });
}

/**
 * Serve a project by `vite` while `use` runs.
 *
 * @param folder Below `npm`, where the packages are; those of a user are in the project itself.
 */
export async function serveDev<R>(
  folder: string,
  npm: string,
  isolated: boolean,
  use: (address: string) => Promise<R>,
): Promise<R> {
  const packages = `${folder}/node_modules/@strand`;
  await Deno.mkdir(packages, { recursive: true });
  await copyFolder(`${npm}/node_modules/@strand/strand`, `${packages}/strand`);
  if (isolated) {
    // As the example has it.
    const config = new URL("../../examples/vite/vite.config.js", import.meta.url);
    await Deno.copyFile(config, `${folder}/vite.config.js`);
  }
  const child = new Deno.Command(`${npm}/node_modules/.bin/vite`, {
    args: ["--port", `${freePort()}`, "--strictPort"],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const lines = child.stdout.pipeThrough(new TextDecoderStream() as never);
    let said = "";
    for await (const text of (lines as ReadableStream<string>).values({ preventCancel: true })) {
      said += text;
      if (/^.*Local:.*\n/m.test(said)) break;
    }
    const [, address] = /Local: +(http\S+)/.exec(said) ?? [];
    if (address === undefined) throw new Error(`vite has not begun: ${said}`);
    return await use(address);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await child.stdout.cancel().catch(() => {});
  }
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
