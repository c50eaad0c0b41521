import { Connection } from "./connection.ts";
import { makeChannel } from "./message_channel.ts";
import { PipePort } from "./pipe_port.ts";

/**
 * Make a pipe: two ends, each of which receives what is sent into the other.
 *
 * Keep one end and pass the other to a worker or a `Thread`; or pass both to two of them.
 *
 * CPython: `multiprocessing.Pipe(duplex=True)`.
 *
 * @typeParam T What is sent, in both directions.
 * @returns The two ends.
 *
 * @example
 * ```ts
 * import { type Connection, pipe, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new WorkerPool(1);
 * const [here, there] = pipe<number>();
 * const echo = pool.submit(async (end: Connection<number>) => {
 *   for await (const n of end) await end.send(2 * n);
 * }, there);
 * await here.send(21);
 * assertEquals(await here.recv(), 42);
 * here.close();
 * await echo;
 * ```
 */
export function pipe<T = unknown>(): [Connection<T>, Connection<T>] {
  const { port1, port2 } = makeChannel();
  return [new Connection<T>(new PipePort(port1)), new Connection<T>(new PipePort(port2))];
}
