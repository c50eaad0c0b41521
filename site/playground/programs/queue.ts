import { Queue, sleep, TaskGroup } from "@strand/strand";

const queue = new Queue<number>(2); // whoever puts a third one waits

/** A producer that is faster than its workers, until a bounded queue holds it up. */
export default function main(): Promise<void> {
  return TaskGroup.run((group) => {
    group.createTask(produce, { name: "producer" });
    for (let n = 1; n <= 3; n++) group.createTask(() => consume(n), { name: `worker ${n}` });
  });
}

async function produce(): Promise<void> {
  for (let order = 1; order <= 9; order++) {
    await sleep(100);
    await queue.put(order);
  }
  queue.shutdown(); // ends the loops below once the queue is empty
}

async function consume(worker: number): Promise<void> {
  for await (const order of queue) {
    await sleep(500);
    console.log(`Worker ${worker} has done order ${order}`);
  }
}
