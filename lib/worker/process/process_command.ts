import { isDeno, isNodeLike } from "../../base/runtime.ts";
import type { WorkerPermissions } from "../permissions/worker_permissions.ts";
import type { ChildCommand } from "./child_command.ts";
import { denoCommand } from "./deno_command.ts";
import { nodeCommand } from "./node_command.ts";

// Not written out below: what bundles for a browser is to leave it alone.
const ENTRY = "../entry_process.js";
const HERE = import.meta.url;

/**
 * How to start a process that understands the same modules as this one.
 *
 * @throws {TypeError} If there can be no such processes here, or no permissions that they could have.
 * @throws {Deno.errors.NotCapable} If the permission to run them is missing, or `permissions` asks
 *   for more than this program has.
 */
export function processCommand(
  what: string,
  permissions: WorkerPermissions | undefined,
): ChildCommand {
  if (isDeno()) return denoCommand(what, new URL(ENTRY, HERE), permissions);
  if (!isNodeLike()) throw new TypeError(`Cannot ${what}: this runtime has no processes`);
  if (permissions !== undefined && permissions !== "inherit") {
    throw new TypeError(`Cannot ${what}: permissions need the runtime to be Deno`);
  }
  return nodeCommand(new URL(ENTRY, HERE));
}
