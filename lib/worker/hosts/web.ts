import { InvalidStateError } from "../../errors.ts";
import { board as deathBoard } from "../../shared/thread_registry.ts";
import { CallTable } from "../call_table.ts";
import { type Acquaintance, exchangeNeeded, introduce, part } from "../../wire/resource_sharer.ts";
import { makeChannel, type Port, post } from "../../wire/message_channel.ts";
import { type Boot, type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { exitCause, type Host, type HostedWorker, type WorkerListener } from "./host.ts";
import { hasWorkerOptions } from "../permissions/deno_flags.ts";

/**
 * What the permissions of a worker may be: the runtime's `Deno.PermissionOptions`.
 *
 * @example
 * ```ts
 * import { ProcessPool, type WorkerPermissions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For code of others: it may compute, and nothing else.
 * const sandbox: WorkerPermissions = "none";
 *
 * await using pool = new ProcessPool({ maxWorkers: 1, permissions: sandbox });
 * const peek = pool.submit(() => {
 *   try {
 *     return Deno.env.get("HOME");
 *   } catch (error) {
 *     return (error as Error).name;
 *   }
 * });
 * assertEquals(await peek, "NotCapable");
 * ```
 */
export type WorkerPermissions = Deno.PermissionOptions;

/** Workers that are Web Workers: threads of this process. */
export class WebHost implements Host {
  readonly sharesMemory = true;
  readonly #permissions: WorkerPermissions | undefined;

  /** @throws {InvalidStateError} If permissions are asked for and the runtime would refuse. */
  constructor(what: string, permissions?: WorkerPermissions) {
    if (permissions !== undefined && !hasWorkerOptions()) {
      throw new InvalidStateError(
        `Cannot ${what}: permissions need the flag --unstable-worker-options, ` +
          `or "unstable": ["worker-options"] in deno.json`,
      );
    }
    this.#permissions = permissions;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    return new WebWorker(name, this.#permissions, listener);
  }
}

class WebWorker implements HostedWorker {
  readonly table = new CallTable();
  readonly #worker: Worker;
  readonly #port: Port;
  readonly #listener: WorkerListener;
  #cause: unknown = undefined;
  #exchange: Acquaintance | undefined = undefined;
  #gone = false;

  constructor(name: string, permissions: WorkerPermissions | undefined, listener: WorkerListener) {
    const { port1, port2 } = makeChannel();
    this.#port = port1;
    this.#listener = listener;
    this.#worker = start(name, permissions);
    this.#worker.addEventListener("error", (event) => this.#fail(event as ErrorEvent));
    port1.addEventListener("close", () => this.#exit());
    port1.onmessage = (event: MessageEvent<FromWorker>) => listener.onMessage(event.data);
    port1.onmessageerror = () => {
      // An answer is lost: what it was for must not wait for ever.
      this.#cause ??= new Error("A message of the worker could not be read");
      this.kill();
    };
    // Its port alone is to decide whether the worker holds the program alive.
    release(this.#worker);
    const boot: Boot = [port2, this.table.memory, deathBoard()];
    this.#worker.postMessage(boot, [port2]);
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
    this.#worker.terminate();
    this.#port.unref?.();
  }

  #fail(event: ErrorEvent): void {
    // Otherwise the runtime takes the whole program down with the worker.
    event.preventDefault();
    this.#cause ??= event.error ?? new Error(event.message);
    if (this.#port.unref === undefined) this.#exit();
  }

  #exit(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#exchange !== undefined) part(this.#exchange);
    this.#port.close();
    this.#worker.terminate();
    this.#listener.onExit(this.#cause ?? exitCause(this.table));
  }
}

function start(name: string, permissions: WorkerPermissions | undefined): Worker {
  if (permissions === undefined) {
    return new Worker(new URL("../entry_web.ts", import.meta.url), { type: "module", name });
  }
  return new Worker(new URL("../entry_web.ts", import.meta.url), {
    type: "module",
    name,
    deno: { permissions },
  } as WorkerOptions);
}

type Release = (this: Worker, ref: boolean) => void;

/**
 * Let the worker itself not hold the program alive: neither while it is idle nor, where the runtime
 * cannot stop it, while it burns on after `terminate`. Deno has a method for this under a symbol
 * without a name, which its own node:worker_threads uses.
 */
function release(worker: Worker): void {
  for (const symbol of Object.getOwnPropertySymbols(Worker.prototype)) {
    if (symbol.description !== undefined && symbol.description !== "") continue;
    const method = (worker as unknown as Record<symbol, unknown>)[symbol];
    if (typeof method === "function" && method.length === 1) {
      (method as Release).call(worker, false);
    }
  }
}
