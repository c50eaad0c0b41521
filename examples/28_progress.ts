/**
 * Results as they are done, with a progress bar on a terminal. The bar is `ProgressBar` of
 * `examples/support/progress_bar.ts`: a file of 50 lines to copy, which needs nothing else.
 *
 * Python: `tqdm(pool.imap_unordered(f, items), total=len(items))`.
 *
 * Run it: `deno run --allow-read=. examples/28_progress.ts`
 *
 * @module
 */
import { remote, run, WorkerPool } from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";
import { ProgressBar } from "./support/progress_bar.ts";

/** The number of steps until the Collatz sequence of `n` reaches 1. */
export const steps = remote(import.meta, function steps(n: number): [n: number, steps: number] {
  let count = 0;
  for (let value = n; value !== 1; count++) value = value % 2 === 0 ? value / 2 : 3 * value + 1;
  return [n, count];
});

async function main(): Promise<void> {
  const { most } = readOptions({
    command: "deno run --allow-read=. examples/28_progress.ts",
    about: "Finds the number whose Collatz sequence is the longest.",
    options: {
      most: wholeNumber({ help: "up to which number", fallback: 200_000, min: 1, max: 10_000_000 }),
    },
  });
  await using pool = new WorkerPool();
  using bar = new ProgressBar("sequences", most);
  const numbers = Array.from({ length: most }, (_, n) => n + 1);
  // In a loop one counts oneself; where all is awaited at once, `onProgress` tells.
  let done = 0, longest = [1, 0];
  for await (const [n, count] of pool.mapUnordered(steps, numbers)) {
    bar.update(++done);
    if (count > longest[1]! || (count === longest[1] && n < longest[0]!)) longest = [n, count];
  }
  bar[Symbol.dispose](); // the line is free for what comes now
  console.log(`${done} sequences, the longest is that of ${longest[0]}: ${longest[1]} steps`);
}

if (import.meta.main) await run(main);
