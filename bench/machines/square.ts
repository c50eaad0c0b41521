import { remote } from "../../mod.ts";

/** Next to nothing, so that what is measured is the way there and back. */
export const square = remote(import.meta, function square(n: number): number {
  return n * n;
});
