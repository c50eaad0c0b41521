/**
 * Whether the program may do something without being asked. At a terminal the runtime asks the
 * person for what is missing; what the library can do without, it must not ask for.
 */
export function granted(descriptor: Deno.PermissionDescriptor): boolean {
  // A runtime without permissions allows everything.
  const { Deno } = globalThis as { Deno?: { permissions: Deno.Permissions } };
  return Deno === undefined || Deno.permissions.querySync(descriptor).state === "granted";
}
