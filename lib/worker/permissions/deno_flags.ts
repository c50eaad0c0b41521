/**
 * What Deno was told on its command line and in its configuration. Deno itself does not say; so both
 * are looked for where they can be found. What cannot be read counts as not there.
 */
import { granted } from "./granted.ts";

/** The parts of Deno that are asked. All of them may be missing, or refuse to answer. */
interface DenoProcess {
  readonly args: string[];
  readonly mainModule?: string;
  readTextFileSync?(path: string | URL): string;
  statSync?(path: URL): { isFile: boolean };
}

const { Deno: deno } = globalThis as { Deno?: DenoProcess };

const WORKER_OPTIONS = "--unstable-worker-options";

/** The flags of the runtime itself, where the system tells them. */
export function ownFlags(): string[] | undefined {
  const all = read("/proc/self/cmdline")?.split("\0");
  // The last are those of the program itself, and an empty one.
  return all?.slice(1, Math.max(all.length - 1 - (deno?.args.length ?? 0), 1));
}

/** The configuration file that the runtime found for the main module. */
export function findConfig(): URL | undefined {
  return findAbove("deno.json", "deno.jsonc");
}

/** The `package.json` that the runtime found for the main module. */
export function findPackage(): URL | undefined {
  return findAbove("package.json");
}

/** Whether packages of npm are those in a `node_modules` that the program looks after itself. */
export function hasLocalPackages(): boolean {
  const flags = ownFlags() ?? [];
  const named = flags.find((flag) => flag.startsWith("--node-modules-dir="));
  if (named !== undefined) return named.endsWith("=manual");
  const config = findConfig();
  const [, mode] = /"nodeModulesDir"\s*:\s*(?:"(\w+)"|\w+)/.exec(config && read(config) || "") ??
    [];
  return mode === undefined ? findPackage() !== undefined : mode === "manual";
}

function findAbove(...names: string[]): URL | undefined {
  return placesAbove(names).find((place) => {
    return granted({ name: "read", path: place }) && attempt(() => deno?.statSync?.(place).isFile);
  });
}

/**
 * Whether workers can be given permissions of their own: Deno ends the whole program, and nothing
 * can catch that, if they are asked for without the flag `--unstable-worker-options`.
 */
export function hasWorkerOptions(): boolean {
  const flags = ownFlags() ?? [];
  if (flags.includes(WORKER_OPTIONS)) return true;
  if (flags.includes("--no-config")) return false;
  const named = flags.find((flag, i) =>
    flag.startsWith("--config=") || flags[i - 1] === "--config"
  );
  const places = named === undefined
    ? placesAbove(["deno.json", "deno.jsonc"])
    : [named.replace(/^--config=/, "")];
  return places.some((place) =>
    /"unstable"\s*:\s*\[[^\]]*"worker-options"/.test(read(place) ?? "")
  );
}

/** Where files of these names may be, the nearest first. */
function placesAbove(names: readonly string[]): URL[] {
  const main = attempt(() => deno?.mainModule);
  if (main === undefined || !main.startsWith("file:")) return [];
  const found: URL[] = [];
  for (let folder = new URL(".", main);;) {
    found.push(...names.map((name) => new URL(name, folder)));
    const above = new URL("..", folder);
    if (above.href === folder.href) return found;
    folder = above;
  }
}

function read(path: string | URL): string | undefined {
  if (deno === undefined || !granted({ name: "read", path })) return undefined;
  return attempt(() => deno.readTextFileSync?.(path));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
