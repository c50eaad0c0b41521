import { remote } from "../../mod.ts";

/** Give back what it gets. */
export const remoteEcho = remote(import.meta, function remoteEcho(value: number) {
  return value;
});
