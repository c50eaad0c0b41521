import { cloneError } from "./clone_error.ts";
import { adoptPort, type Port, post } from "./message_channel.ts";
import { pack, type Packed, survey } from "./packing.ts";

/** A message as it crosses: the value as it is, or packed. `null` says that the end was closed. */
export type PipeMessage =
  | [value: unknown, packed?: undefined]
  | [value: Packed, packed: true]
  | null;

/** What hears of what comes through a port. */
export interface PipeListener {
  /** A message has come, or what is none: code of another thread may have got hold of the port. */
  onMessage(message: PipeMessage): void;
  /** The other end is closed, or its thread is gone. */
  onClose(): void;
}

/**
 * The port of one end of a pipe.
 *
 * It stands in for the argument of a connection that is made from inside: nobody else can make one.
 */
export class PipePort {
  readonly #port: Port;
  #listening = false;
  #held = false;

  constructor(port: Port) {
    this.#port = port;
  }

  /** That of an end which has come from another thread. */
  static adopt(port: MessagePort): PipePort {
    return new PipePort(adoptPort(port));
  }

  /** Whether messages come here: one may be on its way, so that the port has to stay. */
  get listening(): boolean {
    return this.#listening;
  }

  /** The port itself, for where it moves. */
  get moving(): MessagePort {
    return this.#port;
  }

  /** Let messages come, from the first call on. */
  listen(listener: PipeListener): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#port.addEventListener("close", () => listener.onClose());
    this.#port.onmessage = ({ data }: MessageEvent<PipeMessage>) => listener.onMessage(data);
    this.#port.onmessageerror = () => listener.onMessage([] as never);
    this.#port.unref?.();
  }

  /** @throws {TypeError} If the value cannot be cloned. */
  send(value: unknown, transfer: Transferable[]): void {
    try {
      const special = survey([value]) < 0;
      post(this.#port, special ? [pack(value, transfer), true] : [value], transfer);
    } catch (error) {
      if ((error as Error).name !== "DataCloneError") throw error;
      throw cloneError("the value", value, transfer, error);
    }
  }

  /** Say whether it is to hold the program alive. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#port.ref?.();
    else this.#port.unref?.();
  }

  /** Tell the other end that nothing more comes. */
  sayClosed(): void {
    this.#port.postMessage(null);
  }

  close(): void {
    this.#port.close();
  }
}
