import { CallBoard } from "../../wire/call_board.ts";
import type { ToWorker } from "../protocol.ts";
import { WorkerSide } from "./worker_side.ts";

/** What a thread is given at its start. `inTurns`: see {@linkcode Surroundings}. */
export type Boot = [port: MessagePort, memory: SharedArrayBuffer, inTurns?: boolean];

/** Serve the pool at the other end of the port, with the memory that it shares. */
export function serve(...[port, memory, inTurns = false]: Boot): void {
  const side = new WorkerSide({
    send: (message, transfer) => {
      if (transfer === undefined) port.postMessage(message);
      else port.postMessage(message, transfer);
    },
    board: new CallBoard(memory),
    sharesMemory: true,
    inTurns,
  });
  // An error that nobody catches would take the whole program down. The pool gets to know it as it
  // is, and ends this worker.
  addEventListener("error", (event) => {
    event.preventDefault();
    side.crash(event.error ?? new Error(event.message));
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    side.crash(event.reason);
  });
  port.onmessage = (event: MessageEvent<ToWorker>) => side.receive(event.data);
}
