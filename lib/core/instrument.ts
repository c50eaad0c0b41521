import type { Fiber } from "./fiber.ts";

/**
 * What something waits for.
 *
 * CPython: none; part of what `asyncio.print_call_graph` shows.
 *
 * @example
 * ```ts
 * import { createTask, instrument, sleep, type WaitInfo } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const waits: WaitInfo[] = [];
 * {
 *   using _ = instrument({ waitBegan: (_task, wait) => void waits.push(wait) });
 *   await createTask(() => sleep(1));
 * }
 * assertEquals(waits, [{ kind: "sleep" }]);
 * ```
 */
export interface WaitInfo {
  /** What kind of thing it is: `"Lock"`, `"Queue.get"`, `"sleep"`, `"Task"` … */
  readonly kind: string;
  /** The name of the very thing, where it has one. */
  readonly name?: string;
  /** The name of the task that holds it, where somebody holds it and that is known. */
  readonly heldBy?: string;
}

/**
 * One thing that lives: a run, a group, a task or a call of a pool.
 *
 * It is a view of the moment at which its fields are read.
 *
 * CPython: `asyncio.FutureCallGraph`, new in 3.14.
 *
 * @example
 * ```ts
 * import { createTask, Event, taskTree, type TaskInfo } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // The names of all tasks in native promises, which a cancellation cannot reach.
 * const lost = (tree: TaskInfo[]): string[] =>
 *   tree.flatMap((one) => [...(one.state === "native" ? [one.name] : []), ...lost(one.children)]);
 *
 * const stop = new Event();
 * await using _task = createTask(() => stop.wait(), { name: "waits" });
 * assertEquals(lost(taskTree()), []);
 * ```
 */
export interface TaskInfo {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly kind: "run" | "group" | "task" | "call";
  /**
   * What it does: `"ready"` to go on and not yet at it, `"running"` right now, `"waiting"` in a wait
   * of the library, `"native"` in a promise that is not the library's, where a request to stop does
   * not reach it, `"cancelling"` when it was asked to stop, and hears of it or has, `"done"`.
   */
  readonly state: "ready" | "running" | "waiting" | "native" | "cancelling" | "done";
  /**
   * For how many milliseconds it has been in that state. Without a hook or debug mode the library
   * reads the clock only now and then, and so the figure can be that much too large.
   */
  readonly since: number;
  /** What it waits for, in a wait of the library. */
  readonly waitsFor?: WaitInfo;
  /** The names of the tasks that await it. */
  readonly awaitedBy: string[];
  /** What was created in it and lives. */
  readonly children: TaskInfo[];
  /** With debug mode: where it was created. */
  readonly createdAt?: string;
}

/**
 * How a task or a call ended.
 *
 * @example
 * ```ts
 * import { createTask, instrument, type Outcome } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const outcomes: Outcome[] = [];
 * {
 *   using _ = instrument({ taskEnded: (_task, outcome) => void outcomes.push(outcome) });
 *   await createTask(() => 1);
 * }
 * assertEquals(outcomes, [{ state: "done" }]);
 * ```
 */
export interface Outcome {
  /** With a result, with a failure, or cancelled. */
  readonly state: "done" | "failed" | "cancelled";
  /** The failure, or the `CancelledError`. */
  readonly error?: unknown;
}

/** Under this key a call knows what its pool says of itself. */
export const statsOf: unique symbol = Symbol("stats of the pool");

/**
 * A call of a pool.
 *
 * @example
 * ```ts
 * import { type CallInfo } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const label = ({ name, pool, worker }: CallInfo) => `${name} in ${worker ?? pool}`;
 * assertEquals(label({ name: "double", pool: "math", id: 1 }), "double in math");
 * ```
 */
export interface CallInfo {
  /** @ignore */
  readonly [statsOf]?: () => { readonly stuck: number };
  /** The name of its function. */
  readonly name: string;
  /** The name of its pool. */
  readonly pool: string;
  /** The name of the worker that has it, once one has. */
  readonly worker?: string;
  /** Its number, of its own within the program. */
  readonly id: number;
}

/**
 * A worker of a pool.
 *
 * @example
 * ```ts
 * import { type WorkerInfo } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const label = ({ name, pool }: WorkerInfo) => `${name} of ${pool}`;
 * assertEquals(label({ name: "math-1", pool: "math" }), "math-1 of math");
 * ```
 */
export interface WorkerInfo {
  /** Its name. */
  readonly name: string;
  /** The name of its pool. */
  readonly pool: string;
}

/**
 * Hooks that are called when something happens to a task, a wait, a call or a worker.
 *
 * CPython: none. trio: `trio.abc.Instrument`.
 *
 * @example
 * ```ts
 * import { createTask, instrument, type Instrument } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const ended: string[] = [];
 * const hooks: Instrument = {
 *   taskEnded: (task, { state }) => void ended.push(`${task.name} ${state}`),
 * };
 * {
 *   using _ = instrument(hooks);
 *   await createTask(() => 42, { name: "answer" });
 * }
 * assertEquals(ended, ["answer done"]);
 * ```
 */
export interface Instrument {
  /** A task was created; it has not run yet. */
  taskCreated?(task: TaskInfo): void;
  /** The function of a task is about to be called. */
  taskStarted?(task: TaskInfo): void;
  /** A task has ended. Each task that was created ends once. */
  taskEnded?(task: TaskInfo, outcome: Outcome): void;
  /** A task begins to wait. */
  waitBegan?(task: TaskInfo, wait: WaitInfo): void;
  /** That wait is over, well or not. Each wait that began ends once. */
  waitEnded?(task: TaskInfo, wait: WaitInfo): void;
  /** A pool was given a call. */
  callSubmitted?(call: CallInfo): void;
  /** A worker was given the call. */
  callStarted?(call: CallInfo): void;
  /** A call has its outcome. */
  callEnded?(call: CallInfo, outcome: Outcome): void;
  /** A pool started a worker. */
  workerStarted?(worker: WorkerInfo): void;
  /** A worker has ended, however. */
  workerEnded?(worker: WorkerInfo): void;
}

/** A limit or a group that an instrument follows. */
export interface TracedScope {
  /** Call its body. */
  around<R>(fn: () => R): R;
  /** It is over. */
  end(outcome: Outcome): void;
}

/** What an instrument of the library itself may do besides. */
export interface Tracing {
  /** Call the function of a task, in the trace context of its span. */
  aroundTask?<R>(task: TaskInfo, fn: () => R): R;
  /** What a call is to take along to its worker: a W3C `traceparent`. */
  traceparentOf?(call: CallInfo): string | undefined;
  /** In a worker: call the function of a call, in its task, as part of the trace that it came with. */
  aroundCall?<R>(task: TaskInfo | undefined, traceparent: string, fn: () => R): R;
  /** A limit or a group begins in the running code. */
  scopeBegan?(kind: "timeout" | "group", name: string): TracedScope | undefined;
  /** The code of a task goes on. */
  goesOn?(fiber: Fiber): void;
  /** It has ended, or has come to a wait of the library. */
  parks?(fiber: Fiber): void;
  /** The program has given this instrument back. */
  disposed?(): void;
}

/** Under this key an instrument of the library keeps its {@linkcode Tracing}. */
export const tracing: unique symbol = Symbol("tracing");

/** All instruments that are called, as one. */
export interface Instruments {
  /** Call the hook of each. */
  call(name: keyof Instrument, ...args: unknown[]): void;
  /** A task was created. */
  taskCreated(fiber: Fiber): void;
  /** A task begins: call its function. */
  startTask<R>(fiber: Fiber, fn: () => R): R;
  /** A task has ended. */
  taskEnded(fiber: Fiber, outcome: Outcome): void;
  /** A task begins to wait. */
  waitBegan(fiber: Fiber, wait: WaitInfo): void;
  /** That wait is over. */
  waitEnded(fiber: Fiber, wait: WaitInfo): void;
  /** A limit or a group begins in the running code. */
  scopeBegan(kind: "timeout" | "group", name: string): TracedScope;
  /** What a call is to take along to its worker. */
  traceparentOf(call: CallInfo): string | undefined;
  /** Call the function of a call that came with a trace. */
  aroundCall<R>(traceparent: string, fn: () => R): R;
}

let current: Instruments | undefined;

/** The instruments that are called; `undefined`, at the cost of one look, while there are none. */
export function instruments(): Instruments | undefined {
  return current;
}

/** Have these called from now on. */
export function setInstruments(instruments: Instruments | undefined): void {
  current = instruments;
}
