/**
 * How an object of the library says that it crosses to another thread as itself.
 */

/** What a shareable object travels as. */
export interface Parcel {
  /** Which `revive` makes it an object again. */
  kind: string;
  /** What structured clone carries: shared buffers, ports, numbers. */
  data: unknown;
  /** What has to move rather than be copied. */
  transfer?: Transferable[];
}

/** The key of the method by which an object packs itself. */
export const parcel: unique symbol = Symbol.for("@strand/strand parcel");

/**
 * An object that crosses to another thread and arrives as the same kind of object.
 *
 * The library packs it. What sends it by the platform alone, with `postMessage` or
 * `structuredClone`, gets a `DataCloneError`.
 *
 * CPython has no class for it: what may be passed to a `multiprocessing.Process` pickles itself.
 *
 * @example
 * ```ts
 * import { type Shareable, SharedArray, SharedEvent, Thread } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // What two threads share. Structured clone would refuse or flatten any other class.
 * const board: { ready: SharedEvent; cells: SharedArray } & Record<string, Shareable> = {
 *   ready: new SharedEvent(),
 *   cells: new SharedArray("uint8", 3),
 * };
 * const thread = new Thread((shared: typeof board) => {
 *   shared.cells.set(1, 42);
 *   shared.ready.set();
 * }, { args: [board] });
 * thread.start();
 * await board.ready.wait();
 * assertEquals([...board.cells], [0, 42, 0]);
 * await thread.join();
 * ```
 */
export abstract class Shareable {
  /** @ignore */
  constructor() {
    // No platform clones what holds objects weakly, whatever its class. Of any other object of a
    // class it would leave an empty one, which fails much later and somewhere else.
    return Reflect.construct(WeakSet, [], new.target);
  }

  /**
   * Pack it. It may be called several times; each parcel is revived once. What has to move throws,
   * where nothing can: `mayMove` is `false` then. Default: `true`.
   *
   * @internal
   */
  abstract [parcel](mayMove?: boolean): Parcel;
}

/**
 * How a thread makes itself known to its host, should it come to share what others need. Whoever
 * serves a pool in this thread says how; in the main thread there is no host.
 */
export const handshakeWithHost: {
  send: ((handshake: never, transfer: Transferable[]) => void) | undefined;
} = { send: undefined };

const sharedTypes = new Map<string, (data: never) => object>();

/** Say how parcels of `kind` become objects again; called once by the module of the class. */
export function registerSharedType<D>(kind: string, revive: (data: D) => object): void {
  sharedTypes.set(kind, revive);
}

/** Make the object again that `[parcel]` packed. */
export function revive(kind: string, data: unknown): object {
  const make = sharedTypes.get(kind);
  if (make === undefined) {
    throw new TypeError(`Cannot receive a shared object: "${kind}" is unknown`);
  }
  return make(data as never);
}
