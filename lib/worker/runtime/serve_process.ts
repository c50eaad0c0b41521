import { MarkedWriter } from "../process/marked_stream.ts";
import { describeValue } from "../process/message_frames.ts";
import { decodeValue, encodeValue } from "../process/value_codec.ts";
import { type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { ProcessCallTable } from "./process_call_table.ts";
import { startWatch } from "./process_watch.ts";
import { refuseShared } from "../../wire/refuse_shared.ts";
import { WorkerSide } from "./worker_side.ts";

interface Runtime {
  Deno: {
    stdin: { close(): void };
    stderr: { writeSync(bytes: Uint8Array): number };
    addSignalListener(signal: "SIGINT", listener: () => void): void;
    exit(code: number): never;
  };
}

const { Deno: runtime } = globalThis as unknown as Runtime;
const { stderr } = runtime;
const writeSync = stderr.writeSync.bind(stderr);

/** The last words of a process that can be told nothing any more. */
const DEAF = new TextEncoder().encode("It cannot receive messages any more\n");

/**
 * Serve the pool that started this process. What it sends comes through standard input. The answers
 * go through standard error, since nothing else writes there in bulk; what others write there is
 * told from them by a mark, which is the first thing that the pool sends.
 */
export function serveProcess(): void {
  const table = new ProcessCallTable();
  let writer: MarkedWriter | undefined;
  const send = (message: FromWorker, transfer?: Transferable[]) => {
    const encoded = encodeValue(message, transfer, false);
    writer!.add(describeValue(encoded));
    writer!.add(encoded.head);
    for (const buffer of encoded.buffers) writer!.add(buffer);
    writer!.flush();
  };
  const side = new WorkerSide({ send, table, sharesMemory: false, refuse: refuseShared });
  addEventListener("error", (event) => {
    event.preventDefault();
    side.crash(event.error ?? new Error(event.message));
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    side.crash(event.reason);
  });
  startWatch(table.asked, (message) => {
    if (message === undefined) return runtime.exit(1);
    const value = decodeValue(...message);
    if (writer === undefined) {
      writer = new MarkedWriter(value as Uint8Array, writeAll);
      return;
    }
    announce(table, value as ToWorker);
    side.receive(value as ToWorker);
  }, () => {
    writeAll(DEAF);
    runtime.exit(1);
  });
  // Nobody else is to take what the pool sends.
  runtime.stdin.close();
  // Ctrl-C reaches every process of the terminal. What is to end then is for the program to say.
  runtime.addSignalListener("SIGINT", () => {});
}

function announce(table: ProcessCallTable, message: ToWorker): void {
  switch (message[0]) {
    case ToWorkerKind.Calls:
      for (let i = 1; i < message.length; i += 3) table.announce(message[i] as number);
      return;
    case ToWorkerKind.Chunk:
    case ToWorkerKind.Stream:
      table.announce(message[1]);
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(bytes.subarray(at));
}
