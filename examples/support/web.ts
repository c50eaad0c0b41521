import { ensureFuture, run, TimeoutError, waitFor } from "@strand/strand";

/** How long requests that are under way may still take after Ctrl-C. */
const GRACE_MS = 4_000;

/** Something a client did wrong, or the server cannot do now: an answer with a reason. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }

  toResponse(): Response {
    return Response.json({ error: this.message }, { status: this.status });
  }
}

/** Starts a server that turns a `Refusal` into its answer, and says where it listens. */
export function startServer(
  port: number,
  answer: (request: Request, url: URL) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const onListen = (address: Deno.NetAddr) => {
    console.log(`Listening on http://${address.hostname}:${address.port}/ (Ctrl-C stops it)`);
  };
  const handler = async (request: Request): Promise<Response> => {
    try {
      if (request.method !== "GET") throw new Refusal(405, "Only GET is answered here");
      return await answer(request, new URL(request.url));
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse();
      if (request.signal.aborted) return new Refusal(499, "The client hung up").toResponse();
      console.error(error);
      return new Refusal(500, "Something went wrong here").toResponse();
    }
  };
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    console.error(`Port ${port} is taken already (--port chooses another)`);
    Deno.exit(1);
  }
}

/**
 * Lets a server run until Ctrl-C. It then takes no more requests, and those under way have a few
 * seconds to finish before the program ends with exit code 130.
 *
 * The server is started outside of `run`: its requests belong to no task, so that Ctrl-C, which
 * cancels the main task, does not tear them away.
 */
export async function untilInterrupted(server: Deno.HttpServer): Promise<void> {
  await run(async () => {
    try {
      await ensureFuture(server.finished);
    } finally {
      await stop(server);
    }
  });
}

async function stop(server: Deno.HttpServer): Promise<void> {
  console.log("Stopping");
  try {
    await waitFor(server.shutdown(), GRACE_MS);
    console.log("Stopped");
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log("Stopped, though some requests were not done");
  }
}
