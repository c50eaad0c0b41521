/**
 * Fifty POST requests, at most ten at once, with a time limit on each. The server they go to is
 * part of the program; it counts how many are there at the same time.
 *
 * Python: `async with asyncio.Semaphore(10): await session.post(url, json=…)` in fifty tasks.
 *
 * Run it: `deno run --allow-net=127.0.0.1 examples/15_crawler.ts`
 *
 * @module
 */
import { currentTask, run, Semaphore, sleep, TaskGroup, timeout } from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";

const TIME_LIMIT_MS = 10_000;

/** A server that takes its time, and remembers how many requests it had at once. */
class SlowServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #now = 0;
  most = 0;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async #answer(request: Request): Promise<Response> {
    this.most = Math.max(this.most, ++this.#now);
    try {
      const { page } = await request.json();
      await sleep(5);
      return Response.json({ page, words: 100 + page });
    } finally {
      this.#now--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function post(url: string, page: number): Promise<number> {
  return await timeout(TIME_LIMIT_MS, async () => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ page }),
      signal: currentTask()!.signal, // aborted by the time limit and by any other cancellation
    });
    if (!response.ok) throw new Error(`page ${page}: ${response.status} ${response.statusText}`);
    return (await response.json()).words;
  });
}

async function crawl(url: string, pages: number, atOnce: number): Promise<number[]> {
  const gate = new Semaphore(atOnce);
  const tasks = await TaskGroup.run((group) =>
    Array.from({ length: pages }, (_, page) =>
      group.createTask(async () => {
        using _permit = await gate.acquire();
        return await post(url, page);
      }))
  );
  return tasks.map((task) => task.result());
}

async function main(): Promise<void> {
  const { requests, "at-once": atOnce } = readOptions({
    command: "deno run --allow-net=127.0.0.1 examples/15_crawler.ts",
    about: "Sends POST requests to a slow local server, a few at once.",
    options: {
      requests: wholeNumber({ help: "how many requests", fallback: 50, min: 1, max: 10_000 }),
      "at-once": wholeNumber({ help: "how many at once", fallback: 10, min: 1, max: 1_000 }),
    },
  });
  await using server = new SlowServer();
  const words = await crawl(server.url, requests, atOnce);
  const total = words.reduce((sum, count) => sum + count, 0);
  console.log(`${words.length} answers, ${total} words`);
  console.log(`The server had at most ${server.most} requests at once`);
}

if (import.meta.main) await run(main);
