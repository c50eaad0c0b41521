/**
 * Runs before everything else in a Web Worker: it listens, and finds the built-ins that the library
 * needs. To import the first one from the runtime takes a quarter of the time in which a bare worker
 * starts, to read `process` or `setTimeout` as much again.
 */
import { provideBuiltin } from "../../base/builtins.ts";
import type { Boot } from "../protocol.ts";

/** What the pool gives this worker. Listened for before anything else is done. */
export const boot: Promise<Boot> = new Promise((resolve) => {
  addEventListener("message", (event) => resolve((event as MessageEvent<Boot>).data), {
    once: true,
  });
});

/** A global as the runtime made it, whatever has been put in its place since; read when needed. */
function original(name: string): () => unknown {
  const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
  return () => get === undefined ? value : get.call(globalThis);
}

const setTimeout = original("setTimeout");
const setImmediate = original("setImmediate");

provideBuiltin("node:timers", {
  get setTimeout() {
    return setTimeout();
  },
  get setImmediate() {
    return setImmediate();
  },
});
