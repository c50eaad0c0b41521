/**
 * The squares of ten numbers, worked out by three workers, in order and as they are done.
 *
 * Python: `with Pool(3) as p: print(p.map(f, [1, 2, 3]))`, and `imap_unordered`.
 *
 * Run it: `deno run --allow-read=. examples/03_pool_map.ts`
 *
 * @module
 */
import { run, WorkerPool } from "@strand/strand";

async function main(): Promise<void> {
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  await using pool = new WorkerPool(3); // leaving the block waits for the work and ends the workers

  // A function that uses nothing but its parameters travels as source.
  const squares = await pool.map((n: number) => n * n, numbers);
  console.log(`squares: ${squares.join(", ")}`);

  // One by one and in order, while later ones are still being worked on.
  let sum = 0;
  for await (const square of pool.map((n: number) => n * n, numbers)) sum += square;
  console.log(`their sum: ${sum}`);

  // Whichever is done first.
  const anyOrder: number[] = [];
  for await (const square of pool.mapUnordered((n: number) => n * n, numbers)) {
    anyOrder.push(square);
  }
  console.log(`all there: ${anyOrder.toSorted((a, b) => a - b).join() === squares.join()}`);
}

if (import.meta.main) await run(main);
