import { allTasks } from "../../mod.ts";
import type { Child, Outcome, Program } from "./program.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { mainChild, showError, showOutcome, type Value, World } from "./world.ts";

/** How the bodies of a program are run. */
export type Style = (world: World, child: Child) => Promise<Value>;

/** Run a program under a virtual clock, and tell what happened. */
export async function record(program: Program, style: Style): Promise<Outcome> {
  using clock = new VirtualClock();
  using _ = expectFailures();
  const before = allTasks();
  const world = new World(() => clock.now);
  const run = (child: Child) => style(world, child);
  const main = world.start(mainChild(program.main), run);
  for (const helper of program.helpers) world.start(helper, run);
  if (program.cancelMainAt !== null) {
    setTimeout(() => {
      if (main.done()) return;
      world.log("main", "cancelled from outside");
      main.cancel();
    }, program.cancelMainAt);
  }
  await clock.runDry();
  const outcome: Outcome = {
    main: main.done() ? showOutcome(main) : "pending",
    trace: structuredClone(world.trace),
  };
  await stopAll(clock, allTasks().difference(before));
  return outcome;
}

/** Whatever still waits can be cancelled, and leaves nothing behind. */
async function stopAll(clock: VirtualClock, tasks: Set<unknown>): Promise<void> {
  for (let round = 0; tasks.size > 0; round++) {
    if (round === 100) throw new Error(`${tasks.size} tasks cannot be stopped`);
    const live = allTasks().intersection(tasks);
    for (const task of live) task.cancel();
    await clock.runDry();
    tasks = allTasks().intersection(tasks);
  }
}

/** Nobody looks at the background tasks of a program: their failures are no fault of the test. */
function expectFailures(): Disposable {
  const expect = (event: PromiseRejectionEvent) => {
    if (!showError(event.reason).startsWith("unexpected")) event.preventDefault();
  };
  globalThis.addEventListener("unhandledrejection", expect);
  return { [Symbol.dispose]: () => globalThis.removeEventListener("unhandledrejection", expect) };
}
