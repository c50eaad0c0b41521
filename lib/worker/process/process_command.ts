/**
 * How a child process is started that understands the same modules as this one.
 */
import { granted } from "../permissions/granted.ts";
import { pathOf } from "../permissions/permissions.ts";

/** Flags that say how modules are found, with and without a value of their own. */
const SHARED_FLAGS =
  /^--(?:config|import-map|no-config|unstable(?:-[\w-]+)?|cert|cached-only|no-remote|no-npm|node-modules-dir|conditions|vendor|lock|no-lock|frozen|v8-flags|env-file)(?:=|$)/;

/** Those among them whose value may stand behind a space. */
const WITH_VALUE = new Set(["--config", "-c", "--import-map", "--cert", "--conditions"]);

/** The flags for a child, but for its permissions. */
export function sharedFlags(): string[] {
  const own = ownArguments();
  if (own !== undefined) return pickFlags(own);
  const config = findConfig();
  return config === undefined ? [] : ["--config", config];
}

function pickFlags(args: readonly string[]): string[] {
  const picked: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "-c") picked.push("--config", args[++i] ?? "");
    else if (SHARED_FLAGS.test(arg)) {
      picked.push(arg);
      if (WITH_VALUE.has(arg)) picked.push(args[++i] ?? "");
    }
  }
  if (!picked.some((arg) => /^--(?:no-)?config(?:=|$)/.test(arg))) {
    const config = findConfig();
    if (config !== undefined) picked.push("--config", config);
  }
  return picked;
}

/** The arguments of the runtime itself, where the system tells them. */
function ownArguments(): string[] | undefined {
  const path = "/proc/self/cmdline";
  if (!granted({ name: "read", path })) return undefined;
  try {
    const all = Deno.readTextFileSync(path).split("\0");
    // The last are those of the program, and an empty one.
    return all.slice(1, Math.max(all.length - 1 - Deno.args.length, 1));
  } catch {
    return undefined;
  }
}

/** The configuration that the runtime found for the main module. */
function findConfig(): string | undefined {
  try {
    const main = new URL(Deno.mainModule);
    if (main.protocol !== "file:") return undefined;
    for (let folder = new URL(".", main);;) {
      for (const name of ["deno.json", "deno.jsonc"]) {
        const place = new URL(name, folder);
        if (isFile(place)) return pathOf(place);
      }
      const above = new URL("..", folder);
      if (above.href === folder.href) return undefined;
      folder = above;
    }
  } catch {
    return undefined;
  }
}

function isFile(place: URL): boolean {
  if (!granted({ name: "read", path: place })) return false;
  try {
    return Deno.statSync(place).isFile;
  } catch {
    return false;
  }
}
