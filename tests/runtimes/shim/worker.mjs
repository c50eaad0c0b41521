/** The web's `Worker` for test files, by node:worker_threads. */
import { Worker as NodeWorker } from "node:worker_threads";

export class Worker {
  onmessage = null;
  onerror = null;
  #worker;

  constructor(url, { name } = {}) {
    const boot = new URL("worker_boot.mjs", import.meta.url);
    this.#worker = new NodeWorker(boot, {
      workerData: { file: String(url), name: name ?? "" },
      name,
    });
    this.#worker.on("message", (data) => this.onmessage?.({ data }));
    this.#worker.on("error", (error) => {
      if (this.onerror === null) throw error;
      this.onerror({ error, message: error.message, preventDefault() {} });
    });
  }

  postMessage(message, transfer) {
    this.#worker.postMessage(message, Array.isArray(transfer) ? transfer : transfer?.transfer);
  }

  addEventListener(type, listener) {
    if (type === "message") this.#worker.on("message", (data) => listener({ data }));
    else this.#worker.on(type, (error) => listener({ error, preventDefault() {} }));
  }

  terminate() {
    this.#worker.terminate();
  }
}
