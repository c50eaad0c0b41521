// npx jsr add @strand/strand && npx wrangler dev
import { Semaphore, sleep, TaskGroup, timeout } from "@strand/strand";

/** Asks many, a few at a time, and gives up in time. */
export default {
  async fetch() {
    const few = new Semaphore(3);
    const started = Date.now();
    const tasks = await timeout(
      5_000,
      () =>
        TaskGroup.run((group) =>
          Array.from({ length: 9 }, (_, i) =>
            group.createTask(async () => {
              await few.acquire();
              try {
                return await sleep(20, i * i); // as if it were a fetch
              } finally {
                few.release();
              }
            }))
        ),
    );
    const squares = tasks.map((task) => task.result());
    return Response.json({ squares, ms: Date.now() - started });
  },
};
