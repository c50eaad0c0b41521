import { InvalidStateError } from "../../task_errors.ts";
import { canShareMemory, isDeno, lockManager } from "../../base/runtime.ts";
import { hasWorkerOptions } from "../permissions/deno_flags.ts";
import type { WorkerPermissions } from "../permissions/worker_permissions.ts";
import type { Boot } from "../protocol.ts";
import type { Host, HostedWorker, WorkerListener } from "./host.ts";
import { type PortThread, PortWorker, type ThreadEvents } from "./port_worker.ts";

// Not written out below: what bundles for a browser is to leave it alone.
const DENO_ENTRY = "../entry_web.js";
const HERE = import.meta.url;

/** Workers that are Web Workers: threads of this program. */
export class WebHost implements Host {
  readonly sharesMemory: boolean = canShareMemory();
  readonly killsBusy: boolean = !isDeno();
  readonly #permissions: WorkerPermissions | undefined;
  readonly #make: ((name: string) => Worker) | undefined;

  /**
   * `make`: what makes the workers, instead of the library.
   *
   * @throws {TypeError} If there are no Web Workers here, or no permissions that they could have.
   * @throws {InvalidStateError} If permissions are asked for and the runtime would refuse.
   */
  constructor(what: string, permissions?: WorkerPermissions, make?: (name: string) => Worker) {
    if (make === undefined && typeof Worker !== "function") {
      throw new TypeError(`Cannot ${what}: this runtime has no Web Workers`);
    }
    if (permissions !== undefined && !isDeno()) {
      throw new TypeError(`Cannot ${what}: permissions need the runtime to be Deno`);
    }
    if (permissions !== undefined && !hasWorkerOptions()) {
      throw new InvalidStateError(
        `Cannot ${what}: permissions need the flag --unstable-worker-options, ` +
          `or "unstable": ["worker-options"] in deno.json`,
      );
    }
    this.#permissions = permissions;
    this.#make = make;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    return new PortWorker(listener, (boot, events) => {
      return start(this.#make?.(name) ?? makeWorker(name, this.#permissions), boot, events);
    });
  }
}

function start(worker: Worker, boot: Boot, events: ThreadEvents): PortThread {
  worker.addEventListener("error", (event) => {
    // Otherwise the runtime takes the whole program down with the worker.
    event.preventDefault();
    events.onError(event.error ?? new Error(event.message || "The worker could not be started"));
    // It is over with it. The end of its port says so, too, but not always in Deno: one that dies
    // while its port is made one of node:worker_threads is not heard of again.
    events.onEnd();
  });
  // Its port alone is to decide whether the worker holds the program alive.
  release(worker);
  if (!isDeno()) boot.push(false, watchByLock(worker, events));
  worker.postMessage(boot, [boot[0]]);
  return worker;
}

/**
 * Hear of a worker's end where its port says nothing: the worker takes a lock, says so, and has it
 * until it is gone. A browser tells nobody that a worker called `self.close`.
 */
function watchByLock(worker: Worker, events: ThreadEvents): string {
  const name = `strand ${crypto.randomUUID()}`;
  worker.addEventListener("message", () => {
    lockManager()?.request(name, () => events.onEnd()).catch(() => {});
  }, { once: true });
  return name;
}

function makeWorker(name: string, permissions: WorkerPermissions | undefined): Worker {
  if (!isDeno()) {
    // Written out: bundlers find the worker's file by this form, and by no other.
    return new Worker(new URL("../entry_browser.js", import.meta.url), { type: "module", name });
  }
  const options: WorkerOptions & { deno?: object } = { type: "module", name };
  if (permissions !== undefined) options.deno = { permissions };
  return new Worker(new URL(DENO_ENTRY, HERE), options);
}

type Release = (this: Worker, ref: boolean) => void;

/**
 * Let the worker itself not hold the program alive: neither while it is idle nor, where the runtime
 * cannot stop it, while it burns on after `terminate`. Deno has a method for this under a symbol
 * without a name, which its own node:worker_threads uses; Bun one with a name.
 */
function release(worker: Worker & { unref?(): void }): void {
  worker.unref?.();
  for (const symbol of Object.getOwnPropertySymbols(Object.getPrototypeOf(worker))) {
    if (symbol.description !== undefined && symbol.description !== "") continue;
    const method = (worker as unknown as Record<symbol, unknown>)[symbol];
    if (typeof method === "function" && method.length === 1) {
      (method as Release).call(worker, false);
    }
  }
}
