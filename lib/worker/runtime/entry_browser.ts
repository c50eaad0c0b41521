/**
 * What runs first in a Web Worker of a browser. It brings everything along, since it may have been
 * made one file: there, nothing can be loaded by its name later.
 *
 * @module
 */
import type { Boot } from "../protocol.ts";
import { serve } from "./serve.ts";
import * as sharedTypes from "./shared_types.ts";

addEventListener("message", (event) => {
  const boot = (event as MessageEvent<Boot>).data;
  serve(boot, () => Promise.resolve(sharedTypes));
}, { once: true });
