import { canShareMemory } from "../../base/runtime.ts";
import { deathLog } from "../../shared/thread_registry.ts";
import {
  adoptPort,
  makeBareChannel,
  makeChannel,
  type Port,
  portsSoon,
  post,
  receiveNow,
} from "../../wire/message_channel.ts";
import { disconnect, type Peer, peersNeeded, shakeHands } from "../../wire/resource_sharer.ts";
import { CallTable } from "../call_table.ts";
import { type Boot, type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { exitCause, type HostedWorker, type WorkerListener } from "./host.ts";

/** A thread with a port, as the platform has it. */
export interface PortThread {
  /**
   * Hold the program alive until its end is told; where there is no such verb, the end of the port is
   * the end of the thread.
   */
  awaitEnd?(): void;
  /** Stop it, whatever it does. */
  terminate(): void;
}

/** What the platform says of a thread. */
export interface ThreadEvents {
  /** It failed; its end follows. */
  onError(error: unknown): void;
  /** It has ended. */
  onEnd(): void;
}

/** A worker that is a thread of this program: the pool talks to it through a port. */
export class PortWorker implements HostedWorker {
  readonly table: CallTable | undefined = canShareMemory() ? new CallTable() : undefined;
  #port: Port;
  readonly #listener: WorkerListener;
  readonly #thread: PortThread;
  #cause: unknown = undefined;
  #peer: Peer | undefined = undefined;
  #gone = false;
  #holds = true;

  /** `start` starts the thread, which is to get `boot`, and tells `events` what becomes of it. */
  constructor(listener: WorkerListener, start: (boot: Boot, events: ThreadEvents) => PortThread) {
    const soon = portsSoon();
    const { port1, port2 } = soon === undefined ? makeChannel() : makeBareChannel();
    this.#port = port1;
    this.#listener = listener;
    const memory = this.table?.memory as SharedArrayBuffer | undefined;
    this.#thread = start([port2, memory, memory && deathLog()], {
      onError: (error) => this.#cause ??= error,
      onEnd: () => {
        const end = () => {
          this.#drain();
          this.#end();
        };
        // What it has said waits in the port until that can be read.
        if (soon === undefined) end();
        else void soon.then(end);
      },
    });
    if (soon === undefined) this.#listen();
    else void soon.then(() => this.#adopt());
  }

  post(message: ToWorker, transfer?: Transferable[]): void {
    if (this.#peer === undefined && peersNeeded() && !this.#gone) {
      this.#peer = shakeHands((handshake, ports) => {
        this.#post([ToWorkerKind.Handshake, ...handshake], ports);
      });
    }
    this.#post(message, transfer);
  }

  ref(): void {
    this.#holds = true;
    this.#port.ref?.();
  }

  unref(): void {
    this.#holds = false;
    this.#port.unref?.();
  }

  kill(): void {
    if (this.#peer !== undefined) disconnect(this.#peer);
    this.#thread.terminate();
    this.unref();
    // A browser stops a thread whatever it does, and has no way to say when.
    if (!tells(this.#port)) queueMicrotask(() => this.#end());
  }

  /** The thread is starting meanwhile; what it says waits in the port. */
  #adopt(): void {
    if (this.#gone) return;
    this.#port = adoptPort(this.#port);
    this.#listen();
    if (!this.#holds) this.#port.unref?.();
  }

  #listen(): void {
    const port = this.#port;
    port.addEventListener("close", () => {
      // Node closes the port before it says what the thread died of.
      if (this.#thread.awaitEnd !== undefined) this.#thread.awaitEnd();
      else this.#end();
    });
    port.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    // An answer is lost: what it was for must not wait for ever.
    port.onmessageerror = () => this.#fail(new Error("A message of the worker could not be read"));
  }

  #post(message: ToWorker, transfer?: Transferable[]): void {
    post(this.#port, message, transfer);
    this.table?.posted();
  }

  /** Code of the user can post what it likes here: what makes no sense ends its own worker alone. */
  #receive(message: FromWorker): void {
    try {
      this.#listener.onMessage(message);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(cause: unknown): void {
    this.#cause ??= cause;
    this.#end();
  }

  /** The news that the thread has ended may have come before the last that it said. */
  #drain(): void {
    while (!this.#gone) {
      const last = receiveNow(this.#port);
      if (last === undefined) return;
      this.#receive(last.message as FromWorker);
    }
  }

  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#peer !== undefined) disconnect(this.#peer);
    this.#port.close();
    this.#thread.terminate();
    this.#listener.onExit(this.#cause ?? (this.table && exitCause(this.table)));
  }
}

/** Whether a port says when its other end is gone: those do that can be told to hold nothing alive. */
export function tells(port: Port): boolean {
  return port.unref !== undefined;
}
