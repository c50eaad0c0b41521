/**
 * What a child process may do: what this one may, or less.
 */
import { checkOptions, show } from "../../base/validate.ts";
import { hasLocalPackages } from "./deno_flags.ts";
import type { WorkerPermissions } from "./worker_permissions.ts";

type Kind = "read" | "write" | "net" | "env" | "run" | "ffi" | "sys" | "import";

const KINDS: readonly Kind[] = ["read", "write", "net", "env", "run", "ffi", "sys", "import"];

/** What the thing is called that a permission of a kind can be limited to. */
const THINGS: Readonly<Record<Kind, string>> = {
  read: "path",
  write: "path",
  net: "host",
  env: "variable",
  run: "command",
  ffi: "path",
  sys: "kind",
  import: "host",
};

/** Where a program may import from that was started without a word about it. */
const IMPORT_HOSTS = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/**
 * The flags that give a child these permissions.
 *
 * A permission that this program has in part is passed on as far as it can be made out: for reading
 * and writing, the current folder and that of the main module.
 *
 * @throws {TypeError} If `permissions` is none.
 * @throws {Deno.errors.NotCapable} If it asks for more than this program has.
 */
export function permissionFlags(
  what: string,
  permissions: WorkerPermissions = "inherit",
): string[] {
  if (permissions === "inherit" && KINDS.every((kind) => has(kind) === "all")) return ["-A"];
  const asked = readPermissions(what, permissions);
  const flags = KINDS.flatMap((kind) => flagsFor(what, kind, asked[kind]));
  const { import: imports } = asked;
  const local = imports === false || (Array.isArray(imports) && imports.length === 0);
  return local ? [...flags, ...localImportsOnly()] : flags;
}

/** Refuse at once what cannot be started for want of permission. */
export function checkRun(what: string, command: string): void {
  const { state } = Deno.permissions.requestSync({ name: "run", command });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot ${what}: the permission to run child processes is missing; ` +
      `run the program with --allow-run, or with --allow-run=${command}`,
  );
}

type Asked = "inherit" | boolean | readonly (string | URL)[];

/**
 * Read permissions kind by kind; what is not named is refused.
 *
 * @throws {TypeError} If they are none.
 */
export function readPermissions(what: string, permissions: WorkerPermissions): Record<Kind, Asked> {
  if (permissions === "inherit" || permissions === "none") {
    const asked = permissions === "inherit" ? permissions : false;
    return Object.fromEntries(KINDS.map((kind) => [kind, asked])) as Record<Kind, Asked>;
  }
  if (typeof permissions !== "object" || permissions === null) {
    throw new TypeError(
      `Cannot ${what}: permissions must be "inherit", "none" or an object, received ${
        show(permissions)
      }`,
    );
  }
  checkOptions(what, permissions, KINDS, "permission");
  const asked: Record<string, unknown> = { ...permissions };
  return Object.fromEntries(KINDS.map((kind) => {
    const value = asked[kind] ?? false;
    const good = value === "inherit" || typeof value === "boolean" || isList(value);
    if (good) return [kind, value];
    throw new TypeError(
      `Cannot ${what}: permissions.${kind} must be "inherit", a boolean or an array of strings, ` +
        `received ${show(value)}`,
    );
  })) as Record<Kind, Asked>;
}

function isList(value: unknown): value is readonly (string | URL)[] {
  return Array.isArray(value) &&
    value.every((item) => typeof item === "string" || item instanceof URL);
}

function flagsFor(what: string, kind: Kind, asked: Asked): string[] {
  if (asked === "inherit") return inherited(kind);
  if (asked === false) return kind === "import" ? importFlags([]) : [];
  if (asked === true) {
    if (has(kind) === "all") return [`--allow-${kind}`];
    throw tooMuch(what, kind, "all of it");
  }
  const things = asked.map((thing) => thing instanceof URL ? pathOf(thing) : thing);
  for (const thing of things) {
    if (has(kind, thing) !== "all") throw tooMuch(what, kind, show(thing));
  }
  if (kind === "import") return importFlags(things);
  return things.length === 0 ? [] : [flag("allow", kind, things)];
}

function inherited(kind: Kind): string[] {
  if (has(kind) === "all") return [`--allow-${kind}`];
  if (kind === "import") {
    return importFlags(IMPORT_HOSTS.filter((host) => has(kind, host) === "all"));
  }
  if (kind !== "read" && kind !== "write") return [];
  const folders = knownFolders().filter((folder) => has(kind, folder) === "all");
  return folders.length === 0 ? [] : [flag("allow", kind, folders)];
}

/** A program may import from some hosts unless it is told otherwise. */
function importFlags(hosts: string[]): string[] {
  const { protocol, host } = new URL(import.meta.url);
  // The child itself comes from where this module does.
  if (protocol !== "file:") hosts = [...hosts, host];
  // To deny it as a whole leaves those hosts open in Deno 2.9.
  if (hosts.length === 0) return [flag("deny", "import", IMPORT_HOSTS)];
  return [flag("allow", "import", [...new Set(hosts)])];
}

/** Without these a child may import packages of npm, and what is in the cache of the runtime. */
function localImportsOnly(): string[] {
  const flags: string[] = [];
  // Else a folder of the program's has all that can be imported from npm, and the flag would keep the
  // child from that, too.
  if (!hasLocalPackages()) flags.push("--no-npm");
  // The child itself comes from where this module does.
  if (new URL(import.meta.url).protocol === "file:") flags.push("--no-remote");
  return flags;
}

/** Folders that a program is often given the right to. */
function knownFolders(): string[] {
  const folders: string[] = [];
  for (const find of [() => Deno.cwd(), () => pathOf(new URL(".", Deno.mainModule))]) {
    try {
      folders.push(find());
    } catch {
      // It may not even know them, or was not started from a file.
    }
  }
  return [...new Set(folders)];
}

function has(kind: Kind, thing?: string): "all" | "less" {
  const descriptor = thing === undefined ? { name: kind } : { name: kind, [THINGS[kind]]: thing };
  const { state, partial } = Deno.permissions.querySync(descriptor as Deno.PermissionDescriptor);
  return state === "granted" && !partial ? "all" : "less";
}

function flag(verb: "allow" | "deny", kind: Kind, things: readonly string[]): string {
  // A comma in a name is written twice.
  return `--${verb}-${kind}=${things.map((thing) => thing.replaceAll(",", ",,")).join(",")}`;
}

/** The path of a file by its URL, as flags take it. */
export function pathOf(url: URL): string {
  if (url.protocol !== "file:") throw new TypeError(`Cannot take ${url.href} for a path`);
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1).replaceAll("/", "\\") : path;
}

function tooMuch(what: string, kind: Kind, thing: string): Error {
  return new Deno.errors.NotCapable(
    `Cannot ${what}: permissions.${kind} asks for ${thing}, which this program itself may not`,
  );
}
