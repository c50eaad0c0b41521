// What runs first in a thread of node:worker_threads.
// JavaScript of one line, so that it has this name in the sources, in packages and in bundles.
import "./runtime/entry_node.ts";
