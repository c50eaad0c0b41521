/**
 * Functions of several parameters on a pool: lists of arguments, objects, options, and parameters
 * that are fixed beforehand.
 *
 * Python: `pool.starmap(power, [(2, 3), …])`, `pool.apply(f, args, kwds)`, `functools.partial`.
 *
 * Run it: `deno run --allow-read=. examples/04_many_arguments.ts`
 *
 * @module
 */
import { remote, run, WorkerPool } from "@strand/strand";

interface Order {
  item: string;
  price: number;
  count?: number;
}

/** Keyword arguments are an object with defaults. */
function describe({ item, price, count = 1 }: Order): string {
  return `${count} x ${item}: ${count * price}`;
}

function power(base: number, exponent: number): number {
  return base ** exponent;
}

/** `functools.partial(power, exponent=3)`: a function that fixes one parameter. */
function cube(base: number): number {
  return power(base, 3);
}

/** What the workers find in this module, by name. */
export const work = remote(import.meta, { describe, power, cube });

async function main(): Promise<void> {
  await using pool = new WorkerPool(2);

  console.log("submit:  ", await pool.submit(work.power, 2, 10));
  console.log("apply:   ", await pool.apply(work.power, [3, 4], { timeout: 10_000 }));
  console.log("starmap: ", (await pool.starmap(work.power, [[2, 3], [3, 2], [10, 2]])).join(", "));
  console.log("partial: ", (await pool.map(work.cube, [1, 2, 3])).join(", "));

  const orders: Order[] = [{ item: "tea", price: 3 }, { item: "cake", price: 4, count: 2 }];
  console.log("objects: ", (await pool.map(work.describe, orders)).join(", "));

  // Whatever structured clone takes may be an argument: maps, dates, typed arrays, errors.
  const ages = new Map([["Ada", 36], ["Ben", 7]]);
  console.log(
    "a map:   ",
    await pool.submit((m: Map<string, number>) => [...m.keys()].join(), ages),
  );
}

if (import.meta.main) await run(main);
