import type { Fiber } from "../core/fiber.ts";
import { stateOf, waitOf } from "../core/fiber_state.ts";
import { Future, futureInternals } from "../core/future.ts";
import type { Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

type Wait = Waiter<unknown, unknown>;

/** What only other tasks can end, or code of the program that the runtime calls. */
const AMONG_TASKS: ReadonlySet<string> = new Set([
  "Lock",
  "Event",
  "Condition",
  "Barrier",
  "Semaphore",
  "CapacityLimiter",
  "Queue.get",
  "Queue.put",
  "Queue.join",
  "Task",
  "TaskGroup",
]);

/** The one wait that a fiber is in; of several side by side, any may be the one that matters. */
function onlyWait(fiber: Fiber): Wait | undefined {
  const [first, second] = fiber.waits();
  return second === undefined && first?.waiting ? first : undefined;
}

/** What all has to go on before a wait can end: fibers, and `undefined` for what is no task. */
function partsOf({ all }: WaitSubject): (Fiber | undefined)[] {
  const parts: (Fiber | undefined)[] = [];
  for (const one of all ?? []) {
    if (!(one instanceof Future)) parts.push(one as Fiber);
    else if (!one.done()) parts.push(futureInternals.subject(one).holder);
  }
  return parts;
}

function blockersOf(subject: WaitSubject): Fiber[] {
  return [subject.holder, ...partsOf(subject)].filter((one) => {
    return one !== undefined && !one.ended;
  }) as Fiber[];
}

/**
 * The first circle of fibers that `from` waits for, itself included or not: each can go on only after
 * the next. What has several waits side by side is in none, as it may need only one of them:
 *
 *     await race(() => lock.acquire(), () => giveUp.wait());
 */
export function findCircle(from: Fiber): Fiber[] | undefined {
  const path: { fiber: Fiber; next: Iterator<Fiber> }[] = [];
  const onPath = new Map<Fiber, number>();
  const seen = new Set<Fiber>();
  const enter = (fiber: Fiber) => {
    seen.add(fiber);
    const wait = onlyWait(fiber);
    onPath.set(fiber, path.length);
    path.push({ fiber, next: (wait === undefined ? [] : blockersOf(wait.describe())).values() });
  };
  // By hand, not by recursion: tasks that await one another may be nested very deep.
  enter(from);
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const { value: fiber } = last.next.next();
    if (fiber === undefined) {
      onPath.delete(last.fiber);
      path.pop();
      continue;
    }
    const at = onPath.get(fiber);
    if (at !== undefined) return path.slice(at).map((one) => one.fiber);
    if (!seen.has(fiber)) enter(fiber);
  }
  return undefined;
}

/** Whether all that a fiber does is to wait for other tasks: it was not even asked to stop. */
export function waitsAmongTasks(fiber: Fiber): boolean {
  const wait = waitOf(fiber);
  if (wait === undefined || stateOf(fiber, wait) !== "waiting") return false;
  for (const one of fiber.waits()) if (!isAmongTasks(one.describe())) return false;
  return true;
}

function isAmongTasks(subject: WaitSubject): boolean {
  if (subject.all === undefined) return AMONG_TASKS.has(subject.kind);
  return !partsOf(subject).includes(undefined);
}
