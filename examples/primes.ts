/**
 * The benchmark of Python's concurrency tutorials: `is_prime(112272535095293)`, a hundred times, on
 * one thread, as tasks on the event loop, and on a pool of workers.
 *
 * Python: `list(map(is_prime, numbers))` against `asyncio.TaskGroup` and `multiprocessing.Pool`.
 *
 * Run it: `deno task primes`, or `deno task primes --help`.
 *
 * @module
 */
import {
  CancelledError,
  cancelRequested,
  remote,
  run,
  Semaphore,
  sleep,
  TaskGroup,
  WorkerPool,
} from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";
import { ProgressBar } from "./support/progress_bar.ts";
import { Table } from "./support/table.ts";

/** How many divisions are tried before looking up: a few milliseconds of work. */
const SLICE = 1 << 18;

/** The smallest odd divisor of `n` from `from` up to below `to`, if there is one. */
function findDivisor(n: number, from: number, to: number): number | undefined {
  for (let divisor = from; divisor < to; divisor += 2) {
    if (n % divisor === 0) return divisor;
  }
  return undefined;
}

/** Trial division in slices: yields between them, and returns whether `n` is prime. */
function* tryDivisors(n: number): Generator<void, boolean> {
  if (n < 2) return false;
  if (n % 2 === 0) return n === 2;
  const end = Math.floor(Math.sqrt(n)) + 1;
  for (let from = 3; from < end; from += SLICE) {
    if (findDivisor(n, from, Math.min(from + SLICE, end)) !== undefined) return false;
    yield;
  }
  return true;
}

/**
 * Whether `n` is prime, worked out in one go: for a worker. Between slices it asks whether the call
 * was cancelled, so that its worker is free again at once.
 */
export const isPrime = remote(import.meta, function isPrime(n: number): boolean {
  const slices = tryDivisors(n);
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    if (cancelRequested()) throw new CancelledError("No longer needed");
  }
});

/** Whether `n` is prime, for the event loop: lets others have a turn between slices. */
async function isPrimePolitely(n: number): Promise<boolean> {
  const slices = tryDivisors(n);
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await sleep(0);
  }
}

type Report = (done: number) => void;

async function onOneThread(numbers: readonly number[], report: Report): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const n of numbers) {
    answers.push(await isPrimePolitely(n));
    report(answers.length);
  }
  return answers;
}

async function asTasks(
  numbers: readonly number[],
  atOnce: number,
  report: Report,
): Promise<boolean[]> {
  const gate = new Semaphore(atOnce);
  const answers: boolean[] = [];
  await TaskGroup.run((group) => {
    for (const n of numbers) {
      group.createTask(async () => {
        using _permit = await gate.acquire();
        answers.push(await isPrimePolitely(n));
        report(answers.length);
      });
    }
  });
  return answers;
}

async function onWorkers(
  numbers: readonly number[],
  workers: number,
  report: Report,
): Promise<boolean[]> {
  await using pool = new WorkerPool(workers);
  return await pool.map(isPrime, numbers, { chunksize: 1, onProgress: report });
}

/** Does the work with a progress bar meanwhile, and times it. */
async function time(
  way: string,
  numbers: readonly number[],
  work: (report: Report) => Promise<boolean[]>,
): Promise<{ answers: boolean[]; ms: number }> {
  using bar = new ProgressBar(way, numbers.length);
  const start = performance.now();
  const answers = await work((done) => bar.update(done));
  return { answers, ms: performance.now() - start };
}

/** Whether every answer is "prime"; says on standard error if not. */
function check(number: number, count: number, answers: readonly boolean[]): boolean {
  const yes = answers.filter(Boolean).length;
  if (yes === count && answers.length === count) {
    console.log(`\nAll ${count} answers agree: ${number} is prime`);
    return true;
  }
  if (yes === 0 && answers.length === count) {
    console.error(`\nAll ${count} answers agree: ${number} is not prime`);
  } else {
    console.error(`\nThe answers do not agree: ${yes} of ${count} are "prime"`);
  }
  return false;
}

async function main(): Promise<number> {
  const cores = navigator.hardwareConcurrency;
  const { count, number, workers } = readOptions({
    command: "deno task primes",
    about: "Tests a number for primality, many times over, in three ways.",
    options: {
      count: wholeNumber({ help: "how many times", fallback: 100, min: 1, max: 1_000_000 }),
      number: wholeNumber({
        help: "the number to test",
        fallback: 112272535095293,
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }),
      workers: wholeNumber({ help: "how many workers", fallback: cores, min: 1, max: 1_024 }),
    },
  });
  const numbers = new Array<number>(count).fill(number);
  const ways: [way: string, cores: number, work: (report: Report) => Promise<boolean[]>][] = [
    ["one thread", 1, (report) => onOneThread(numbers, report)],
    ["tasks, same thread", 1, (report) => asTasks(numbers, workers, report)],
    [
      `WorkerPool(${workers})`,
      Math.min(workers, cores),
      (report) => onWorkers(numbers, workers, report),
    ],
  ];

  console.log(`Is ${number} prime? Asked ${count} times, on a machine with ${cores} cores\n`);
  const table = new Table({ way: 18, seconds: 9, "speed-up": 9, "efficiency per core": 0 });
  console.log(table.head);
  const answers: boolean[] = [];
  let oneThread: number | undefined;
  for (const [way, coresUsed, work] of ways) {
    const { answers: some, ms } = await time(way, numbers, work);
    for (const answer of some) answers.push(answer);
    oneThread ??= ms;
    const speedUp = oneThread / ms;
    console.log(table.row(
      way,
      (ms / 1_000).toFixed(3),
      `${speedUp.toFixed(2)} x`,
      `${Math.round(100 * speedUp / coresUsed)} %`,
    ));
  }
  return check(number, ways.length * count, answers) ? 0 : 1;
}

// A worker loads this module too, for `isPrime`; only the main program runs the benchmark.
if (import.meta.main) Deno.exit(await run(main));
