import {
  Barrier,
  BrokenBarrierError,
  CancelledError,
  Condition,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  type Future,
  InvalidStateError,
  Lock,
  Queue,
  QueueShutDown,
  Semaphore,
  type Task,
  type Timeout,
  TimeoutError,
} from "../../mod.ts";
import type { Child, Kind, Statement } from "./program.ts";

/** What a body yields: a number, or nothing. */
export type Value = number | undefined;

/** The A that programs raise. */
export class A extends Error {}

/** The B that programs raise. */
export class B extends Error {}

/** What all tasks of a program share: the primitives, the tasks by name, and the trace. */
export class World {
  readonly queues = [new Queue<number>(1), new Queue<number>()] as const;
  readonly events = [new Event(), new Event()] as const;
  readonly semaphores = [new Semaphore(1), new Semaphore(2)] as const;
  readonly locks = [new Lock(), new Lock()] as const;
  readonly condition = new Condition();
  readonly barrier = new Barrier(2);
  readonly tasks = new Map<string, Task<Value>>();
  readonly trace: Record<string, string[]> = {};
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Write a line into the trace of a task. */
  log(name: string, text: string): void {
    (this.trace[name] ??= []).push(`${this.#now()} ${text}`);
  }

  /** Move the limit around the statement, if there is one and it is not over. */
  reschedule(name: string, limit: Timeout | undefined, t: number | null): void {
    if (limit === undefined) return;
    try {
      limit.reschedule(t === null ? null : this.#now() + t);
      this.log(name, "rescheduled");
    } catch (error) {
      if (!(error instanceof InvalidStateError)) throw error;
      this.log(name, "too late");
    }
  }

  /** Those of these names that are a task other than the current one. */
  others(...names: string[]): Task<Value>[] {
    const tasks = names.map((name) => this.tasks.get(name));
    return tasks.filter((task) => task !== undefined && task !== currentTask()) as Task<Value>[];
  }

  /** Start `run` as a task that others can name. */
  start(child: Child, run: (child: Child) => Promise<Value>): Task<Value> {
    const task = createTask(() => run(child), { name: child.name });
    this.tasks.set(child.name, task);
    return task;
  }
}

/** A statement that waits for nothing, and so is the same in every style. */
type AtOnce = Extract<
  Statement,
  {
    op:
      | "log"
      | "raise"
      | "ret"
      | "shutdown"
      | "evset"
      | "evclear"
      | "cancelself"
      | "uncancel"
      | "cancelling"
      | "resched"
      | "spawn"
      | "cancel";
  }
>;

/** Run a statement that waits for nothing; gives the value with which its body ends, if it does. */
export function runAtOnce(
  world: World,
  name: string,
  s: AtOnce,
  run: (child: Child) => Promise<Value>,
  limit: Timeout | undefined,
): Value {
  switch (s.op) {
    case "log":
      return void world.log(name, s.id);
    case "raise":
      throw s.e === "A" ? new A() : new B();
    case "ret":
      return s.v;
    case "evset":
      return void world.events[s.e].set();
    case "evclear":
      return void world.events[s.e].clear();
    case "shutdown":
      world.queues[s.q].shutdown({ immediate: s.now });
      return void world.log(name, "shutdown");
    case "uncancel":
      return void world.log(name, `uncancel ${currentTask()!.uncancel()}`);
    case "cancelling":
      return void world.log(name, `cancelling ${currentTask()!.cancelling()}`);
    case "resched":
      return void world.reschedule(name, limit, s.t);
    case "cancelself":
      world.log(name, "cancelself");
      return void currentTask()!.cancel();
    case "spawn":
      return void world.start(s.child, run);
    case "cancel": {
      const task = world.tasks.get(s.n);
      if (task === undefined) return undefined;
      return void world.log(name, `cancel ${s.n} ${task.cancel() ? "True" : "False"}`);
    }
  }
}

/** Whether a `try` on `kind` catches the error. */
export function catches(kind: Kind, error: unknown): boolean {
  switch (kind) {
    case "cancel":
      return error instanceof CancelledError;
    case "error":
      return error instanceof A || error instanceof B;
    case "timeout":
      return error instanceof TimeoutError;
    case "group":
      return error instanceof ExceptionGroup;
    case "shutdown":
      return error instanceof QueueShutDown;
    case "any":
      return true;
  }
}

/** An error as the traces show it. */
export function showError(error: unknown): string {
  if (error instanceof CancelledError) return "Cancelled";
  if (error instanceof TimeoutError) return "Timeout";
  if (error instanceof BrokenBarrierError) return "BrokenBarrier";
  if (error instanceof QueueShutDown) return "QueueShutDown";
  if (error instanceof A) return "A";
  if (error instanceof B) return "B";
  if (error instanceof ExceptionGroup) return `Group(${error.errors.map(showError).sort()})`;
  return `unexpected: ${error instanceof Error ? error.stack : error}`;
}

/** A value as the traces show it. */
export function showValue(value: Value): string {
  return value === undefined ? "None" : String(value);
}

/** How a future ended, as the traces show it. */
export function showOutcome(future: Future<Value>): string {
  if (future.cancelled()) return "Cancelled";
  const error = future.exception();
  return error === undefined ? `=${showValue(future.result())}` : showError(error);
}

/** A result of `gather`, as the traces show it. */
export function showGathered(result: unknown): string {
  return result instanceof Error ? showError(result) : `=${showValue(result as Value)}`;
}

/** The options of `wait` and `asCompleted` for a limit that may be missing. */
export function limit(t: number | null): { timeout?: number } {
  return t === null ? {} : { timeout: t };
}

/** A child that stands for the statements of `main`. */
export function mainChild(body: Statement[]): Child {
  return { name: "main", body };
}
