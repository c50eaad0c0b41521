// What runs first in a Web Worker of a browser.
// JavaScript of one line, so that it has this name in the sources, in packages and in bundles.
import "./runtime/entry_browser.ts";
