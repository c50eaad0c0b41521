import { Event, TaskGroup } from "../../mod.ts";

// A million tasks that wait for one event.
const TASKS = 1_000_000;
const event = new Event();
let begun = 0;
await TaskGroup.run(async (group) => {
  for (let i = 0; i < TASKS; i++) {
    group.createTask(() => {
      begun++;
      return event.wait();
    });
  }
  while (begun < TASKS) await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(Deno.memoryUsage().rss);
  Deno.exit(0);
});
