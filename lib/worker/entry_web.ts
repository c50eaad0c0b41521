/**
 * What runs first in a Web Worker of a pool.
 * @module
 */
import { CallBoard } from "../wire/call_board.ts";
import type { ToWorker } from "./protocol.ts";
import { WorkerSide } from "./side/worker_side.ts";

/** The first message, and the only one that does not come through the port. */
type Boot = [port: MessagePort, memory: SharedArrayBuffer];

// Set before anything is awaited: a message that finds no listener is lost.
addEventListener("message", (event) => {
  const [port, memory] = (event as MessageEvent<Boot>).data;
  const side = new WorkerSide({
    send: (message, transfer) =>
      transfer === undefined ? port.postMessage(message) : port.postMessage(message, transfer),
    board: new CallBoard(memory),
    sharesMemory: true,
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    side.crash(event.error ?? new Error(event.message));
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    side.crash(event.reason);
  });
  port.onmessage = (event: MessageEvent<ToWorker>) => side.receive(event.data);
}, { once: true });
