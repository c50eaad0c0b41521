/**
 * Three delays in a task group: all of them have ended when the group has, and a failure stops the
 * others.
 *
 * Python: `async with asyncio.TaskGroup() as tg: tg.create_task(delay(3))`, and `except*`.
 *
 * Run it: `deno run examples/13_task_group.ts`
 *
 * @module
 */
import { CancelledError, ExceptionGroup, run, sleep, TaskGroup } from "@strand/strand";

async function delay(ms: number): Promise<number> {
  try {
    await sleep(ms);
    console.log(`waited for ${ms} ms`);
    return ms;
  } catch (error) {
    if (error instanceof CancelledError) console.log(`stopped waiting for ${ms} ms`);
    throw error;
  }
}

async function main(): Promise<void> {
  const tasks = await TaskGroup.run((group) => [
    group.createTask(() => delay(30)),
    group.createTask(() => delay(20)),
    group.createTask(() => delay(10)),
  ]);
  console.log(`results: ${tasks.map((task) => task.result()).join(", ")}`);

  try {
    await TaskGroup.run((group) => {
      group.createTask(() => delay(60_000));
      group.createTask(async () => {
        await delay(10);
        throw new RangeError("too impatient");
      });
    });
  } catch (error) {
    if (!(error instanceof ExceptionGroup)) throw error;
    for (const failure of error.errors) console.log(`failed: ${failure}`);
  }
}

if (import.meta.main) await run(main);
