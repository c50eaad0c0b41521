import {
  type AsyncContext,
  type ContextSnapshot,
  makeAsyncContext,
} from "../base/async_context.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { now } from "../base/clock.ts";
import type { Fiber } from "./fiber.ts";
import { FiberNumbers, fiberOf } from "./fiber_numbers.ts";
import type { CancelScope } from "./cancel_scope.ts";
import type { Task } from "./task.ts";

/** Where tasks live from their creation to their end: a run, or a group within it. */
export interface TaskOwner {
  /** The run that it belongs to. */
  readonly runContext: RunContext;
  /** Those who live here. */
  readonly tasks: WaitQueue<Fiber>;
  /** For those who look from outside: what it is called, where it has a name. */
  readonly name?: string | undefined;
  /** The task that opened it. */
  readonly parent?: Fiber | undefined;
  /** Since when it lives, on the scale of the clock. */
  readonly begun?: number;
  /** Whether it is stopping what lives in it. */
  stopping?(): boolean;
  /** Whether its own task waits for the end of all. */
  joining?(): boolean;
  /** A task has ended, and this is a later turn: take it out. Without it, ended tasks just leave. */
  ended?(fiber: Fiber): void;
}

/** What `run` holds together: every task created under it, however deep. */
export class RunContext implements TaskOwner {
  /** Whether its `run` has not settled yet. */
  open: boolean;
  /** The numbers of its fibers. */
  readonly numbers: FiberNumbers = new FiberNumbers();
  readonly runContext: RunContext = this;
  readonly tasks: WaitQueue<Fiber> = new WaitQueue();
  readonly name: string;
  readonly begun: number = now();
  /** The groups in which children live. */
  readonly groups: Set<TaskOwner> = new Set();

  constructor(open: boolean, name = "run") {
    this.open = open;
    this.name = name;
  }

  /** Its tasks that have not ended, those of its groups included. */
  allTasks(): Task<unknown>[] {
    return [this, ...this.groups].flatMap((owner) => [...owner.tasks])
      .map(({ task }) => task).filter((task) => !task.done());
  }
}

/** The runContext of code outside any `run`. */
const noRun: RunContext = new RunContext(false);

/** Every runContext in which tasks may live. */
export const runContexts: Set<RunContext> = new Set([noRun]);

/** The number of a fiber, or a scope within it. */
type Stored = number | CancelScope;

const context: AsyncContext<Stored> = makeAsyncContext();

/** The innermost scope that the running code belongs to; `undefined` outside any living task. */
export function currentScope(): CancelScope | undefined {
  const stored = context.get();
  let scope = typeof stored === "number" ? fiberOf(stored)?.scope : stored;
  // What the body of an ended timeout or group left behind belongs to the code around it.
  while (scope?.closed) scope = scope.parent;
  return scope === undefined || scope.fiber.ended ? undefined : scope.innermost;
}

/** The number of the fiber that the running code belongs to; 0 outside any. */
export function currentFiber(): number {
  const stored = context.get();
  return typeof stored === "number" ? stored : stored?.fiber.id ?? 0;
}

/** The run that the running code was begun under; code that the runtime calls anew is under none. */
export function enclosingRun(): RunContext {
  const id = context.get();
  if (id === undefined) return noRun;
  if (typeof id !== "number") return id.runContext.open ? id.runContext : noRun;
  const fiber = fiberOf(id);
  if (fiber !== undefined) return fiber.owner.runContext;
  // A callback that an ended task left behind belongs to the run that the task was created under:
  //     await Promise.all([run(one), run(other)]);   // in each: setTimeout(() => createTask(log))
  for (const one of runContexts) if (one.open && one.numbers.gave(id)) return one;
  return noRun;
}

/**
 * The run in which tasks of the running code live. Handlers of servers are called in no context at
 * all: where a single run is open, they can only be meant to be its own.
 *
 *     await run(async () => {
 *       Deno.serve(() => {
 *         createTask(sendMail);   // is to end, and to clean up, with the run
 *         return new Response();
 *       });
 *       await stop.wait();
 *     });
 */
export function currentRunContext(): RunContext {
  if (context.get() !== undefined || runContexts.size !== 2) return enclosingRun();
  const [, only] = runContexts;
  return only!.open ? only! : noRun;
}

/** What users have put into `AsyncLocalStorage`s of their own for the running code. */
export function contextSnapshot(): ContextSnapshot {
  return context.contextSnapshot();
}

/** Run `fn` so that it, and whatever it awaits, belongs to `scope`. */
export function runInScope<R>(
  scope: CancelScope | undefined,
  fn: () => R,
  around: ContextSnapshot = contextSnapshot(),
): R {
  if (scope !== undefined && scope.parent === undefined) {
    return runInFiber(scope.fiber, around, fn, undefined);
  }
  return context.run(scope, around, fn, undefined);
}

/** Run `fn` so that it, and whatever it awaits, belongs to `fiber`. */
export function runInFiber<A, R>(
  fiber: Fiber,
  around: ContextSnapshot,
  fn: (argument: A) => R,
  argument: A,
): R {
  const id = fiber.id || fiber.owner.runContext.numbers.give(fiber);
  return context.run(id, around, fn, argument);
}
