import { builtin, builtinSoon } from "../base/builtins.ts";

/** A port that says when the other end is gone, and can be told not to hold the program alive. */
export interface Port extends MessagePort {
  ref?(): void;
  unref?(): void;
}

/** Two ports that are connected. */
export interface Channel {
  port1: Port;
  port2: Port;
}

interface PortModule {
  MessageChannel: new () => Channel;
  receiveMessageOnPort(port: MessagePort): { message: unknown } | undefined;
}

const THREADS = "node:worker_threads";

function threads(): PortModule | undefined {
  return builtin<PortModule>(THREADS);
}

/**
 * When ports can be made that say when their other end is gone; `undefined` if they can now. Who can
 * wait lets a thread start meanwhile, with a channel of `makeBareChannel`: to have them at once takes
 * Deno as long as to start a thread.
 */
export function portsSoon(): Promise<void> | undefined {
  return "unref" in MessagePort.prototype ? builtinSoon(THREADS) : undefined;
}

/** Make a channel of which `adoptPort` makes more, as long as nobody listens to its ports. */
export function makeBareChannel(): Channel {
  return new MessageChannel();
}

/**
 * Make a channel. Where the runtime knows `node:worker_threads`, its ports are the web's with a
 * `close` event added, which comes also when the other end dies with its thread, and with `unref`.
 */
export function makeChannel(): Channel {
  return new (threads()?.MessageChannel ?? MessageChannel)();
}

/** Make such a port of one that came from another thread, and has none of this yet. */
export function adoptPort(port: MessagePort): Port {
  const { receiveMessageOnPort } = threads() ?? {};
  if (receiveMessageOnPort === undefined || "on" in port) return port;
  // What is received on such a port becomes one.
  const { port1, port2 } = makeChannel();
  port1.postMessage(port, [port]);
  const received = receiveMessageOnPort(port2)?.message as Port;
  port1.close();
  port2.close();
  return received;
}

/** Take the next message that a port has received, before its listener is called with it. */
export function receiveNow(port: Port): { message: unknown } | undefined {
  try {
    return threads()?.receiveMessageOnPort(port);
  } catch {
    // Deno 2.5 throws where the port is closed, as others tell by giving nothing:
    //   mailbox.close(); …   // in a thread that leaves, while this one reads what it left
    return undefined;
  }
}

/** Post by the web's own method: the one that node:worker_threads gives a port is twice as slow. */
export function post(port: Port, message: unknown, transfer?: Transferable[]): void {
  if (transfer === undefined || transfer.length === 0) postMessage.call(port, message);
  else postMessage.call(port, message, { transfer });
}

// Where there are no ports, nothing is posted.
const postMessage = globalThis.MessagePort?.prototype.postMessage;
