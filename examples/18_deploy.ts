/**
 * A script for Deno Deploy, in one file: one pool for all requests, a time limit on each, and a
 * graceful end. Deploy sends SIGINT and, five seconds later, ends the program whatever it does.
 *
 * Python: a `lifespan` handler that opens a `ProcessPoolExecutor` and shuts it down, and
 * `asyncio.wait_for` around each request.
 *
 * Run it: `deno run --allow-all examples/18_deploy.ts`
 *
 * @module
 */
import {
  CancelledError,
  cancelRequested,
  remote,
  timeout,
  TimeoutError,
  WorkerPool,
} from "@strand/strand";

/** How long one request may take; the environment may say otherwise. */
const requestLimitMs = () => Number(Deno.env.get("REQUEST_LIMIT_MS")) || 3_000;
/** How long the requests under way may go on after SIGINT: one second less than Deploy gives. */
const GRACE_MS = 4_000;
const MOST_WAITING = 50;

/** The n-th Fibonacci number, worked out the slow way. */
export const fibonacci = remote(import.meta, function fibonacci(n: number): number {
  if (n > 20 && cancelRequested()) throw new CancelledError("No longer needed");
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
});

function refuse(status: number, reason: string): Response {
  return Response.json({ error: reason }, { status });
}

async function answer(request: Request, pool: WorkerPool): Promise<Response> {
  if (request.method !== "GET") return refuse(405, "Only GET is answered here");
  const { pathname } = new URL(request.url);
  if (pathname === "/stats") return Response.json(pool.stats);
  const [, text] = /^\/fibonacci\/([^/]*)$/.exec(pathname) ?? [];
  if (text === undefined) return refuse(404, "Ask for /fibonacci/<n> or /stats");
  if (!/^\d{1,2}$/.test(text) || Number(text) > 60) {
    return refuse(400, "n must be a whole number from 0 to 60");
  }
  if (pool.stats.queued >= MOST_WAITING) return refuse(503, "Too much work is waiting already");
  const limit = requestLimitMs();
  try {
    const value = await timeout(
      limit, // counts the time in the queue, too
      () => pool.submit(fibonacci, Number(text)),
    );
    return Response.json({ n: Number(text), value });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return refuse(503, `This takes longer than ${limit} ms`);
  }
}

async function main(): Promise<void> {
  // One pool for the life of the program: workers are started with the first requests and kept.
  const pool = new WorkerPool({ name: "requests" });
  const server = Deno.serve({
    onListen: ({ hostname, port }) => console.log(`Listening on http://${hostname}:${port}/`),
  }, (request) => answer(request, pool));

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    console.log("Stopping: no new requests");
    try {
      await timeout(GRACE_MS, () => server.shutdown()); // resolves when the last answer is out
      console.log("Stopped: every request was answered");
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      console.log("Stopped: some requests were not done in time");
    }
    await pool.terminate();
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  await server.finished;
}

// Workers load this module too, for `fibonacci`; only the main program is a server.
if (import.meta.main) await main();
