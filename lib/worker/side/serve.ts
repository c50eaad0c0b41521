import { joinBoard, threadId } from "../../shared/owners.ts";
import { CallBoard } from "../../wire/call_board.ts";
import type { Boot, ToWorker } from "../protocol.ts";
import { WorkerSide } from "./worker_side.ts";

// Not written as imports of these files: they would be loaded with this one, and most calls do not
// need them.
const KINDS = ["../../wire/connection.ts", "../../shared/register.ts"];

/** Serve the pool at the other end of the port, with the memory that it shares. */
export function serve(...[port, memory, deaths, inTurns = false]: Boot): void {
  const board = new CallBoard(memory);
  joinBoard(deaths);
  board.thread = threadId();
  const side = new WorkerSide({
    send: (message, transfer) => {
      if (transfer === undefined) port.postMessage(message);
      else port.postMessage(message, transfer);
    },
    board,
    sharesMemory: true,
    inTurns,
    loadKinds: () => Promise.all(KINDS.map((file) => import(new URL(file, import.meta.url).href))),
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
  port.onmessageerror = () => side.crash(new Error("A message of the pool could not be read"));
}
