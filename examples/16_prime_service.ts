/**
 * A web service whose answers are worked out by a pool: `/is_prime/7,8,112272535095293`.
 *
 * Python: FastAPI with `await loop.run_in_executor(process_pool, is_prime, n)`.
 *
 * Run it: `deno run --allow-read=. --allow-net=127.0.0.1 examples/16_prime_service.ts`
 *
 * One request may ask for so many numbers and take so long; when too much work is waiting already,
 * new requests are turned away. The work of a client that hangs up is cancelled; where that is asked
 * for, Deno 2.9 says once that it has plans for `request.signal`, which does no harm.
 *
 * @module
 */
import { TimeoutError, WorkerPool } from "@strand/strand";
import { isPrime } from "./primes.ts";
import { readOptions, wholeNumber } from "./support/options.ts";
import { Refusal, startServer, untilInterrupted } from "./support/web.ts";

const MOST_NUMBERS = 20;
const TIME_LIMIT_MS = 5_000;
const MOST_WAITING = 200;

/** Reads `7,8,9`. */
function parseNumbers(text: string): number[] {
  const parts = text.split(",");
  if (parts.length > MOST_NUMBERS) {
    throw new Refusal(400, `At most ${MOST_NUMBERS} numbers may be asked at once`);
  }
  return parts.map((part) => {
    const number = Number(part);
    if (!/^\d{1,16}$/.test(part) || !Number.isSafeInteger(number)) {
      const most = Number.MAX_SAFE_INTEGER;
      throw new Refusal(400, `Each number must be a whole number from 0 to ${most}`);
    }
    return number;
  });
}

async function answer(request: Request, url: URL, pool: WorkerPool): Promise<Response> {
  if (url.pathname === "/stats") return Response.json(pool.stats);
  const [, numbersText] = /^\/is_prime\/([^/]*)$/.exec(url.pathname) ?? [];
  if (numbersText === undefined) {
    throw new Refusal(404, "Ask for /is_prime/<number>,<number>... or /stats");
  }
  const numbers = parseNumbers(numbersText);
  if (pool.stats.queued + numbers.length > MOST_WAITING) {
    throw new Refusal(503, "Too much work is waiting already");
  }
  try {
    const answers = await pool.map(isPrime, numbers, {
      chunksize: 1, // one number per worker at a time
      timeout: TIME_LIMIT_MS,
      signal: request.signal,
    });
    return Response.json(Object.fromEntries(numbers.map((n, i) => [n, answers[i]])));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new Refusal(503, `This would take longer than ${TIME_LIMIT_MS / 1_000} seconds`);
  }
}

async function main(): Promise<void> {
  const { port, workers } = readOptions({
    command: "deno run --allow-read=. --allow-net=127.0.0.1 examples/16_prime_service.ts",
    about: "Serves /is_prime/<number>,<number>... from a pool of workers.",
    options: {
      port: wholeNumber({ help: "where to listen; 0: any", fallback: 8000, min: 0, max: 65_535 }),
      workers: wholeNumber({
        help: "how many workers",
        fallback: navigator.hardwareConcurrency,
        min: 1,
        max: 1_024,
      }),
    },
  });
  await using pool = new WorkerPool(workers);
  await untilInterrupted(startServer(port, (request, url) => answer(request, url, pool)));
}

if (import.meta.main) await main();
