/** What runs first in a `Worker` of test files: it makes this thread look like the web's. */
import { parentPort, workerData } from "node:worker_threads";

const { file, name: threadName } = workerData;

let onmessage = null;

function hear(listener) {
  parentPort.on("message", (data) => listener({ data }));
}

Object.assign(globalThis, {
  self: globalThis,
  name: threadName,
  postMessage: (message, transfer) => parentPort.postMessage(message, transfer),
  addEventListener: (type, listener) => type === "message" && hear(listener),
  close: () => process.exit(0),
});
Object.defineProperty(globalThis, "onmessage", {
  get: () => onmessage,
  set(listener) {
    if (onmessage === null) hear((event) => onmessage?.(event));
    onmessage = listener;
  },
});
await import(file);
