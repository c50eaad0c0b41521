/**
 * The checks in Cloudflare's runtime, workerd, under what an account may be set to.
 *
 * @module
 */
import { runOrThrow } from "./npm_package.ts";
import type { Outcome } from "./outcome.ts";

/** What a worker of Cloudflare is set to. */
export interface Compatibility {
  readonly date: string;
  readonly node: boolean;
}

export const COMPATIBILITIES: readonly Compatibility[] = [
  { date: "2024-09-01", node: false },
  { date: "2024-09-23", node: true },
  { date: "2025-06-01", node: false },
  { date: "2025-06-01", node: true },
  { date: "2026-09-01", node: false },
  { date: "2026-09-01", node: true },
];

/** Run the checks. `npm` is the folder that has workerd, esbuild and the bundler's input. */
export async function runWorkerd(npm: string, compatibility: Compatibility): Promise<Outcome> {
  const path = compatibility.node ? "?context" : "";
  const folder = `${npm}/app-esbuild`;
  const bin = `${npm}/node_modules/.bin`;
  return JSON.parse(await askWorkerd(folder, bin, "cloudflare.js", compatibility, path));
}

/** Start a worker from its source, and give what it answers. */
export async function askWorkerd(
  folder: string,
  bin: string,
  entry: string,
  { date, node }: Compatibility,
  path = "",
): Promise<string> {
  const args = [entry, "--bundle", "--format=esm", "--external:node:*", "--outfile=out.js"];
  await runOrThrow(`${bin}/esbuild`, args, folder);
  const port = freePort();
  await Deno.writeTextFile(
    `${folder}/config.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "out.js")],
    compatibilityDate = "${date}",
    compatibilityFlags = [${node ? '"nodejs_compat"' : ""}],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
  );
  const child = new Deno.Command(`${bin}/workerd`, {
    args: ["serve", "config.capnp"],
    cwd: folder,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = child.output();
  try {
    const response = await fetchSoon(`http://127.0.0.1:${port}/${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text}`);
    return text;
  } catch (cause) {
    kill(child);
    const { stderr } = await said;
    throw new Error(new TextDecoder().decode(stderr).slice(-2_000), { cause });
  } finally {
    kill(child);
    await said;
  }
}

async function fetchSoon(url: string): Promise<Response> {
  for (let attempt = 1;; attempt++) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(60_000) });
    } catch (error) {
      // It does not listen yet.
      if (attempt === 50 || !(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
