/**
 * The same jobs on one thread, on a `TaskPool`, on a `WorkerPool` and on a `ProcessPool`: jobs that
 * compute, and jobs that wait.
 *
 * Python: threads against processes against asyncio, on CPU-bound and on I/O-bound work.
 *
 * Run it: `deno run --allow-read=. --allow-run --allow-net=127.0.0.1
 * examples/10_three_ways_compared.ts`
 *
 * @module
 */
import {
  currentTask,
  type Executor,
  ProcessPool,
  remote,
  run,
  sleep,
  TaskPool,
  WorkerPool,
} from "@strand/strand";
import { isPrime } from "./primes.ts";
import { readOptions, wholeNumber } from "./support/options.ts";
import { Table } from "./support/table.ts";

const WAIT_MS = 50;

/** Waits for a slow server: I/O. */
export const ask = remote(import.meta, async function ask(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: currentTask()!.signal }); // so that Ctrl-C ends it
  return await response.text() === "yes";
});

/** One kind of job: a function and what it is given, over and over. */
interface Jobs<T> {
  fn: (item: T) => boolean | Promise<boolean>;
  items: T[];
}

async function onOneThread<T>({ fn, items }: Jobs<T>): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const item of items) {
    answers.push(await fn(item));
    await sleep(0); // lets Ctrl-C through
  }
  return answers;
}

async function on<T>(executor: Executor, { fn, items }: Jobs<T>): Promise<boolean[]> {
  return await executor.map(fn, items, { chunksize: 1 });
}

/** Does the jobs, checks the answers, and gives the milliseconds. */
async function time(work: () => Promise<boolean[]>, count: number): Promise<string> {
  const start = performance.now();
  const answers = await work();
  if (answers.length !== count || !answers.every(Boolean)) throw new Error("Wrong answers");
  return Math.round(performance.now() - start).toString();
}

function startServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    await sleep(WAIT_MS);
    return new Response("yes");
  });
}

async function main(): Promise<void> {
  const { jobs, number, workers } = readOptions({
    command: "deno run --allow-read=. --allow-run --allow-net=127.0.0.1 " +
      "examples/10_three_ways_compared.ts",
    about: "Times jobs that compute and jobs that wait, on one thread and on each kind of pool.",
    options: {
      jobs: wholeNumber({ help: "how many jobs of each kind", fallback: 12, min: 1, max: 10_000 }),
      number: wholeNumber({
        help: "the prime that the computing jobs test",
        fallback: 112272535095293,
        min: 2,
        max: Number.MAX_SAFE_INTEGER,
      }),
      workers: wholeNumber({
        help: "how many jobs at once on the pools",
        fallback: navigator.hardwareConcurrency,
        min: 1,
        max: 256,
      }),
    },
  });
  await using server = startServer();
  const compute: Jobs<number> = { fn: isPrime, items: new Array(jobs).fill(number) };
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const wait: Jobs<string> = { fn: ask, items: new Array(jobs).fill(url) };

  const table = new Table({ way: 18, "computing, ms": 0, "waiting, ms": 0 });
  console.log(`${jobs} jobs of each kind, ${workers} at once on the pools\n`);
  console.log(table.head);
  console.log(table.row(
    "one thread",
    await time(() => onOneThread(compute), jobs),
    await time(() => onOneThread(wait), jobs),
  ));
  // Processes get the permissions of the program, but where these are limited to hosts, the runtime
  // does not tell to which; so they are given by hand.
  const permissions = { read: ["."], net: ["127.0.0.1"] };
  const pools: [name: string, make: () => Executor][] = [
    ["TaskPool", () => new TaskPool(workers)],
    ["WorkerPool", () => new WorkerPool(workers)],
    ["ProcessPool", () => new ProcessPool({ maxWorkers: workers, permissions })],
  ];
  for (const [name, make] of pools) {
    await using pool = make();
    // The first row of jobs on a pool starts its workers: that is part of the price.
    const computing = await time(() => on(pool, compute), jobs);
    console.log(table.row(name, computing, await time(() => on(pool, wait), jobs)));
  }
  console.log("\nComputing gains from workers and processes, waiting from tasks alone");
}

if (import.meta.main) await run(main);
