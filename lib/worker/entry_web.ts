/**
 * What runs first in a Web Worker of a pool.
 * @module
 */
import { boot } from "./runtime/web_start.ts";
import { serve } from "./runtime/serve.ts";

boot.then((message) => serve(...message));
