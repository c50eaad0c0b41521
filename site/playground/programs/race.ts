import { createTask, race, sleep, type Task } from "@strand/strand";

/** Three mirrors of one file: the first answer counts, the others are cancelled and awaited. */
export default async function main(): Promise<void> {
  const winner = await race(ask("Oslo", 1_400), ask("Lima", 800), ask("Kyoto", 1_900));
  console.log(`${winner} was first, and nothing of the others runs any more`);
}

function ask(name: string, ms: number): Task<string> {
  return createTask(async () => {
    try {
      return await sleep(ms, name);
    } finally {
      await sleep(200); // hanging up
    }
  }, { name });
}
