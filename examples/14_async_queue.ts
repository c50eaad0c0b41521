/**
 * A producer, a bounded queue and three consumers: `join` waits until every item is done, then the
 * consumers, which would wait for ever, are cancelled.
 *
 * Python: `asyncio.Queue` with `put`, `get`, `task_done`, `join`, and `worker.cancel()`.
 *
 * Run it: `deno run examples/14_async_queue.ts`
 *
 * @module
 */
import { createTask, gather, Queue, run, sleep } from "@strand/strand";

const ITEMS = 12;

async function produce(queue: Queue<number>): Promise<void> {
  for (let item = 1; item <= ITEMS; item++) {
    await queue.put(item); // waits while the queue is full
  }
  console.log(`produced ${ITEMS} items, never more than ${queue.maxsize} ahead`);
}

async function consume(name: string, queue: Queue<number>, sums: Map<string, number>) {
  try {
    for (;;) {
      const item = await queue.get();
      await sleep(1);
      sums.set(name, (sums.get(name) ?? 0) + item);
      queue.taskDone();
    }
  } finally {
    console.log(`${name} leaves`); // clean-up runs when the task is cancelled
  }
}

async function main(): Promise<void> {
  const queue = new Queue<number>(4);
  const sums = new Map<string, number>();
  const consumers = ["Ada", "Ben", "Cleo"].map((name) =>
    createTask(() => consume(name, queue, sums), { name })
  );
  await produce(queue);
  await queue.join();
  console.log("every item is done");

  for (const consumer of consumers) consumer.cancel();
  await gather(consumers, { returnExceptions: true });
  const total = [...sums.values()].reduce((sum, part) => sum + part, 0);
  console.log(`${sums.size} consumers summed up to ${total}`);
}

if (import.meta.main) await run(main);
