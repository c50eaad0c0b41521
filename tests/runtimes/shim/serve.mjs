/** The part of `Deno.serve` that tests use, by node:http. */
import { AsyncResource } from "node:async_hooks";
import { createServer } from "node:http";

/** Deno calls handlers in no context, Node in that of the call that made the server. */
const NOWHERE = new AsyncResource("serve");

export function serve({ port, onListen, signal }, handler) {
  const server = createServer(async (request, response) => {
    const { host } = request.headers;
    const answer = await handler(new Request(`http://${host}${request.url}`));
    response.writeHead(answer.status, [...answer.headers]);
    response.end(await answer.text());
  });
  const finished = new Promise((resolve) => server.on("close", resolve));
  // Without a name of the host the port is known at once, as Deno's is.
  NOWHERE.runInAsyncScope(() => server.listen(port));
  onListen?.(server.address());
  signal?.addEventListener("abort", () => {
    server.close();
    server.closeAllConnections();
  });
  return {
    addr: server.address(),
    finished,
    async shutdown() {
      server.close();
      server.closeIdleConnections();
      await finished;
    },
  };
}
