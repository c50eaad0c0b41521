// Every class of which instances can arrive in a worker, and the exchange of what is shared.
// JavaScript of one line, so that it has this name in the sources, in packages and in bundles.
export * from "./runtime/shared_types.ts";
