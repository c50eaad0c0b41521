import { joinBoard, threadId } from "../../shared/thread_registry.ts";
import type { Introduction } from "../../wire/resource_sharer.ts";
import { CallTable } from "../call_table.ts";
import type { Boot, ToWorker } from "../protocol.ts";
import { watchMemory } from "./memory_watch.ts";
import { WorkerSide } from "./worker_side.ts";

// Not written as imports of these files: they would be loaded with this one, and most calls do not
// need them.
const KINDS = [
  "../../wire/resource_sharer.ts",
  "../../wire/connection.ts",
  "../../shared/register.ts",
];

/** Serve the pool at the other end of the port, with the memory that it shares. */
export function serve(...[port, memory, deaths, limited = false]: Boot): void {
  const table = new CallTable(memory);
  joinBoard(deaths);
  table.thread = threadId();
  noteExit(table);
  let exchange: { join(introduction: Introduction): void } | undefined;
  const side = new WorkerSide({
    send: (message, transfer) => {
      if (transfer === undefined) port.postMessage(message);
      else port.postMessage(message, transfer);
    },
    table,
    sharesMemory: true,
    async loadKinds() {
      const files = KINDS.map((file) => new URL(file, import.meta.url).href);
      [exchange] = await Promise.all(files.map((file) => import(file)));
    },
    join: (introduction) => exchange?.join(introduction),
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
  if (limited) watchMemory((error) => side.crash(error));
  port.onmessage = (event: MessageEvent<ToWorker>) => side.receive(event.data);
  port.onmessageerror = () => side.crash(new Error("A message of the pool could not be read"));
}

interface Ends {
  Deno?: { exitCode: number } & CanExit;
  process?: CanExit;
}

interface CanExit {
  exit(code?: number): never;
}

/** Note down the code with which this thread ends itself, should it do so. */
function noteExit(table: CallTable): void {
  const here = globalThis as unknown as Ends;
  const { Deno } = here;
  if (Deno === undefined) return;
  Deno.exitCode = 1;
  if (Deno.exitCode === 1) {
    Deno.exitCode = 0;
    addEventListener("unload", () => table.exitcode = Deno.exitCode);
    return;
  }
  // Deno 2.5 keeps no exit code in a worker.
  for (const owner of [Deno, here.process]) {
    if (owner === undefined) continue;
    owner.exit = new Proxy(owner.exit, {
      apply: (exit, self, codes) => {
        table.exitcode = Number(codes[0] ?? 0);
        return Reflect.apply(exit, self, codes);
      },
    });
  }
}
