/**
 * A web page made of a file, a database and an API, asked side by side: it is there in the time of
 * the slowest. `/?word=lock` looks for a word.
 *
 * Python: `await asyncio.gather(read_file(), query_db(), call_api())` in a web handler, with
 * `asyncio.to_thread` around the blocking database.
 *
 * Run it: `deno run --allow-read=. --allow-net=127.0.0.1 examples/17_concurrent_page.ts`
 *
 * @module
 */
import {
  currentTask,
  gather,
  remote,
  sleep,
  timeout,
  TimeoutError,
  WorkerPool,
} from "@strand/strand";
import { DatabaseSync } from "node:sqlite";
import { readOptions, wholeNumber } from "./support/options.ts";
import { Refusal, startServer, untilInterrupted } from "./support/web.ts";

const TIME_LIMIT_MS = 5_000;
const FILE = new URL("../lib/errors.ts", import.meta.url);

/** Words and where CPython keeps them; in a file of its own in a real program. */
const WORDS: readonly [word: string, module: string][] = [
  ["task", "asyncio"],
  ["queue", "asyncio"],
  ["queue", "multiprocessing"],
  ["lock", "asyncio"],
  ["lock", "threading"],
  ["lock", "multiprocessing"],
  ["pool", "multiprocessing"],
];

let database: DatabaseSync | undefined;

/** Fills the worker's database; runs once in each worker, before anything else. */
function openDatabase(): void {
  database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE words (word TEXT, module TEXT)");
  const insert = database.prepare("INSERT INTO words VALUES (?, ?)");
  for (const row of WORDS) insert.run(...row);
}

/** Asks the database. It blocks its thread meanwhile, hence the worker. */
function queryDatabase(word: string): string[] {
  const query = database!.prepare("SELECT module FROM words WHERE word = ? ORDER BY module");
  return query.all(word).map((row) => String(row["module"]));
}

/** What the workers find in this module, by name. */
export const work = remote(import.meta, { openDatabase, queryDatabase });

/** How often the word stands in a file. */
async function readFile(word: string): Promise<string> {
  const text = await Deno.readTextFile(FILE, { signal: currentTask()!.signal });
  const count = text.toLowerCase().split(/[^a-z]+/).filter((other) => other === word).length;
  return `"${word}" stands ${count} times in ${FILE.pathname.split("/").at(-1)}`;
}

async function askDatabase(pool: WorkerPool, word: string): Promise<string> {
  const modules = await pool.submit(work.queryDatabase, word);
  return `The database has it in ${modules.join(", ") || "no module"}`;
}

async function callApi(url: string, word: string): Promise<string> {
  const address = `${url}length?word=${word}`;
  const response = await fetch(address, { signal: currentTask()!.signal });
  const { length } = await response.json();
  return `The API counts ${length} letters`;
}

/** What one source said, and when it began and ended, in milliseconds after the request. */
interface Part {
  text: string;
  from: number;
  to: number;
}

async function timed(since: number, source: () => Promise<string>): Promise<Part> {
  const from = performance.now() - since;
  const text = await source();
  return { text, from, to: performance.now() - since };
}

function parseWord(url: URL): string {
  const word = url.searchParams.get("word") ?? "lock";
  if (!/^[a-z]{1,30}$/.test(word)) throw new Refusal(400, "word must be 1 to 30 letters a to z");
  return word;
}

async function answer(url: URL, pool: WorkerPool, api: string): Promise<Response> {
  if (url.pathname !== "/") throw new Refusal(404, "There is only one page here: /?word=lock");
  const word = parseWord(url);
  const since = performance.now();
  try {
    const parts = await timeout(TIME_LIMIT_MS, () =>
      gather(
        () => timed(since, () => readFile(word)),
        () => timed(since, () => askDatabase(pool, word)),
        () => timed(since, () => callApi(api, word)),
      ));
    return page(word, parts, performance.now() - since);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new Refusal(503, `This took longer than ${TIME_LIMIT_MS / 1_000} seconds`);
  }
}

function page(word: string, parts: readonly Part[], ms: number): Response {
  const items = parts.map(({ text, from, to }) =>
    `<li>${text} <small>(from ${from.toFixed(1)} to ${to.toFixed(1)} ms)</small></li>`
  );
  const html = `<!doctype html>
<html lang="en">
<title>${word}</title>
<h1>${word}</h1>
<ul>
${items.join("\n")}
</ul>
<p>All of it took ${ms.toFixed(1)} ms.</p>
</html>
`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** Stands for an API somewhere else, which takes its time. */
function startApi(delay: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    await sleep(delay);
    const word = new URL(request.url).searchParams.get("word") ?? "";
    return Response.json({ length: word.length });
  });
}

async function main(): Promise<void> {
  const { port, delay } = readOptions({
    command: "deno run --allow-read=. --allow-net=127.0.0.1 examples/17_concurrent_page.ts",
    about: "Serves a page that is put together from a file, a database and an API.",
    options: {
      port: wholeNumber({ help: "where to listen; 0: any", fallback: 8000, min: 0, max: 65_535 }),
      delay: wholeNumber({ help: "what the API takes, in ms", fallback: 200, min: 0, max: 60_000 }),
    },
  });
  await using api = startApi(delay);
  const apiUrl = `http://127.0.0.1:${api.addr.port}/`;
  await using pool = new WorkerPool({ maxWorkers: 1, initializer: work.openDatabase });
  await untilInterrupted(startServer(port, (_request, url) => answer(url, pool, apiUrl)));
}

if (import.meta.main) await main();
