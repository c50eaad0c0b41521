/** The parts of `Deno.listen` and `Deno.connect` that tests use, by node:net. */
import { connect as connectSocket, createServer } from "node:net";

export function listen({ port }) {
  const server = createServer();
  // Without a name of the host the port is known at once, as Deno's is.
  server.listen(port);
  return { addr: server.address(), [Symbol.dispose]: () => server.close() };
}

export async function connect({ hostname, port }) {
  const socket = connectSocket(port, hostname);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const chunks = socket[Symbol.asyncIterator]();
  return {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve(bytes.length))),
    /** Reads what has come together, which has to fit. */
    async read(bytes) {
      const { done, value } = await chunks.next();
      if (done) return null;
      bytes.set(value);
      return value.length;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
