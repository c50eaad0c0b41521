import { show } from "../base/validate.ts";

/** The error for a shared object on its way to or from another process. */
export function refuseShared(object: object): TypeError {
  return new TypeError(
    `Cannot send ${
      show(object)
    } to another process: it is made of memory, which processes do not ` +
      `share; use a WorkerPool`,
  );
}
