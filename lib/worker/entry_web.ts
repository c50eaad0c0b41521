/**
 * What runs first in a Web Worker of a pool.
 * @module
 */
import { provideBuiltin } from "../base/builtins.ts";
import type { Boot } from "./protocol.ts";

// Set before anything is awaited: a message that finds no listener is lost.
const boot = new Promise<Boot>((resolve) => {
  addEventListener("message", (event) => resolve((event as MessageEvent<Boot>).data), {
    once: true,
  });
});

await Promise.all(["node:async_hooks", "node:timers"].map(async (name) => {
  // Where there are none, the library does without.
  const module = await import(name).catch(() => undefined);
  if (module !== undefined) provideBuiltin(name, module);
}));

const { serve } = await import("./side/serve.ts");
serve(...await boot);
