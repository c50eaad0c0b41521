/**
 * Every place at which a cancellation can meet a wait for an item or for room, tried in turn: items
 * and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, LifoQueue, PriorityQueue, Queue, QueueShutDown } from "../../mod.ts";
import { sweepQueueing } from "../contracts/sweep_queueing.ts";
import { endedWell, sweepTest } from "../contracts/sweeping.ts";

sweepQueueing("Queue", (maxsize) => new Queue(maxsize), { twice: true });
sweepQueueing("LifoQueue", (maxsize) => new LifoQueue(maxsize));
sweepQueueing("PriorityQueue", (maxsize) => new PriorityQueue(maxsize));

sweepTest("Queue, one who iterates", () => {
  const queue = new Queue<number>(1);
  const got: number[] = [];
  let put = 0;
  const victim = createTask(async () => {
    for await (const item of queue) got.push(item);
  });
  const producer = createTask(async () => {
    try {
      for (; put < 4; put++) await queue.put(put);
    } catch (error) {
      assert(error instanceof QueueShutDown);
    }
    queue.shutdown();
  });
  const helper = createTask(async () => {
    await Promise.allSettled([victim]);
    queue.shutdown();
  });
  return {
    victim,
    others: [producer, helper],
    check() {
      endedWell([victim, producer, helper]);
      while (!queue.empty()) got.push(queue.getNowait());
      // What was iterated and what is left is what was put, but for the item in the very hands of
      // the iteration when its task was cancelled.
      const missing = Array.from({ length: put }, (_, i) => i).filter((i) => !got.includes(i));
      assertEquals(missing, []);
    },
  };
});
