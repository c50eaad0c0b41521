import { builtin } from "../../base/builtins.ts";
import { denoVersion, isDeno } from "../../base/runtime.ts";
import { granted } from "../permissions/granted.ts";
import type { Host, HostedWorker, WorkerListener } from "./host.ts";
import { PortWorker } from "./port_worker.ts";
import type { ResourceLimits } from "./resource_limits.ts";

// Not written out below: what bundles for a browser is to leave it alone.
const ENTRY = "../entry_node.js";
const HERE = import.meta.url;

interface NodeThreadOptions {
  name: string;
  workerData: unknown;
  transferList: Transferable[];
  resourceLimits?: ResourceLimits;
  env?: Record<string, string>;
}

interface NodeThread {
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

type NodeThreadClass = new (entry: URL, options: NodeThreadOptions) => NodeThread;

/** Workers of node:worker_threads: threads that can be given limits, and stopped whatever they do. */
export class NodeHost implements Host {
  readonly sharesMemory = true;
  // Before 2.9.4, Deno leaves a thread alone that never comes back.
  readonly killsBusy: boolean = !/^2\.([0-8]|9\.[0-3])\b/.test(denoVersion() ?? "");
  readonly #limits: ResourceLimits | undefined;
  readonly #Thread: NodeThreadClass;

  /** @throws {TypeError} If the runtime has no node:worker_threads. */
  constructor(what: string, limits?: ResourceLimits) {
    this.#limits = limits;
    const threads = builtin<{ Worker: NodeThreadClass }>("node:worker_threads");
    if (threads === undefined) {
      throw new TypeError(
        `Cannot ${what}: host "node" needs node:worker_threads, which is not here`,
      );
    }
    this.#Thread = threads.Worker;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    return new PortWorker(listener, (boot, events) => {
      const limits = this.#limits;
      if (limits !== undefined) boot.push(true);
      const options: NodeThreadOptions = {
        name,
        workerData: { strand: boot },
        transferList: [boot[0]],
      };
      if (limits !== undefined) options.resourceLimits = limits;
      // Else the runtime would read all of it, and ask whether it may.
      if (!granted({ name: "env" })) options.env = {};
      const thread = new this.#Thread(entry(), options);
      thread.on("error", events.onError);
      thread.on("exit", events.onEnd);
      // Its port alone is to decide whether the worker holds the program alive.
      thread.unref();
      const terminate = () => void thread.terminate();
      return isDeno() ? { terminate } : { terminate, awaitEnd: () => thread.ref() };
    });
  }
}

/** node:worker_threads takes local files only; what came from elsewhere is imported by a stub. */
function entry(): URL {
  const url = new URL(ENTRY, HERE);
  if (url.protocol === "file:") return url;
  return new URL(`data:text/javascript,import ${encodeURIComponent(JSON.stringify(url.href))}`);
}
