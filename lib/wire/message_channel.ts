import { builtin } from "../base/builtins.ts";

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

interface Threads {
  MessageChannel: new () => Channel;
  receiveMessageOnPort(port: MessagePort): { message: unknown } | undefined;
}

function threads(): Threads | undefined {
  return builtin<Threads>("node:worker_threads");
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

/**
 * Post a message that moves nothing. The method that node:worker_threads gives to a port takes
 * twice as long as the web's own.
 */
export function post(port: Port, message: unknown): void {
  postPlain.call(port, message);
}

const { postMessage: postPlain } = MessagePort.prototype;
