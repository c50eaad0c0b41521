import { bench, contender, strand } from "./support/comparison.ts";
import { runProgram } from "./support/programs.ts";

const rss = (file: string) => async () => Number(await runProgram(file));

export const comparisons = bench([
  {
    operation: "Memory of a process with an idle pool of 8",
    ops: 1,
    few: 3,
    gives: "bytes",
    contenders: [
      strand({ run: rss("idle_pool.ts") }),
      contender({ name: "8 raw workers", kind: "floor", run: rss("idle_workers.ts") }),
    ],
    goals: [{ against: "8 raw workers", most: 1.3 }],
  },
  {
    operation: "Memory of a process with 1,000,000 pending tasks",
    ops: 1,
    few: 3,
    gives: "bytes",
    contenders: [
      strand({ run: rss("pending_tasks.ts") }),
      contender({ name: "bare promises", kind: "floor", run: rss("pending_promises.ts") }),
    ],
    goals: [{ against: "bare promises", most: 2 }],
  },
]);
