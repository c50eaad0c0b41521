/**
 * What runs first in a Web Worker of a pool.
 * @module
 */
import type { Boot } from "./protocol.ts";
import { serve } from "./side/serve.ts";

// Set before anything is awaited: a message that finds no listener is lost.
addEventListener("message", (event) => serve(...(event as MessageEvent<Boot>).data), {
  once: true,
});
