import type { Host, HostedWorker, WorkerListener } from "./host.ts";

/** What `multiprocessing` gives for a process that an error ended. */
const FAILED = 1;

/** The workers of another host; notes with which exit code the last of them ended itself. */
export class ExitHost implements Host {
  readonly sharesMemory: boolean;
  readonly #host: Host;
  #exitcode: number | undefined = undefined;

  constructor(host: Host) {
    this.#host = host;
    this.sharesMemory = host.sharesMemory;
  }

  /** With which code it ended itself: 1 if it was an error; `undefined` if it has not. */
  get exitcode(): number | undefined {
    return this.#exitcode;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    let killed = false;
    const worker = this.#host.spawn(name, {
      onMessage: (message) => listener.onMessage(message),
      onExit: (cause) => {
        // One that said nothing has closed itself.
        if (!killed) this.#exitcode = worker.board?.exitcode ?? (cause === undefined ? 0 : FAILED);
        listener.onExit(cause);
      },
    });
    const kill = worker.kill.bind(worker);
    worker.kill = () => {
      killed = true;
      kill();
    };
    return worker;
  }
}
