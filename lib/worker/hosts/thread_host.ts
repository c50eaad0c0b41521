import type { CallTable } from "../call_table.ts";
import type { FromWorker, ToWorker } from "../protocol.ts";
import type { Host, HostedWorker, WorkerListener } from "./host.ts";

/** What `multiprocessing` gives for a process that an error ended. */
const FAILED = 1;

/** Starts the one worker of a `Thread`: knows how it ended, and whether it holds the program alive. */
export class ThreadHost implements Host {
  readonly sharesMemory: boolean;
  readonly killsBusy: boolean;
  readonly #host: Host;
  readonly #daemon: boolean;
  #worker: ThreadWorker | undefined;
  #holds = 0;

  /** `daemon`: the worker does not hold the program alive, unless somebody waits for it. */
  constructor(host: Host, daemon: boolean) {
    this.#host = host;
    this.#daemon = daemon;
    this.sharesMemory = host.sharesMemory;
    this.killsBusy = host.killsBusy;
  }

  /** The code with which the worker ended itself: 1 after an error; `undefined` if it has not. */
  get exitcode(): number | undefined {
    return this.#worker?.exitcode;
  }

  /** Whether the worker ended itself by a call: `Deno.exit`, `process.exit` or `self.close`. */
  get left(): boolean {
    return this.#worker?.left ?? false;
  }

  spawn(name: string, listener: WorkerListener): HostedWorker {
    this.#worker = new ThreadWorker(this.#host, name, listener, this.#daemon);
    this.#worker.hold(this.#holds > 0);
    return this.#worker;
  }

  /** Let a daemon hold the program alive, until what this returns is called. */
  hold(): () => void {
    if (this.#holds++ === 0) this.#worker?.hold(true);
    return () => {
      if (--this.#holds === 0) this.#worker?.hold(false);
    };
  }
}

class ThreadWorker implements HostedWorker, WorkerListener {
  exitcode: number | undefined = undefined;
  left = false;
  readonly #worker: HostedWorker;
  readonly #listener: WorkerListener;
  readonly #daemon: boolean;
  #killed = false;

  constructor(host: Host, name: string, listener: WorkerListener, daemon: boolean) {
    this.#listener = listener;
    this.#daemon = daemon;
    this.#worker = host.spawn(name, this);
  }

  get table(): CallTable | undefined {
    return this.#worker.table;
  }

  post(message: ToWorker, transfer?: Transferable[]): void {
    this.#worker.post(message, transfer);
  }

  ref(): void {
    if (!this.#daemon) this.#worker.ref();
  }

  unref(): void {
    if (!this.#daemon) this.#worker.unref();
  }

  /** What decides for a daemon whether it holds the program alive. */
  hold(held: boolean): void {
    if (!this.#daemon) return;
    if (held) this.#worker.ref();
    else this.#worker.unref();
  }

  kill(): void {
    this.#killed = true;
    this.#worker.kill();
  }

  onMessage(message: FromWorker): void {
    this.#listener.onMessage(message);
  }

  onExit(cause: unknown): void {
    if (!this.#killed) {
      // One that said nothing has closed itself.
      const code = this.table?.exitcode ?? (cause === undefined ? 0 : undefined);
      this.left = code !== undefined;
      this.exitcode = code ?? FAILED;
    }
    this.#listener.onExit(cause);
  }
}
