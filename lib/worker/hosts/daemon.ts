import type { Host, HostedWorker, WorkerListener } from "./host.ts";

/** Workers of another host that never hold the program alive, whatever they do. */
export class DaemonHost implements Host {
  readonly sharesMemory: boolean;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    this.sharesMemory = host.sharesMemory;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    const worker = this.#host.spawn(name, listener);
    worker.unref();
    worker.ref = () => {};
    return worker;
  }
}
