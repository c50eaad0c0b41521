import type { Host, HostedWorker, WorkerListener } from "./host.ts";

/** The worker of another host, which does not hold the program alive, unless somebody waits for it. */
export class DaemonHost implements Host {
  readonly sharesMemory: boolean;
  readonly #host: Host;
  #waits = 0;
  #hold: ((held: boolean) => void) | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.sharesMemory = host.sharesMemory;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    const worker = this.#host.spawn(name, listener);
    const ref = worker.ref.bind(worker);
    const unref = worker.unref.bind(worker);
    this.#hold = (held) => held ? ref() : unref();
    this.#hold(this.#waits > 0);
    worker.ref = worker.unref = () => {};
    return worker;
  }

  /** Let it hold the program until the permit is disposed of. */
  hold(): Disposable {
    if (this.#waits++ === 0) this.#hold?.(true);
    return {
      [Symbol.dispose]: () => {
        if (--this.#waits === 0) this.#hold?.(false);
      },
    };
  }
}
