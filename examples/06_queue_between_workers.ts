/**
 * Two producers and two consumers, each in a thread of its own, with a queue between them.
 *
 * Python: `multiprocessing.Queue` with `put`, `get`, and a sentinel to say that nothing follows.
 *
 * Run it: `deno run --allow-read=. examples/06_queue_between_workers.ts`
 *
 * @module
 */
import { gather, remote, run, SharedQueue, WorkerPool } from "@strand/strand";

const ITEMS = 50;

interface Parcel {
  from: string;
  weight: number;
}

/** Puts its parcels on the queue; waits whenever the queue is full. */
async function produce(queue: SharedQueue<Parcel>, from: string, count: number): Promise<void> {
  for (let weight = 1; weight <= count; weight++) await queue.put({ from, weight });
}

/** Takes parcels until the queue is closed and empty: no sentinel is needed. */
async function consume(queue: SharedQueue<Parcel>): Promise<{ parcels: number; weight: number }> {
  let parcels = 0;
  let weight = 0;
  for await (const parcel of queue) {
    parcels++;
    weight += parcel.weight;
  }
  return { parcels, weight };
}

/** What the workers find in this module, by name. */
export const work = remote(import.meta, { produce, consume });

async function main(): Promise<void> {
  await using pool = new WorkerPool(4);
  const queue = new SharedQueue<Parcel>({ maxsize: 8 });
  const consumers = [pool.submit(work.consume, queue), pool.submit(work.consume, queue)];
  await gather(
    pool.submit(work.produce, queue, "North", ITEMS),
    pool.submit(work.produce, queue, "South", ITEMS),
  );
  queue.close(); // what is in it can still be taken out

  const received = await gather(consumers);
  const parcels = received.reduce((sum, part) => sum + part.parcels, 0);
  const weight = received.reduce((sum, part) => sum + part.weight, 0);
  console.log(`2 producers sent ${2 * ITEMS} parcels`);
  console.log(`2 consumers received ${parcels} parcels of ${weight} kg`);
}

if (import.meta.main) await run(main);
