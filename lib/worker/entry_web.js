// What runs first in a Web Worker of Deno.
// JavaScript of one line, so that it has this name in the sources, in packages and in bundles.
import "./runtime/entry_web.ts";
