import { isNodeLike } from "../../base/runtime.ts";
import type { Host } from "./host.ts";
import { NodeHost } from "./node_host.ts";
import { WebHost } from "./web_host.ts";

/**
 * Which threads a program gets that asks for none in particular: those of node:worker_threads in
 * Node and in what is made like it, where they are the better ones, as they tell how they ended.
 */
export function defaultKind(): "web" | "node" {
  return isNodeLike() ? "node" : "web";
}

/** The host of threads with nothing special about them. */
export function defaultHost(what: string): Host {
  return defaultKind() === "node" ? new NodeHost(what) : new WebHost(what);
}
