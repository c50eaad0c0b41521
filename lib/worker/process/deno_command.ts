import { findConfig, findPackage, ownFlags } from "../permissions/deno_flags.ts";
import { checkRun, pathOf, permissionFlags } from "../permissions/permissions.ts";
import type { WorkerPermissions } from "../permissions/worker_permissions.ts";
import type { ChildCommand } from "./child_command.ts";

/** Flags that say how modules are found, with and without a value of their own. */
const SHARED_FLAGS =
  /^--(?:config|import-map|no-config|unstable(?:-[\w-]+)?|cert|cached-only|no-remote|no-npm|node-modules-dir|conditions|vendor|lock|no-lock|frozen|v8-flags|env-file)(?:=|$)/;

/** Those among them whose value may stand behind a space. */
const WITH_VALUE = new Set(["--config", "-c", "--import-map", "--cert", "--conditions"]);

/**
 * How to start a process of Deno that finds the same modules as this one.
 *
 * @throws {TypeError} If this program cannot start Deno, or `permissions` is none.
 * @throws {Deno.errors.NotCapable} If the permission to run it is missing, or `permissions` asks for
 *   more than this program has.
 */
export function denoCommand(
  what: string,
  entry: URL,
  permissions: WorkerPermissions | undefined,
): ChildCommand {
  if (Deno.build.standalone) {
    throw new TypeError(`Cannot ${what}: a compiled program cannot start the runtime`);
  }
  const command = Deno.execPath();
  const flags = permissionFlags(what, permissions);
  checkRun(what, command);
  const silent = ["--quiet", "--no-prompt", "--no-check"];
  const shared = sharedFlags();
  // No flag may be given twice.
  const own = flags.filter((flag) => !shared.includes(flag));
  return { command, args: ["run", ...silent, ...shared, ...own, entry.href] };
}

function sharedFlags(): string[] {
  const flags = ownFlags() ?? [];
  const picked: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!;
    if (flag === "-c") picked.push("--config", flags[++i] ?? "");
    else if (SHARED_FLAGS.test(flag)) {
      picked.push(flag);
      if (WITH_VALUE.has(flag)) picked.push(flags[++i] ?? "");
    }
  }
  return [...picked, ...configFlags(picked)];
}

/** What Deno finds above the main module, and would look for in vain above that of the library. */
function configFlags(picked: readonly string[]): string[] {
  const given = (flag: RegExp) => picked.some((one) => flag.test(one));
  if (given(/^--(?:no-)?config(?:=|$)/)) return [];
  const config = findConfig();
  if (config !== undefined) return ["--config", pathOf(config)];
  // With a `package.json` alone, every module finds packages in the `node_modules` above it.
  const manual = !given(/^--node-modules-dir(?:=|$)/) && findPackage() !== undefined;
  return manual ? ["--node-modules-dir=manual"] : [];
}
