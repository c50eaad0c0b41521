import { nextTurn, now } from "../../base/clock.ts";
import { lockManager, onExit, onUncaught } from "../../base/runtime.ts";
import { joinDeathLog, threadId } from "../../shared/thread_registry.ts";
import type { Handshake } from "../../wire/resource_sharer.ts";
import { handshakeWithHost } from "../../wire/shareable.ts";
import { CallTable } from "../call_table.ts";
import { ROW_MS, spin, SPIN_MS } from "../spin.ts";
import { type Boot, FromWorkerKind, type ToWorker } from "../protocol.ts";
import { announce } from "./announce.ts";
import { watchMemory } from "./watch_memory.ts";
import { WorkerSide } from "./worker_side.ts";

// Not written as an import of the file: it would be loaded with this one, and most calls do not need
// it.
const SHARED_TYPES = "../shared_types.js";
const HERE = import.meta.url;

/** What has to be loaded before anything shared can arrive. */
interface SharedTypes {
  join(handshake: Handshake): void;
}

function loadByName(): Promise<SharedTypes> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ new URL(SHARED_TYPES, HERE).href);
}

/** Serve the pool at the other end of the port, with the memory that it shares. */
export function serve(boot: Boot, loadSharedTypes = loadByName): void {
  const [port, memory, deaths, limited = false, lock] = boot;
  const sharesMemory = memory !== undefined;
  const table = new CallTable(memory);
  if (deaths !== undefined) joinDeathLog(deaths);
  table.thread = threadId();
  onExit((code) => table.exitcode = code);
  if (sharesMemory) {
    handshakeWithHost.send = (handshake: Handshake, transfer) => {
      port.postMessage([FromWorkerKind.Handshake, ...handshake], transfer);
    };
  }
  let turnedAt = 0;
  let types: SharedTypes | undefined;
  const side = new WorkerSide({
    send: (message, transfer) => {
      if (transfer === undefined) port.postMessage(message);
      else port.postMessage(message, transfer);
    },
    table,
    sharesMemory,
    loadSharedTypes: async () => types = await loadSharedTypes(),
    join: (handshake) => types?.join(handshake),
    spin: (there, goOn) => {
      const look = () => {
        spin(there, SPIN_MS);
        goOn();
      };
      if (now() - turnedAt < ROW_MS) return look();
      nextTurn(() => {
        turnedAt = now();
        look();
      });
    },
  });
  // An error that nobody catches would take the whole program down. The pool gets to know it as it
  // is, and ends this worker.
  onUncaught((error) => side.crash(error));
  if (limited) watchMemory((error) => side.crash(error));
  const listen = () => {
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
      if (!sharesMemory) announce(table, data);
      side.receive(data);
    };
    // After the other: in Chromium it starts the port as well, and what finds no listener is lost.
    port.onmessageerror = () => side.crash(new Error("A message of the pool could not be read"));
  };
  const locks = lockManager();
  if (lock === undefined || locks === undefined) return listen();
  // Whoever waits for the lock hears of the end of this thread. Before it is held, nothing is begun
  // that could end it.
  void locks.request(lock, () => {
    (globalThis as unknown as { postMessage(message: unknown): void }).postMessage("locked");
    listen();
    return new Promise(() => {});
  });
}
