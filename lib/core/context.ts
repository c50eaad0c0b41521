import {
  type AsyncContext,
  type ContextSnapshot,
  makeAsyncContext,
} from "../base/async_context.ts";
import { type Slotted, WaitQueue } from "../base/slot_queue.ts";
import { now } from "../base/clock.ts";
import type { Fiber } from "./fiber.ts";
import type { CancelScope } from "./cancel_scope.ts";
import type { Task } from "./task.ts";

/** How many fibers are kept together. */
const PAGE = 64;

/** The number of the next fiber; 0 is none. */
let count = PAGE;

/** A task where it lives. */
export interface Inhabitant extends Slotted {
  readonly task: Task<unknown>;
}

/** Where tasks live from their creation to their end: a run, or a group within it. */
export interface TaskOwner {
  /** The run that it belongs to. */
  readonly runContext: RunContext;
  /** Those who live here. */
  readonly tasks: WaitQueue<Inhabitant>;
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
  ended?(inhabitant: Inhabitant): void;
}

/** What `run` holds together: every task created under it, however deep. */
export class RunContext implements TaskOwner {
  /** Whether its `run` has not settled yet. */
  open: boolean;
  /** The number of the first scope that can belong to it. */
  readonly since: number = count;
  readonly runContext: RunContext = this;
  readonly tasks: WaitQueue<Inhabitant> = new WaitQueue();
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

/** The fibers with neighbouring numbers; the page goes when the last of them has ended. */
class Page {
  readonly number: number;
  readonly fibers: (Fiber | undefined)[] = new Array(PAGE);
  live = 0;

  constructor(number: number) {
    this.number = number;
  }
}

// The context carries a fiber's number and not its scope: an object there takes the garbage
// collector three times as long as all the rest of a short task.
const pages: Map<number, Page> = new Map();
let lastPage = new Page(0);

function enroll(fiber: Fiber): number {
  const id = count++;
  const at = id % PAGE;
  if (at === 0) {
    if (lastPage.live === 0) pages.delete(id / PAGE - 1);
    pages.set(id / PAGE, lastPage = new Page(id / PAGE));
  }
  lastPage.fibers[at] = fiber;
  lastPage.live++;
  return fiber.id = id;
}

function pageOf(id: number): Page | undefined {
  const number = Math.trunc(id / PAGE);
  return number === lastPage.number ? lastPage : pages.get(number);
}

function find(id: number): Fiber | undefined {
  return pageOf(id)?.fibers[id % PAGE];
}

/** Forget a fiber that has ended: code it left behind belongs to no task any more. */
export function forget(fiber: Fiber): void {
  const { id } = fiber;
  if (id === 0) return;
  fiber.id = 0;
  const page = pageOf(id)!;
  page.fibers[id % PAGE] = undefined;
  page.live--;
  if (page.live === 0 && page !== lastPage) pages.delete(page.number);
}

/** The innermost scope that the running code belongs to; `undefined` outside any living task. */
export function currentScope(): CancelScope | undefined {
  const stored = context.get();
  let scope = typeof stored === "number" ? find(stored)?.scope : stored;
  // What the body of an ended timeout or group left behind belongs to the code around it.
  while (scope?.closed) scope = scope.parent;
  return scope === undefined || scope.fiber.ended ? undefined : scope.innermost;
}

/** The number of the fiber that the running code belongs to; 0 outside any. */
export function currentFiber(): number {
  const stored = context.get();
  return typeof stored === "number" ? stored : stored?.fiber.id ?? 0;
}

/** The living fiber of a number. */
export function fiberOf(id: number): Fiber | undefined {
  return id === 0 ? undefined : find(id);
}

/** The runContext of the running code. */
export function currentRunContext(): RunContext {
  const id = context.get();
  if (id === undefined) return noRun;
  if (typeof id !== "number") return id.runContext.open ? id.runContext : noRun;
  const fiber = find(id);
  if (fiber !== undefined) return fiber.owner.runContext;
  // A callback that an ended task left behind: it belongs to the run that was open then.
  let runContext = noRun;
  for (const one of runContexts) if (one.open && one.since <= id) runContext = one;
  return runContext;
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
  return context.run(fiber.id || enroll(fiber), around, fn, argument);
}
