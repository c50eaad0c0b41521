/**
 * Calls to a bare worker: a message there, a message back, answers in the order of the questions.
 * What a call to another thread costs at least.
 */
export class RawWorker {
  readonly #worker: Worker;
  readonly #waiting: ((value: unknown) => void)[] = [];
  #answered = 0;

  /** `file`: the module of the worker, in `workers/`. */
  constructor(file = "raw_echo.ts") {
    this.#worker = new Worker(new URL(`../workers/${file}`, import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => {
      this.#waiting[this.#answered++]!(data);
      if (this.#answered < this.#waiting.length) return;
      this.#waiting.length = this.#answered = 0;
    };
  }

  /** Send a value there and back. */
  echo(value: unknown): Promise<unknown> {
    return this.#ask(value, []);
  }

  /** Send bytes there, and get their number back. */
  size(bytes: Uint8Array): Promise<unknown> {
    return this.#ask({ size: bytes }, []);
  }

  /** Move a buffer there and back. */
  bounce(buffer: ArrayBuffer): Promise<unknown> {
    return this.#ask({ bounce: buffer }, [buffer]);
  }

  /** End it. */
  stop(): void {
    this.#worker.terminate();
  }

  #ask(message: unknown, transfer: Transferable[]): Promise<unknown> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(message, transfer);
    });
  }
}
