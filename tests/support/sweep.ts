/**
 * The interrupt-point sweep: one scene played again and again, cancelled one microtask later each
 * time, so that every place where a cancellation can meet it is tried.
 *
 * A scene is set up by a function, for example
 *
 * ```ts ignore
 * const scene = () => {
 *   const lock = new Lock();
 *   const holder = createTask(async () => {
 *     using _ = await lock.acquire();
 *     await undefined;
 *   });
 *   const victim = createTask(async () => {
 *     using _ = await lock.acquire();
 *   });
 *   return { victim, others: [holder], check: () => assertFalse(lock.locked()) };
 * };
 * await sweep(scene);
 * ```
 *
 * For k = 0, 1, 2 … the scene is set up anew, k microtasks go by, and the victim is cancelled. Then
 * everything must come to rest: the victim, the others, and every task made meanwhile have ended,
 * or the sweep fails and names the k and the tasks. Then `check` looks whether all was conserved; it
 * may wait, to see that the next user of a primitive gets through, and must come to rest too. The
 * sweep ends with the first k for which the victim had ended before it could be cancelled.
 *
 * A scene must go on by microtasks alone: no timers, no I/O. Gates are futures; time is fake, moved
 * on by one of the tasks.
 *
 * @module
 */
import { allTasks, createTask, Future, sleep, type Task } from "../../mod.ts";

/** What is on stage in one run. */
export interface Scene {
  /** Cancelled after the k-th microtask. */
  readonly victim: Future<unknown>;
  /** What else has to have ended at the end; tasks made meanwhile are found without being named. */
  readonly others?: Iterable<Future<unknown>>;
  /**
   * Called when all have ended, with the k (or k and j) of this run. Failures of the victim and of
   * the others are for it to judge: it should ask each for its `result()` or `exception()`.
   */
  check?(cuts: readonly number[]): unknown;
}

/** Options of `sweep`. */
export interface SweepOptions {
  /** Cancel a second time, j microtasks after the first, for every k and j. Default once. */
  twice?: boolean;
}

/** No scene is as long as this: it hangs, or waits for more than microtasks. */
const LONGEST = 2_000;

/** How many turns of the event loop a scene has to come to rest. */
const TURNS = 50;

/** How many scenes were played so far. */
let total = 0;

/**
 * Play `begin` for every k until the victim escapes.
 *
 * @returns How many scenes were played.
 */
export async function sweep(
  begin: () => Scene | Promise<Scene>,
  options: SweepOptions = {},
): Promise<number> {
  const before = total;
  for (let k = 0;; k++) {
    if (!(await play(begin, [k]))) break;
    // The second cancellation starts over for every first one.
    for (let j = 0; options.twice; j++) {
      if (!(await play(begin, [k, j]))) break;
    }
  }
  return total - before;
}

/** Play it once. Returns whether the last cancellation still found the victim alive. */
async function play(begin: () => Scene | Promise<Scene>, cuts: number[]): Promise<boolean> {
  total++;
  const label = `after ${cuts.join(" and ")} microtasks`;
  // Made before the scene begins: while a run of the scene is open, a task that code outside any
  // makes would be one of that run.
  const toCheck = new Future<Scene>();
  const check = createTask(async () => await (await toCheck).check!(cuts), { name: "check" });
  look(check);
  const earlier = allTasks();
  const scene = await begin();
  const actors = new Set([scene.victim, ...(scene.others ?? [])]);
  for (const actor of actors) look(actor);
  let alive = true;
  for (const cut of cuts) {
    if (cut > LONGEST) throw new Error(`The victim has not ended ${label}`);
    for (let i = 0; i < cut; i++) await undefined;
    alive = scene.victim.cancel(`Cancelled ${label}`);
  }
  await rest(
    () => [...actors, ...allTasks()].filter((f) => !f.done() && !earlier.has(f as Task<unknown>)),
    label,
  );
  if (scene.check === undefined) {
    check.cancel();
    await Promise.allSettled([check]);
  } else {
    toCheck.setResult(scene);
    await rest(() => check.done() ? [] : [check], label);
    try {
      check.result();
    } catch (error) {
      throw new Error(`The check failed, cancelled ${label}: ${(error as Error)?.message}`, {
        cause: error,
      });
    }
  }
  return alive;
}

/** Look at a failure before the runtime reports it: the check, or the sweep, comes too late. */
function look(future: Future<unknown>): void {
  future.addDoneCallback((done) => done.cancelled() || done.exception());
}

async function rest(pending: () => Future<unknown>[], label: string): Promise<void> {
  for (let turn = 0; pending().length > 0; turn++) {
    if (turn === TURNS) {
      const names = pending().map((future) => (future as Task<unknown>).name ?? "a future");
      throw new Error(`Cancelled ${label}, for ever pending: ${[...new Set(names)].join(", ")}`);
    }
    await sleep(0);
  }
}
