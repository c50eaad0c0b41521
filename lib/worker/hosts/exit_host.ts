import type { Host, HostedWorker, WorkerListener } from "./host.ts";

/** What `multiprocessing` gives for a process that an error ended. */
const FAILED = 1;

/** The workers of another host; notes with which exit code the last of them ended itself. */
export class ExitHost implements Host {
  readonly sharesMemory: boolean;
  readonly #host: Host;
  #exitcode: number | undefined = undefined;
  #left = false;

  constructor(host: Host) {
    this.#host = host;
    this.sharesMemory = host.sharesMemory;
  }

  /** With which code it ended itself: 1 if it was an error; `undefined` if it has not. */
  get exitcode(): number | undefined {
    return this.#exitcode;
  }

  /** Whether it ended itself by a call: `Deno.exit` or `self.close`. */
  get left(): boolean {
    return this.#left;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    let killed = false;
    const worker = this.#host.spawn(name, {
      onMessage: (message) => listener.onMessage(message),
      onExit: (cause) => {
        if (!killed) {
          // One that said nothing has closed itself.
          const code = worker.table?.exitcode ?? (cause === undefined ? 0 : undefined);
          this.#left = code !== undefined;
          this.#exitcode = code ?? FAILED;
        }
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
