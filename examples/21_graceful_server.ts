/**
 * A server that ends in order: SIGTERM or Ctrl-C lets the requests under way finish and takes no new
 * ones, a request that takes too long is answered with 504, and the work for a client that hangs up
 * is stopped.
 *
 * Python: `asyncio.run` with a handler for SIGTERM, `asyncio.timeout` around each request, and a
 * server that cancels the handlers of clients that have gone.
 *
 * Run it: `deno run --allow-net=127.0.0.1 examples/21_graceful_server.ts`
 *
 * @module
 */
import { ensureFuture, moveOnAfter, run, sleep, timeout, TimeoutError } from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";

/** What the server has done so far. */
const counts = { answered: 0, late: 0, hungUp: 0 };

/** Stands for a database: takes as long as it is told, and notices when nobody wants it any more. */
async function query(ms: number): Promise<string> {
  let finished = false;
  try {
    await sleep(ms);
    finished = true;
    return `after ${ms} ms`;
  } finally {
    if (!finished) console.log(`A query of ${ms} ms was stopped`);
  }
}

/** The client who hangs up aborts the signal of the request, which cancels what is in the limit. */
async function answer(request: Request, limitMs: number): Promise<Response> {
  const ms = Number(new URL(request.url).searchParams.get("ms"));
  try {
    const text = await timeout(limitMs, () => query(ms), { signal: request.signal });
    counts.answered++;
    return new Response(`${text}\n`);
  } catch (error) {
    if (error instanceof TimeoutError) {
      counts.late++;
      return new Response(`This takes longer than ${limitMs} ms\n`, { status: 504 });
    }
    if (!request.signal.aborted) throw error;
    counts.hungUp++;
    return new Response(null, { status: 499 }); // nobody reads it
  }
}

async function main(): Promise<void> {
  const { port, limit, grace } = readOptions({
    command: "deno run --allow-net=127.0.0.1 examples/21_graceful_server.ts",
    about: "Answers /?ms=<number> after that time, and ends in order.",
    options: {
      port: wholeNumber({ help: "where to listen; 0: any", fallback: 8000, min: 0, max: 65_535 }),
      limit: wholeNumber({ help: "ms for one request", fallback: 1_000, min: 1, max: 60_000 }),
      grace: wholeNumber({ help: "ms to drain", fallback: 5_000, min: 0, max: 60_000 }),
    },
  });
  // Started outside of `run`: what cancels the main task does not tear away the requests.
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    onListen: ({ port }) => console.log(`Listening on http://127.0.0.1:${port}/`),
  }, (request) => answer(request, limit));

  await run(async () => {
    try {
      await ensureFuture(server.finished); // for ever, until a signal cancels it
    } finally {
      console.log("Draining");
      const drained = moveOnAfter(grace, () => ensureFuture(server.shutdown()).then(() => true));
      console.log(await drained ? "Drained" : "Some requests were not done");
      console.log(JSON.stringify(counts));
    }
  });
}

if (import.meta.main) await main();
