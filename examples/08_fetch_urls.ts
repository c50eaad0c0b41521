/**
 * Fetches a list of addresses one after another, on threads, and on a pool of tasks; reports status
 * and length of each, and those that failed.
 *
 * Python: `requests.get` in a loop, in a `Thread` each, and in `ThreadPoolExecutor.map`.
 *
 * Run it: `deno run --allow-read=. --allow-net examples/08_fetch_urls.ts https://example.com/ …`
 * Without addresses it asks a small server of its own, and needs `--allow-net=127.0.0.1` only.
 *
 * @module
 */
import {
  CancelledError,
  currentTask,
  gather,
  remote,
  run,
  sleep,
  TaskPool,
  timeout,
  TimeoutError,
  toThread,
} from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";
import { Table } from "./support/table.ts";

/** What became of one address. */
interface Outcome {
  url: string;
  status?: number;
  length?: number;
  problem?: string;
}

/** Fetches one address; a failure is an outcome, too. */
async function fetchOne(url: string, limit: number): Promise<Outcome> {
  try {
    return await timeout(limit, async () => {
      const response = await fetch(url, { signal: currentTask()!.signal });
      const { byteLength: length } = await response.arrayBuffer();
      const { ok, status, statusText } = response;
      return ok ? { url, status, length } : { url, status, length, problem: statusText };
    });
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof Error)) throw error;
    if (error instanceof TimeoutError) return { url, problem: `No answer in ${limit} ms` };
    // The runtime tells the whole story; its end is what went wrong.
    return { url, problem: error.message.split(": ").at(-1)! };
  }
}

/** What the threads find in this module, by name. */
export const work = remote(import.meta, { fetchOne });

async function oneAfterAnother(urls: string[], limit: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const url of urls) outcomes.push(await fetchOne(url, limit));
  return outcomes;
}

/** As many threads as the machine has cores. For waiting, threads are more than is needed. */
async function onThreads(urls: string[], limit: number): Promise<Outcome[]> {
  return await gather(urls.map((url) => toThread(work.fetchOne, url, limit)));
}

/** The right tool: tasks on this thread, a few at once. */
async function onTaskPool(urls: string[], limit: number, atOnce: number): Promise<Outcome[]> {
  await using pool = new TaskPool(atOnce);
  return await pool.map((url) => fetchOne(url, limit), urls);
}

/** Something to fetch where no addresses are given: pages of several lengths, and bad ones. */
function startServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/missing") return new Response("not here", { status: 404 });
    if (pathname === "/broken") return new Response("oops", { status: 500 });
    await sleep(20);
    return new Response("x".repeat(100 * pathname.length));
  });
}

/** The addresses that the program asks for by itself; nobody listens on the last one's port. */
function samples(server: Deno.HttpServer<Deno.NetAddr>): string[] {
  const pages = ["", "a", "of", "the", "long", "missing", "broken"];
  const origin = `http://127.0.0.1:${server.addr.port}/`;
  return [...pages.map((page) => origin + page), "http://127.0.0.1:1/nobody"];
}

function checkUrls(texts: string[]): string[] {
  for (const text of texts) {
    const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
    if (protocol !== "http:" && protocol !== "https:") {
      console.error(`"${text}" is not an http or https address (--help shows all options)`);
      Deno.exit(2);
    }
  }
  return texts;
}

async function main(): Promise<void> {
  const { limit, "at-once": atOnce, rest } = readOptions({
    command: "deno run --allow-read=. --allow-net examples/08_fetch_urls.ts",
    about: "Fetches addresses in three ways; those of a small local server if none are given.",
    rest: "[url...]",
    options: {
      limit: wholeNumber({ help: "ms for each address", fallback: 10_000, min: 1, max: 600_000 }),
      "at-once": wholeNumber({ help: "how many at once", fallback: 5, min: 1, max: 1_000 }),
    },
  });
  const given = checkUrls(rest);
  await using server = startServer();
  const urls = given.length > 0 ? given : samples(server);

  const ways: [way: string, work: () => Promise<Outcome[]>][] = [
    ["one after another", () => oneAfterAnother(urls, limit)],
    ["threads", () => onThreads(urls, limit)],
    [`TaskPool(${atOnce})`, () => onTaskPool(urls, limit, atOnce)],
  ];
  const times = new Table({ way: 18, ms: 6, fetched: 8, failed: 8 });
  console.log(times.head);
  let outcomes: Outcome[] = [];
  for (const [way, work] of ways) {
    const start = performance.now();
    outcomes = await work();
    const ms = Math.round(performance.now() - start);
    const failed = outcomes.filter(({ problem }) => problem !== undefined).length;
    console.log(times.row(way, String(ms), String(urls.length - failed), String(failed)));
  }

  const width = Math.max(...urls.map((url) => url.length));
  const pages = new Table({ address: width, status: 8, length: 8 });
  console.log(`\n${pages.head}`);
  for (const { url, status, length } of outcomes) {
    console.log(pages.row(url, String(status ?? "none"), String(length ?? "")));
  }
  console.log();
  for (const { url, problem } of outcomes) {
    if (problem !== undefined) console.log(`failed: ${url}: ${problem}`);
  }
}

if (import.meta.main) await run(main);
