import { sleep, TaskGroup } from "@strand/strand";

/** Three dishes, one of which fails: the group stops the others, and waits until they have ended. */
export default function main(): Promise<void> {
  return TaskGroup.run((group) => {
    group.createTask(() => cook(1_900), { name: "soup" });
    group.createTask(() => cook(1_500), { name: "bread" });
    group.createTask(async () => {
      await cook(800);
      throw new Error("The oven is cold");
    }, { name: "roast" });
  });
}

async function cook(ms: number): Promise<void> {
  try {
    await sleep(ms);
  } finally {
    await sleep(300); // washing up; cleaning up may wait
  }
}
