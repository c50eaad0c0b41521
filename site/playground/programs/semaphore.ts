import { Semaphore, sleep, TaskGroup } from "@strand/strand";

const tables = new Semaphore(2);

/** Five guests and two tables: first come, first served. */
export default function main(): Promise<void> {
  return TaskGroup.run((group) => {
    for (const name of ["Ada", "Alan", "Edsger", "Grace", "Tony"]) {
      group.createTask(() => dine(name), { name });
    }
  });
}

async function dine(name: string): Promise<void> {
  using _table = await tables.acquire(); // given back at the end of the block
  console.log(`${name} sits down`);
  await sleep(600);
}
