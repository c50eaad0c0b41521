import { instrument, run, type TaskInfo, type WaitInfo } from "@strand/strand";
import type { StageEvent } from "./timeline.ts";

/**
 * Run a program, and tell what its tasks do.
 *
 * @param main The program.
 * @param tell Called with each thing that happens.
 * @returns The failure of the program, if it failed.
 */
export async function record(
  main: () => Promise<void>,
  tell: (event: StageEvent) => void,
): Promise<unknown> {
  const start = performance.now();
  const ids = new Map<TaskInfo, number>();
  const event = (hook: StageEvent["hook"], task: TaskInfo, rest: Partial<StageEvent> = {}) => {
    if (!ids.has(task)) ids.set(task, ids.size);
    const { name, state } = task;
    const stopping = state === "cancelling";
    tell({ hook, task: ids.get(task)!, name, at: performance.now() - start, stopping, ...rest });
  };
  using _ = instrument({
    taskCreated: (task) => event("taskCreated", task),
    taskStarted: (task) => event("taskStarted", task),
    taskEnded: (task, { state }) => event("taskEnded", task, { outcome: state }),
    waitBegan: (task, wait) => event("waitBegan", task, { wait: titleOf(wait) }),
    waitEnded: (task, wait) => event("waitEnded", task, { wait: titleOf(wait) }),
  });
  try {
    await run(main, { handleSignals: false });
    return undefined;
  } catch (error) {
    return error;
  }
}

function titleOf({ kind, name }: WaitInfo): string {
  return name === undefined ? kind : `${kind} ${name}`;
}
