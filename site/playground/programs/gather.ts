import { createTask, gather, sleep, type Task } from "@strand/strand";

/** Waiting goes on side by side; computing does not, since there is one thread. */
export default async function main(): Promise<void> {
  const sums = await gather([report("north", 300), report("south", 500), report("west", 700)]);
  console.log(`The sums are ${sums.join(", ")}`);
}

function report(name: string, ms: number): Task<number> {
  return createTask(async () => {
    await sleep(ms); // the others go on
    const sum = compute(300); // nobody else goes on: this is what WorkerPool is for
    return await sleep(200, sum);
  }, { name });
}

function compute(ms: number): number {
  let sum = 0;
  for (const end = performance.now() + ms; performance.now() < end;) sum = (sum + 7) % 1_000;
  return sum;
}
