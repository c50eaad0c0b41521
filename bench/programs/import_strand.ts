import { gather, Queue, TaskGroup } from "../../mod.ts";

const queue = new Queue<number>();
await TaskGroup.run((group) => void group.createTask(() => queue.put(1)));
const [got] = await gather(queue.get());
console.log(got);
