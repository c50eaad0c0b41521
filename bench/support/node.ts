/** Node 24 with this library as its package, and what it is compared with there. */
import { findNode } from "../../tests/runtimes/toolbox.ts";
import { packInto, runOrThrow } from "../../tests/runtimes/npm_package.ts";
import { timed } from "./programs.ts";

const LIBRARIES = { "piscina": "5.3.2", "tinypool": "2.2.0" };
const HERE = new URL("../node/", import.meta.url);

let opened: Promise<{ node: string; folder: string }> | undefined;

/** Have Node and the packages at hand; they are kept from one run to the next. */
export function openNode(): Promise<{ node: string; folder: string }> {
  return opened ??= (async () => {
    const folder = `${Deno.env.get("TMPDIR") ?? "/tmp"}/strand-bench-node`;
    await Deno.mkdir(folder, { recursive: true });
    const manifest = JSON.stringify({ private: true, type: "module", dependencies: LIBRARIES });
    const path = `${folder}/package.json`;
    if (await Deno.readTextFile(path).catch(() => "") !== manifest) {
      await Deno.writeTextFile(path, manifest);
      await runOrThrow("npm", ["install", "--no-audit", "--no-fund"], folder);
    }
    await packInto(folder);
    for (const file of ["run.mjs", "echo.mjs"]) {
      await Deno.copyFile(new URL(file, HERE), `${folder}/${file}`);
    }
    return { node: await findNode(24), folder };
  })();
}

/** What `run.mjs` measured in one process of Node, in nanoseconds. */
export async function measureOnNode(library: string, what: string): Promise<number> {
  const { node, folder } = await openNode();
  if (what === "import") return await timed([node, `${folder}/run.mjs`, library, what]);
  const limit = AbortSignal.timeout(60_000);
  const { success, stdout } = await new Deno.Command(node, {
    args: ["run.mjs", library, what],
    cwd: folder,
    stdin: "null",
    signal: limit,
  }).output();
  if (!success) throw new Error(`${library} failed on Node: ${what}`);
  return Number(new TextDecoder().decode(stdout));
}
