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

type ChannelClass = new () => Channel;

interface Builtins {
  process?: {
    getBuiltinModule?(name: string): { MessageChannel?: ChannelClass } | undefined;
  };
}

let Class: ChannelClass | undefined;

/**
 * Make a channel. Where the runtime knows `node:worker_threads`, its ports are the web's with a
 * `close` event added, which comes also when the other end dies with its thread, and with `unref`.
 */
export function makeChannel(): Channel {
  Class ??= (globalThis as Builtins).process?.getBuiltinModule?.("node:worker_threads")
    ?.MessageChannel ?? MessageChannel;
  return new Class();
}
