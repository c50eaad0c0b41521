/**
 * What runs first in a Web Worker of Deno.
 *
 * @module
 */
import { boot } from "./boot.ts";
import { serve } from "./serve.ts";

boot.then((message) => serve(message));
