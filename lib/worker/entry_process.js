// What runs first in a process of a pool.
// JavaScript of one line, so that it has this name in the sources, in packages and in bundles.
import "./runtime/entry_process.ts";
