/**
 * A client that keeps to what a server allows: so many requests at once, so many in any second, and
 * where the server says "too many" all the same, it waits as long as it is told and tries again.
 *
 * Python: `aiolimiter.AsyncLimiter` and `anyio.CapacityLimiter` around `httpx`, with `tenacity`.
 *
 * Run it: `deno run --allow-net=127.0.0.1 examples/25_rate_limited_client.ts`
 *
 * @module
 */
import {
  CancelledError,
  CapacityLimiter,
  gather,
  RateLimiter,
  run,
  sleep,
  waitFor,
} from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";

const MOST_AT_ONCE = 4;
const MOST_ATTEMPTS = 5;

/** A server that answers only so many requests in a window, and counts how many were too many. */
class StrictServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #times: number[] = [];
  refused = 0;

  constructor(most: number, perMs: number) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const now = performance.now();
      while (this.#times.length > 0 && this.#times[0]! <= now - perMs) this.#times.shift();
      if (this.#times.length >= most) {
        this.refused++;
        const headers = { "retry-after": String(perMs / 1_000) };
        return new Response("Too many requests", { status: 429, headers });
      }
      this.#times.push(now);
      return new Response(`page ${new URL(request.url).pathname.slice(1)}`);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Asks no more than is allowed. A task that is cancelled leaves the lines of both limiters. */
class Client {
  readonly #atOnce = new CapacityLimiter(MOST_AT_ONCE);
  readonly #rate: RateLimiter;

  constructor(most: number, perMs: number) {
    this.#rate = new RateLimiter(most, perMs);
  }

  async text(url: string): Promise<string> {
    for (let attempt = 1;; attempt++) {
      try {
        const { status, text, retryAfter } = await this.#once(url);
        if (status === 200) return text;
        if (attempt === MOST_ATTEMPTS) throw new Error(`${url}: ${status} ${text}`);
        await sleep(1_000 * retryAfter); // without a place, so that others may use it
      } catch (error) {
        if (error instanceof CancelledError || attempt === MOST_ATTEMPTS) throw error;
        await sleep(100 * 2 ** attempt * (0.5 + Math.random() / 2));
      }
    }
  }

  async #once(url: string): Promise<{ status: number; text: string; retryAfter: number }> {
    using _ = await this.#atOnce.acquire();
    await this.#rate.acquire();
    return await waitFor(async (signal) => {
      const response = await fetch(url, { signal });
      const retryAfter = Number(response.headers.get("retry-after") ?? 1);
      return { status: response.status, text: await response.text(), retryAfter };
    }, 5_000);
  }
}

async function main(): Promise<void> {
  const { requests, most, "per-ms": perMs } = readOptions({
    command: "deno run --allow-net=127.0.0.1 examples/25_rate_limited_client.ts",
    about: "Asks a strict local server for pages, no faster than it allows.",
    options: {
      requests: wholeNumber({ help: "how many requests", fallback: 30, min: 1, max: 1_000 }),
      most: wholeNumber({ help: "how many in any window", fallback: 10, min: 1, max: 1_000 }),
      "per-ms": wholeNumber({ help: "the window, in ms", fallback: 500, min: 1, max: 60_000 }),
    },
  });
  // A bit less than is allowed: what leaves here at equal distances may arrive closer together.
  const client = new Client(most, perMs + 50);
  await using server = new StrictServer(most, perMs);
  const began = performance.now();
  const pages = Array.from({ length: requests }, (_, n) => () => client.text(`${server.url}/${n}`));
  const texts = await gather(pages);
  console.log(`${texts.length} answers, the last is "${texts.at(-1)}"`);
  const windows = Math.floor((performance.now() - began) / perMs) + 1;
  console.log(`in ${windows} windows of ${perMs} ms, of at most ${most} requests each`);
  console.log(`The server refused ${server.refused}`);
}

if (import.meta.main) await run(main);
