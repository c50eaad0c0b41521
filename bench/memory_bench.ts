import { bench, contender, strand } from "./support/comparison.ts";
import { runProgram } from "./support/programs.ts";

const rss = (file: string) => async () => Number(await runProgram(file));

/** What a process takes that does `ours`, against one that does `floor` by hand. */
function processes(operation: string, ours: string, floor: string, name: string, most: number) {
  return {
    operation: `Memory of a process with ${operation}`,
    ops: 1,
    few: 3,
    gives: "bytes" as const,
    contenders: [
      strand({ run: rss(ours) }),
      contender({ name, kind: "floor", run: rss(floor) }),
    ],
    goals: [{ against: name, most }],
  };
}

export const comparisons = bench([
  processes("an idle pool of 8", "idle_pool.ts", "idle_workers.ts", "8 raw workers", 1.3),
  processes(
    "1,000,000 pending tasks",
    "pending_tasks.ts",
    "pending_promises.ts",
    "bare promises",
    2,
  ),
]);
