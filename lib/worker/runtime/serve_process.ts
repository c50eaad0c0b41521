import { closeStdin, exit, onSignal, onUncaught, stderrWriter } from "../../base/runtime.ts";
import { refuseShared } from "../../wire/packing.ts";
import { MarkedWriter } from "../process/marked_stream.ts";
import { describeValue } from "../process/message_frames.ts";
import { decodeValue, encodeValue } from "../process/value_codec.ts";
import { CallTable, type Claim } from "../call_table.ts";
import type { FromWorker, ToWorker } from "../protocol.ts";
import { announce } from "./announce.ts";
import { watchStdin } from "./watch_stdin.ts";
import { WorkerSide } from "./worker_side.ts";

/** What is written to standard error by a process that can be told nothing any more. */
const STDIN_CLOSED = new TextEncoder().encode("It cannot receive messages any more\n");

/**
 * Serve the pool that started this process. What it sends comes through standard input. The answers
 * go through standard error, since nothing else writes there in bulk; what others write there is
 * told from them by a mark, which is the first thing that the pool sends.
 */
export function serveProcess(): void {
  const table = new ProcessCallTable();
  const writeStderr = stderrWriter();
  let writer: MarkedWriter | undefined;
  const send = (message: FromWorker, transfer?: Transferable[]) => {
    const encoded = encodeValue(message, transfer, false);
    writer!.add(describeValue(encoded));
    writer!.add(encoded.head);
    for (const buffer of encoded.buffers) writer!.add(buffer);
    writer!.flush();
  };
  const side = new WorkerSide({ send, table, sharesMemory: false, refuse: refuseShared });
  onUncaught((error) => side.crash(error));
  watchStdin(table.asked, (message) => {
    if (message === undefined) return exit(1);
    const value = decodeValue(...message);
    if (writer === undefined) {
      writer = new MarkedWriter(value as Uint8Array, writeStderr);
      return;
    }
    announce(table, value as ToWorker);
    side.receive(value as ToWorker);
  }, () => {
    writeStderr(STDIN_CLOSED);
    exit(1);
  });
  // Nobody else is to take what the pool sends.
  closeStdin();
  // Ctrl-C reaches every process of the terminal. What is to end then is for the program to say.
  onSignal("SIGINT", () => {});
}

/** The call table of a process: requests to stop reach it through the second thread. */
class ProcessCallTable extends CallTable {
  /** The last call that was asked to stop, plus 1; 0 if there was none. Then how many were handed on. */
  readonly asked: Int32Array = new Int32Array(new SharedArrayBuffer(8));

  override claim(call: number): Claim {
    // Asked to stop before it was begun: it is not begun.
    this.stopped(call);
    return super.claim(call);
  }

  override stopped(call: number): boolean {
    if (Atomics.load(this.asked, 0) === call + 1) this.stop(call);
    return super.stopped(call);
  }
}
