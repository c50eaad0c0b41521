import { now } from "../base/clock.ts";
import { type RunContext, runContexts, type TaskOwner } from "../core/context.ts";
import { fiberOf } from "../core/fiber_numbers.ts";
import { placeOf } from "./creation_places.ts";
import type { Fiber } from "../core/fiber.ts";
import { sinceOf, stateOf, waitOf } from "../core/fiber_state.ts";
import { futureInternals } from "../core/future.ts";
import type { TaskInfo, WaitInfo } from "../core/instrument.ts";
import { showState } from "../core/show_state.ts";
import { describeTasks } from "../core/task.ts";
import { readSubject } from "../core/wait_subject.ts";

/** A call of a pool, as the tree shows it. */
export interface CallEntry {
  readonly name: string;
  readonly state: "ready" | "running" | "cancelling";
  /** When it came into that state, on the scale of the clock. */
  readonly since: number;
  /** The worker that has it. */
  readonly worker?: string | undefined;
  /** The number of the fiber that submitted it. */
  readonly creator: number;
}

/** Who has calls under way: pools enter when they get their first call, and leave with the last. */
export const callSources: Set<{ calls(): Iterable<CallEntry> }> = new Set();

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A task as hooks get it: what it is doing is looked up when it is read. */
class FiberInfo implements TaskInfo {
  readonly #fiber: Fiber;
  readonly kind = "task" as const;

  constructor(fiber: Fiber) {
    this.#fiber = fiber;
  }

  get name(): string {
    return this.#fiber.task.name;
  }

  get state(): TaskInfo["state"] {
    return stateOf(this.#fiber, waitOf(this.#fiber));
  }

  get since(): number {
    return sinceOf(this.#fiber, waitOf(this.#fiber));
  }

  get waitsFor(): WaitInfo {
    const wait = waitOf(this.#fiber);
    // An optional field that is looked up has to be there, too.
    return (wait === undefined ? undefined : readSubject(wait.describe())) as WaitInfo;
  }

  get awaitedBy(): string[] {
    return awaitersOf(this.#fiber);
  }

  get children(): TaskInfo[] {
    return new Tree().childrenOf(this.#fiber);
  }

  get createdAt(): string {
    return placeOf(this.#fiber) as string;
  }
}

const infos = new WeakMap<Fiber, FiberInfo>();

/** The task of a fiber, as hooks get it: always the same object. */
export function infoOf(fiber: Fiber): TaskInfo {
  let info = infos.get(fiber);
  if (info === undefined) infos.set(fiber, info = new FiberInfo(fiber));
  return info;
}

function awaitersOf(fiber: Fiber): string[] {
  const names = futureInternals.awaiters(fiber.task).map((one) => one.task.name);
  const { parent, joining } = fiber.owner;
  if (parent !== undefined && joining?.()) names.push(parent.task.name);
  return [...new Set(names)];
}

function describeFiber(fiber: Fiber): Writable<TaskInfo> {
  const wait = waitOf(fiber);
  const info: Writable<TaskInfo> = {
    name: fiber.task.name,
    kind: "task",
    state: stateOf(fiber, wait),
    since: sinceOf(fiber, wait),
    awaitedBy: awaitersOf(fiber),
    children: [],
  };
  if (wait !== undefined) info.waitsFor = readSubject(wait.describe());
  const place = placeOf(fiber);
  if (place !== undefined) info.createdAt = place;
  return info;
}

/** Everything that lives, each under what it was created in. */
class Tree {
  readonly roots: TaskInfo[] = [];
  readonly #fibers = new Map<Fiber, TaskInfo>();
  readonly #groups = new Map<TaskOwner, TaskInfo>();
  readonly #runs = new Map<RunContext, TaskInfo>();

  constructor() {
    for (const run of runContexts) {
      if (run.open) this.#addRun(run);
      for (const owner of [run, ...run.groups]) {
        for (const fiber of owner.tasks as Iterable<Fiber>) {
          if (!fiber.ended) this.#fibers.set(fiber, describeFiber(fiber));
        }
      }
    }
    for (const run of runContexts) {
      for (const group of run.groups) this.#addGroup(group);
    }
    for (const [fiber, info] of this.#fibers) this.#listUnder(fiber).push(info);
    for (const source of callSources) {
      for (const call of source.calls()) this.#addCall(call);
    }
  }

  childrenOf(fiber: Fiber): TaskInfo[] {
    return this.#fibers.get(fiber)?.children ?? [];
  }

  #addRun(run: RunContext): void {
    const info: TaskInfo = {
      name: run.name,
      kind: "run",
      state: "running",
      since: Math.max(0, now() - run.begun),
      awaitedBy: [],
      children: [],
    };
    this.#runs.set(run, info);
    this.roots.push(info);
  }

  #addGroup(group: TaskOwner): void {
    const { parent } = group;
    const info: TaskInfo = {
      name: group.name ?? "TaskGroup",
      kind: "group",
      state: group.stopping?.() ? "cancelling" : group.joining?.() ? "waiting" : "running",
      since: Math.max(0, now() - (group.begun ?? now())),
      awaitedBy: parent !== undefined && group.joining?.() ? [parent.task.name] : [],
      children: [],
    };
    this.#groups.set(group, info);
    this.#under(parent, group.runContext).push(info);
  }

  #addCall({ name, state, since, worker, creator }: CallEntry): void {
    const info: Writable<TaskInfo> = {
      name,
      kind: "call",
      state,
      since: Math.max(0, now() - since),
      awaitedBy: [],
      children: [],
    };
    if (worker !== undefined) info.waitsFor = { kind: "worker", name: worker };
    const fiber = fiberOf(creator);
    this.#under(fiber, fiber?.owner.runContext).push(info);
  }

  #listUnder(fiber: Fiber): TaskInfo[] {
    const group = this.#groups.get(fiber.owner);
    if (group !== undefined) return group.children;
    const creator = fiberOf(fiber.creator);
    const { runContext } = fiber.owner;
    return this.#under(creator?.owner.runContext === runContext ? creator : undefined, runContext);
  }

  #under(fiber: Fiber | undefined, run: RunContext | undefined): TaskInfo[] {
    const above = fiber === undefined ? undefined : this.#fibers.get(fiber);
    return (above ?? this.#runs.get(run!))?.children ?? this.roots;
  }
}

/**
 * What lives now: runs, groups, tasks and calls of pools, each under the one that it was created in.
 *
 * CPython: `asyncio.capture_call_graph`, `python -m asyncio pstree`, new in 3.14.
 *
 * @returns The runs that are open, and what belongs to none, as they are at this moment.
 *
 * @example
 * ```ts
 * import { createTask, Lock, taskTree } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * using _ = await lock.acquire();
 * await using task = createTask(() => lock.acquire(), { name: "second" });
 * await Promise.resolve(); // it begins in a later turn
 * const [info] = taskTree().filter(({ name }) => name === task.name);
 * assertEquals(info?.kind, "task");
 * ```
 */
export function taskTree(): TaskInfo[] {
  return new Tree().roots;
}

describeTasks((fiber) => {
  const { state, since, waitsFor } = describeFiber(fiber);
  return showState(waitsFor === undefined ? { state, since } : { state, since, waitsFor });
});
