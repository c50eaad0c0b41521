import { granted } from "./granted.ts";

/** The parts of the runtime that are asked. All of them may be missing, or refuse to answer. */
interface Runtime {
  Deno?: {
    args: string[];
    mainModule?: string;
    readTextFileSync?(path: string | URL): string;
  };
}

const FLAG = "--unstable-worker-options";

/**
 * Whether workers can be given permissions of their own: Deno ends the whole program, and nothing
 * can catch that, if they are asked for without the flag `--unstable-worker-options`. It does not
 * say whether it was given; so this looks for it where it can be: among the arguments of the
 * process and in the configuration files.
 *
 * What cannot be read counts as not there.
 */
export function hasWorkerOptions(): boolean {
  const { Deno } = globalThis as Runtime;
  if (Deno === undefined) return false;
  const read = (path: string | URL): string => {
    if (!granted({ name: "read", path })) return "";
    return attempt(() => Deno.readTextFileSync?.(path)) ?? "";
  };
  const all = read("/proc/self/cmdline").split("\0");
  // The last are those of the program itself, and an empty one.
  const args = all.slice(0, Math.max(all.length - 1 - Deno.args.length, 0));
  if (args.includes(FLAG)) return true;
  if (args.includes("--no-config")) return false;
  const named = args.find((arg, i) => arg.startsWith("--config=") || args[i - 1] === "--config");
  const places = named === undefined
    ? foldersAbove(attempt(() => Deno.mainModule))
    : [named.replace(/^--config=/, "")];
  return places.some((place) => says(read(place)));
}

function foldersAbove(address: string | undefined): URL[] {
  if (address === undefined || !address.startsWith("file:")) return [];
  const found: URL[] = [];
  for (let folder = new URL(".", address);; folder = new URL("..", folder)) {
    found.push(new URL("deno.json", folder), new URL("deno.jsonc", folder));
    if (folder.pathname === "/" || new URL("..", folder).href === folder.href) return found;
  }
}

function says(config: string): boolean {
  return /"unstable"\s*:\s*\[[^\]]*"worker-options"/.test(config);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
