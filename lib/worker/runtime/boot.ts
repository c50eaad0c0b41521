/**
 * Runs before everything else in a Web Worker: it listens, and finds the built-ins that the library
 * needs. To import the first one from the runtime takes a quarter of the time in which a bare worker
 * starts, to read `process` or `setTimeout` as much again.
 */
import { laterGlobal, provideBuiltin } from "../../base/builtins.ts";
import type { Boot } from "../protocol.ts";

/** What the pool gives this worker. Listened for before anything else is done. */
export const boot: Promise<Boot> = new Promise((resolve) => {
  addEventListener("message", (event) => resolve((event as MessageEvent<Boot>).data), {
    once: true,
  });
});

const setTimeout = laterGlobal("setTimeout");
const setImmediate = laterGlobal("setImmediate");

provideBuiltin("node:timers", {
  get setTimeout() {
    return setTimeout.read();
  },
  get setImmediate() {
    return setImmediate.read();
  },
});
