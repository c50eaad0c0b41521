import { builtin } from "../../base/builtins.ts";
import { board as deathBoard } from "../../shared/thread_registry.ts";
import { CallTable } from "../call_table.ts";
import { type Acquaintance, exchangeNeeded, introduce, part } from "../../wire/resource_sharer.ts";
import { makeChannel, type Port, post } from "../../wire/message_channel.ts";
import { type Boot, type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { granted } from "../permissions/granted.ts";
import { exitCause, type Host, type HostedWorker, type WorkerListener } from "./host.ts";

/**
 * How much memory a worker of the node host may use; each in megabytes.
 *
 * @example
 * ```ts
 * import { type ResourceLimits, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // A call that wants more ends its own worker, and neither the others nor the program.
 * const limits: ResourceLimits = { maxOldGenerationSizeMb: 64 };
 *
 * await using pool = new WorkerPool({ maxWorkers: 1, host: "node", resourceLimits: limits });
 * const sum = (n: number) => new Array<number>(n).fill(1).reduce((a, b) => a + b);
 * assertEquals(await pool.map(sum, [10, 1_000]), [10, 1_000]);
 * ```
 */
export interface ResourceLimits {
  /** The heap of what lives long. */
  maxOldGenerationSizeMb?: number;
  /** The heap of what is new. */
  maxYoungGenerationSizeMb?: number;
  /** Code. */
  codeRangeSizeMb?: number;
  /** The stack. */
  stackSizeMb?: number;
}

interface ThreadOptions {
  name: string;
  workerData: unknown;
  transferList: Transferable[];
  resourceLimits?: ResourceLimits;
  env?: Record<string, string>;
}

interface Thread {
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

type ThreadClass = new (entry: URL, options: ThreadOptions) => Thread;

/** Workers of node:worker_threads: threads that can be given limits, and stopped whatever they do. */
export class NodeHost implements Host {
  readonly sharesMemory = true;
  readonly #limits: ResourceLimits | undefined;
  readonly #Thread: ThreadClass;

  /** @throws {TypeError} If the runtime has no node:worker_threads. */
  constructor(what: string, limits?: ResourceLimits) {
    this.#limits = limits;
    const threads = builtin<{ Worker: ThreadClass }>("node:worker_threads");
    if (threads === undefined) {
      throw new TypeError(
        `Cannot ${what}: host "node" needs node:worker_threads, which is not here`,
      );
    }
    this.#Thread = threads.Worker;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    return new NodeWorker(this.#Thread, name, this.#limits, listener);
  }
}

class NodeWorker implements HostedWorker {
  readonly table = new CallTable();
  readonly #thread: Thread;
  readonly #port: Port;
  readonly #listener: WorkerListener;
  #cause: unknown = undefined;
  #exchange: Acquaintance | undefined = undefined;
  #gone = false;

  constructor(
    Class: ThreadClass,
    name: string,
    limits: ResourceLimits | undefined,
    listener: WorkerListener,
  ) {
    const { port1, port2 } = makeChannel();
    this.#port = port1;
    this.#listener = listener;
    const boot: Boot = [port2, this.table.memory, deathBoard(), limits !== undefined];
    const options: ThreadOptions = {
      name,
      workerData: { strand: boot },
      transferList: [port2],
    };
    if (limits !== undefined) options.resourceLimits = limits;
    // Else the runtime would read all of it, and ask whether it may.
    if (!granted({ name: "env" })) options.env = {};
    this.#thread = new Class(entry(), options);
    this.#thread.on("error", (error) => {
      this.#cause ??= error;
    });
    this.#thread.on("exit", () => this.#exit());
    port1.addEventListener("close", () => this.#exit());
    port1.onmessage = (event: MessageEvent<FromWorker>) => listener.onMessage(event.data);
    port1.onmessageerror = () => {
      // An answer is lost: what it was for must not wait for ever.
      this.#cause ??= new Error("A message of the worker could not be read");
      this.kill();
    };
    // Its port alone is to decide whether the worker holds the program alive.
    this.#thread.unref();
  }

  post(message: ToWorker, transfer?: Transferable[]): void {
    if (this.#exchange === undefined && exchangeNeeded() && !this.#gone) {
      this.#exchange = introduce((introduction, ports) => {
        post(this.#port, [ToWorkerKind.Introduction, ...introduction], ports);
      });
    }
    post(this.#port, message, transfer);
  }

  ref(): void {
    this.#port.ref?.();
  }

  unref(): void {
    this.#port.unref?.();
  }

  kill(): void {
    if (this.#exchange !== undefined) part(this.#exchange);
    this.#thread.terminate();
    this.#port.unref?.();
  }

  #exit(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#exchange !== undefined) part(this.#exchange);
    this.#port.close();
    this.#listener.onExit(this.#cause ?? exitCause(this.table));
  }
}

/** node:worker_threads takes local files only; what came from elsewhere is imported by a stub. */
function entry(): URL {
  const url = new URL("../entry_node.ts", import.meta.url);
  if (url.protocol === "file:") return url;
  return new URL(`data:text/javascript,import ${encodeURIComponent(JSON.stringify(url.href))}`);
}
