import type { CallTable } from "../call_table.ts";
import { type ToWorker, ToWorkerKind } from "../protocol.ts";

/** Note in a table that the pool does not see which calls a message of its brings. */
export function announce(table: CallTable, message: ToWorker): void {
  switch (message[0]) {
    case ToWorkerKind.Calls:
      for (let i = 1; i < message.length; i += 3) table.announce(message[i] as number);
      return;
    case ToWorkerKind.Chunk:
    case ToWorkerKind.Stream:
      table.announce(message[1]);
  }
}
