/**
 * What runs first in a Web Worker of a pool.
 * @module
 */
import { boot } from "./side/web_start.ts";
import { serve } from "./side/serve.ts";

boot.then((message) => serve(...message));
