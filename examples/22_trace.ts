/**
 * A picture of what runs: writes a trace of the primes benchmark, as tasks on the event loop and as
 * calls on workers, for ui.perfetto.dev or chrome://tracing.
 *
 * Python: viztracer, or `python -m asyncio pstree` for one moment of it.
 *
 * Run it: `deno run --allow-read=. --allow-write=. examples/22_trace.ts`
 *
 * @module
 */
import { instrument, run, Semaphore, sleep, TaskGroup, WorkerPool } from "@strand/strand";
import { chromeTrace } from "@strand/strand/observe";
import { isPrime } from "./primes.ts";
import { readOptions, wholeNumber } from "./support/options.ts";

/** Whether `n` is prime, on the event loop: lets others have a turn now and then. */
async function isPrimePolitely(n: number): Promise<boolean> {
  const end = Math.floor(Math.sqrt(n)) + 1;
  for (let divisor = 3; divisor < end; divisor += 2) {
    if (n % divisor === 0) return false;
    if ((divisor - 1) % (1 << 20) === 0) await sleep(0);
  }
  return n % 2 !== 0;
}

/** Every number in a task of its own, two at a time. */
async function asTasks(numbers: readonly number[]): Promise<void> {
  const gate = new Semaphore(2);
  await TaskGroup.run((group) => {
    numbers.forEach((n, i) => {
      group.createTask(async () => {
        using _permit = await gate.acquire();
        await isPrimePolitely(n);
      }, { name: `number ${i + 1}` });
    });
  }, { name: "on one thread" });
}

/** Every number as a call of a pool. */
async function onWorkers(numbers: readonly number[], workers: number): Promise<void> {
  await using pool = new WorkerPool({ maxWorkers: workers, name: "primes" });
  await TaskGroup.run((group) => {
    numbers.forEach((n, i) => {
      group.createTask(async () => {
        await pool.submit(isPrime, n);
      }, { name: `number ${i + 1}` });
    });
  }, { name: "on workers" });
}

if (import.meta.main) {
  const { number, times, workers, rest: [file = "trace.json"] } = readOptions({
    command: "deno run --allow-read=. --allow-write=. examples/22_trace.ts",
    about: "Writes a trace of the primes benchmark into a file.",
    options: {
      number: wholeNumber({
        help: "the number to test",
        fallback: 112_272_535_095_293,
        min: 2,
        max: Number.MAX_SAFE_INTEGER,
      }),
      times: wholeNumber({ help: "how many times", fallback: 6, min: 1, max: 10_000 }),
      workers: wholeNumber({ help: "how many workers", fallback: 2, min: 1, max: 64 }),
    },
    rest: "[file]",
  });
  const numbers = Array.from({ length: times }, () => number);
  using out = Deno.createSync(file);
  const encoder = new TextEncoder();
  let events = 0;
  {
    using _ = instrument(chromeTrace((piece) => {
      events += piece.split("\n").length - 1;
      out.writeSync(encoder.encode(piece));
    }));
    await run(async () => {
      await asTasks(numbers);
      await onWorkers(numbers, workers);
    });
  }
  console.log(`Wrote about ${events} events to ${file}: open it in ui.perfetto.dev`);
}
