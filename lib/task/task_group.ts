import { type CancelledError, InvalidStateError } from "../task_errors.ts";
import { inspect, showCounts } from "../base/inspect.ts";
import { roughNow } from "../base/clock.ts";
import { WaitQueue } from "../base/slot_queue.ts";
import { checkFunction, checkName, checkOptions, checkSignal, show } from "../base/validate.ts";
import { currentRunContext, currentScope, runInScope, type TaskOwner } from "../core/context.ts";
import { ExceptionGroup, groupFailure } from "../core/exception_group.ts";
import { futureInternals } from "../core/future.ts";
import type { HeldWait } from "../core/held_wait.ts";
import { racedWait } from "../core/raced_wait.ts";
import { instruments, type TracedScope } from "../core/instrument.ts";
import { followScope } from "./_follow_scope.ts";
import { nameFailures } from "./_name_failures.ts";
import { underSignal } from "./_under_signal.ts";
import { cancelledError } from "../core/cancellation.ts";
import type { Fiber } from "../core/fiber.ts";
import { CancelScope } from "../core/cancel_scope.ts";
import { type Coroutine, type Task, taskInternals, type TaskOptions } from "../core/task.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";
import type { TaskGroupOptions, TaskGroupRunOptions } from "./task_group_options.ts";
import { hearRaces } from "../core/race_entry.ts";

hearRaces();

/**
 * What the body of a group runs.
 *
 * @example
 * ```ts
 * import { sleep, TaskGroup, type TaskGroupBody, timeout } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // A group that has only so much time.
 * function groupWithin<T>(ms: number, body: TaskGroupBody<T>): Promise<T> {
 *   return timeout(ms, () => TaskGroup.run(body));
 * }
 *
 * const tasks = await groupWithin(60_000, (group) => [
 *   group.createTask(() => sleep(2, "bread")),
 *   group.createTask(() => sleep(1, "butter")),
 * ]);
 * assertEquals(tasks.map((task) => task.result()), ["bread", "butter"]);
 * ```
 */
export type TaskGroupBody<T, G extends TaskGroup = TaskGroup> = (
  group: G,
) => T | PromiseLike<T>;

const CHILD_OPTIONS = ["name"];

/** What `TaskGroup.run` makes its group of, whose body is a function and so has a scope of its own. */
class GroupOfRun {
  readonly name: string | undefined;

  constructor(name: string | undefined) {
    this.name = name;
  }
}

/** How the body of a group ended. */
interface BodyEnd {
  /** It was cancelled. */
  cancelled?: CancelledError | undefined;
  /** It failed with anything else. */
  failure?: { error: unknown } | undefined;
}

/**
 * Children that end before the group does: structured concurrency.
 *
 * - The group never outlives the call of `TaskGroup.run`, or the block of `await using`.
 * - A child that fails cancels its siblings and the body. Every failure that is not a cancellation
 *   is reported in one `ExceptionGroup`, the body's own included.
 * - Cancelled from outside, it cancels its children, waits for them, and rejects with
 *   `CancelledError`.
 *
 * `TaskGroup.run` is the recommended form. With `await using group = new TaskGroup()`, the hook at
 * the end of the block cannot see that the block threw. So it waits for the children instead of
 * cancelling them, unless the group was made with `onExit: "cancel"` and ends with
 * `await group.join()`; and when both the block and a child fail, JavaScript wraps the two into a
 * `SuppressedError`. A task that ends with one made of the group's failures and of the cancellation
 * of its block fails with the `ExceptionGroup` alone.
 *
 * CPython: `asyncio.TaskGroup`.
 *
 * @example
 * ```ts
 * import { sleep, TaskGroup } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const [a, b] = await TaskGroup.run((group) => {
 *   // The signal is aborted when a sibling fails, so that the request ends, too.
 *   const a = group.createTask(async (signal) => await (await fetch(url, { signal })).text());
 *   const b = group.createTask(() => sleep(1, "b"));
 *   return [a, b];
 * });
 * assertEquals([a!.result(), b!.result()], ["hello", "b"]);
 * ```
 */
export class TaskGroup {
  readonly #scope: CancelScope | undefined;
  readonly #outer: CancelScope | undefined;
  readonly #before: number;
  readonly #onExit: "join" | "cancel";
  readonly #owner: TaskOwner & { name: string | undefined } = {
    runContext: currentRunContext(),
    tasks: new WaitQueue(),
    name: undefined,
    begun: roughNow(),
    parent: currentScope()?.fiber,
    stopping: () => this.#stopping,
    joining: () => this.#lastChild !== undefined,
    ended: (child) => this.#childEnded(child),
  };
  /** What whoever is handed the promise of `run` may do: with the body, and then with its end. */
  readonly #held: HeldWait = {
    detach: () => {
      this.#detached = true;
      this.#scope?.detach();
      this.#lastChild?.detach();
    },
    withdraw: (error) => this.#lastChild?.withdraw(error) ?? this.#scope?.withdraw(error) ?? false,
    over: () => this.#ended,
  };
  /** For instruments, where its body is a block: a function is called within what they make of it. */
  readonly #traced: TracedScope | undefined;
  #detached = false;
  readonly #errors: unknown[] = [];
  /** Where each of them came from, in words. */
  #sources: Map<unknown, string> | undefined;
  #lastChild: Waiter<void> | undefined;
  /** Other tasks that wait for the last child. */
  readonly #joiners: Set<Waiter<void>> = new Set();
  #stopping = false;
  #stops: AbortController | undefined;
  #quiet = false;
  #bodyCancelled = false;
  #exit: Promise<void> | undefined;
  #ended = false;

  /**
   * Run `body` with a group, and end when it and all children have ended.
   *
   * Outside any task the body runs in a task of its own, so that a failing child can stop it.
   *
   * @typeParam T What the body resolves with.
   * @typeParam G The class of the group: `run` of a subclass makes one of that class.
   * @param body Gets the group; it runs in the current task.
   * @param options `name`: what the group is called where tasks are shown; `signal`: aborting it
   *   cancels the group as from outside.
   * @returns What the body resolves with; `undefined` if `group.cancel()` stopped it.
   * @throws {TypeError} (as a rejection) If `body` is not a function.
   * @throws {ExceptionGroup} (as a rejection) With every failure of the body and the children.
   * @throws {CancelledError} (as a rejection) If the group was cancelled from outside.
   *
   * @example
   * ```ts
   * import { TaskGroup } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * const urls = ["data:text/plain,bread", "data:text/plain,butter"];
   * const tasks = await TaskGroup.run((group) =>
   *   urls.map((url) =>
   *     group.createTask(async (signal) => await (await fetch(url, { signal })).text())
   *   )
   * );
   * assertEquals(tasks.map((task) => task.result()), ["bread", "butter"]);
   * ```
   */
  static run<T, G extends TaskGroup = TaskGroup>(
    this: (new () => G) | void,
    body: TaskGroupBody<T, G>,
    options?: TaskGroupRunOptions,
  ): Promise<T> {
    // Where it is handed on by itself, there is no class.
    const Group = typeof this === "function" ? this : TaskGroup as unknown as new () => G;
    const what = "run a task group";
    try {
      checkFunction(what, "body", body);
      checkOptions(what, options, ["name", "signal"]);
      checkName(what, options?.name);
      checkSignal(what, options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    return underSignal(options?.signal, () => {
      const group = TaskGroup.#make(Group, new GroupOfRun(options?.name));
      const traced = instruments()?.scopeBegan("group", options?.name ?? "TaskGroup");
      const ending = traced === undefined
        ? group.#run<T>(body as TaskGroupBody<T>)
        : followScope(traced, group.#run<T>((it) => traced.around(() => body(it as G))));
      return racedWait(ending, group.#held);
    });
  }

  /** What the group is for that `run` is making: its class need not know, nor hand it on. */
  static #ofRun: GroupOfRun | undefined;

  static #make<G extends TaskGroup>(Group: new () => G, ofRun: GroupOfRun): G {
    TaskGroup.#ofRun = ofRun;
    try {
      return new Group();
    } finally {
      TaskGroup.#ofRun = undefined;
    }
  }

  /** Waits until the last child has ended. */
  static #LastChild = class extends Waiter<void> {
    readonly #owner: TaskOwner;

    constructor(owner: TaskOwner) {
      super();
      this.#owner = owner;
    }

    override describe(): WaitSubject {
      return { kind: "TaskGroup", name: this.#owner.name, all: this.#owner.tasks };
    }

    protected override onWithdraw(): CancelOutcome {
      return "left";
    }
  };

  /**
   * For `await using group = new TaskGroup()`.
   *
   * @param options `onExit`: what leaving the block does with running children.
   * @throws {TypeError} If `onExit` is neither `"join"` nor `"cancel"`.
   */
  constructor(options?: TaskGroupOptions) {
    const ofRun = TaskGroup.#ofRun;
    TaskGroup.#ofRun = undefined;
    if (ofRun === undefined) checkOptions("create a task group", options, ["onExit"]);
    const onExit = options?.onExit ?? "join";
    if (onExit !== "join" && onExit !== "cancel") {
      throw new TypeError(
        `Cannot create a task group: onExit must be "join" or "cancel", received ${show(onExit)}`,
      );
    }
    this.#onExit = onExit;
    this.#owner.name = ofRun?.name;
    this.#outer = currentScope();
    this.#before = this.#outer?.requested() ?? 0;
    if (ofRun !== undefined) {
      this.#scope = new CancelScope(this.#outer!.fiber, this.#owner.runContext, this.#outer);
    } else {
      this.#scope = this.#outer?.open();
    }
    if (ofRun === undefined) this.#traced = instruments()?.scopeBegan("group", "TaskGroup");
  }

  /**
   * Aborted when the group is stopping, or its task is asked to stop: for `fetch` and the like in the
   * body.
   */
  get signal(): AbortSignal {
    const stopping = (this.#stops ??= new AbortController()).signal;
    if (this.#stopping) this.#stops.abort(cancelledError("The task group is stopping"));
    return this.#scope === undefined ? stopping : AbortSignal.any([this.#scope.signal, stopping]);
  }

  /**
   * Start a function as a child of the group.
   *
   * @typeParam T What the function returns or resolves with.
   * @param coro Called once, in a later microtask, with the task's abort signal.
   * @param options `name`: the task's name.
   * @returns The child.
   * @throws {TypeError} If `coro` is not a function or the name not a string.
   * @throws {InvalidStateError} If the group has ended or is shutting down.
   */
  createTask<T>(coro: Coroutine<T>, options?: TaskOptions): Task<T> {
    if (this.#ended || (this.#exit !== undefined && this.#children.size === 0)) {
      throw new InvalidStateError("Cannot create a task in a task group: it has ended");
    }
    if (this.#stopping) {
      throw new InvalidStateError("Cannot create a task in a task group: it is shutting down");
    }
    checkOptions("create a task", options, CHILD_OPTIONS);
    const task = this.#traced === undefined
      ? taskInternals.create(coro, options, this.#owner)
      : this.#traced.around(() => taskInternals.create(coro, options, this.#owner));
    if (this.#children.size === 1) this.#owner.runContext.groups.add(this.#owner);
    return task;
  }

  /**
   * Wait for all children; after it the group takes no more.
   *
   * @returns When all have ended.
   * @throws {ExceptionGroup} (as a rejection) With every failure of the children.
   * @throws {CancelledError} (as a rejection) If the group was cancelled from outside.
   */
  join(): Promise<void> {
    const fiber = currentScope()?.fiber;
    if (fiber !== undefined && fiber !== this.#outer?.fiber) return this.#joinFromOutside();
    return this.#exit ??= this.#leave({});
  }

  /**
   * Stop the children and the body, and leave the group quietly: `TaskGroup.run` resolves unless
   * something fails. Calling it again, or after the end, does nothing.
   *
   * In the `await using` form the block itself is left with `CancelledError`, as nothing else can
   * stop it.
   *
   * CPython: `TaskGroup.cancel`, new in 3.15.
   *
   * @example
   * ```ts
   * import { sleep, TaskGroup } from "@strand/strand";
   * import { assertEquals } from "@std/assert";
   *
   * const found: string[] = [];
   * await TaskGroup.run((group) => {
   *   for (const [place, ms] of [["attic", 1], ["cellar", 60_000]] as const) {
   *     group.createTask(async () => {
   *       await sleep(ms);
   *       found.push(place);
   *       group.cancel(); // no need to look any further
   *     });
   *   }
   * });
   * assertEquals(found, ["attic"]);
   * ```
   */
  cancel(): void {
    if (this.#ended || this.#quiet) return;
    this.#quiet = true;
    const error = cancelledError("The task group was cancelled");
    if (!this.#stopping) this.#stop(error);
    this.#cancelBody(error);
  }

  /** Leave the block of `await using`. Not needed with `TaskGroup.run`. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit !== undefined) return this.#exit.catch(() => {});
    if (this.#onExit === "cancel" && !this.#stopping) {
      this.#quiet = true;
      this.#stop(cancelledError("The task group was left"));
    }
    // The block ends with the cancellation that was delivered in it; the hook need not add one.
    const cancelled = (this.#outer?.requested() ?? 0) > this.#before;
    if (cancelled && !this.#stopping) this.#stop(cancelledError("The task group was cancelled"));
    return this.#exit = this.#leave({});
  }

  async #run<T>(body: TaskGroupBody<T>): Promise<T> {
    const scope = this.#scope!;
    let end: BodyEnd = {};
    let value: T | undefined;
    try {
      value = await runInScope(scope, async () => await body(this));
    } catch (error) {
      const cancelled = scope.cancellation(error);
      end = cancelled === undefined ? { failure: { error: groupFailure(error) } } : { cancelled };
    }
    await (this.#exit = this.#leave(end));
    return value as T;
  }

  // Another task that gives up waiting has no say in the children:
  //     await timeout(50, () => group.join());
  async #joinFromOutside(): Promise<void> {
    while (this.#children.size > 0) {
      const wait = new TaskGroup.#LastChild(this.#owner);
      this.#joiners.add(wait);
      try {
        await wait.begin();
      } finally {
        this.#joiners.delete(wait);
      }
    }
    return await (this.#exit ??= this.#leave({}));
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const state = this.#ended ? "ended" : this.#stopping ? "stopping" : "open";
    return `TaskGroup [${[state, ...showCounts({ children: this.#children.size })].join(", ")}]`;
  }

  #leave(end: BodyEnd): Promise<void> {
    const left = this.#joinChildren(end);
    return this.#traced === undefined ? left : followScope(this.#traced, left);
  }

  async #joinChildren(end: BodyEnd): Promise<void> {
    let cancelled = end.cancelled;
    if ((cancelled !== undefined || end.failure !== undefined) && !this.#stopping) {
      this.#stop(cancelled ?? cancelledError("The body of the task group failed"));
    }
    let late = false;
    while (this.#children.size > 0) {
      this.#lastChild = new TaskGroup.#LastChild(this.#owner);
      if (this.#detached) this.#lastChild.detach();
      try {
        await this.#lastChild.begin();
      } catch (error) {
        // A child has failed, and while its siblings clean up: `task.cancel()`.
        if (this.#stopping) late = true;
        else {
          cancelled = error as CancelledError;
          this.#stop(cancelled);
        }
      }
    }
    this.#ended = true;
    this.#lastChild = undefined;
    this.#scope?.close();
    // Asked only where it matters, as it looks through all scopes around.
    const outside = () => this.#outer?.requested() ?? 0;
    if (end.failure !== undefined) this.#errors.push(end.failure.error);
    if (end.failure !== undefined) (this.#sources ??= new Map()).set(end.failure.error, "the body");
    if (this.#errors.length > 0) {
      // The failures win over a cancellation from outside, which the next wait then takes.
      if (outside() > 0) this.#outer!.redeliver();
      const count = this.#errors.length;
      const counted = `${count} ${count === 1 ? "error" : "errors"}`;
      const what = `Unhandled errors in a task group (${counted})`;
      throw nameFailures(new ExceptionGroup(this.#errors, what), this.#sources!);
    }
    // Its body was in a wait when a child failed, or when it called `group.cancel()`.
    const own = this.#bodyCancelled && outside() <= this.#before;
    if (cancelled !== undefined && !own) throw cancelled;
    // It came while the group was stopping of itself: it must not be lost.
    if (late && outside() > this.#before) this.#outer!.redeliver();
  }

  get #children(): WaitQueue<Fiber> {
    return this.#owner.tasks;
  }

  #childEnded(child: Fiber): void {
    const { task } = child;
    this.#children.remove(child);
    if (this.#children.size === 0) {
      this.#owner.runContext.groups.delete(this.#owner);
      this.#lastChild?.wake();
      for (const joiner of this.#joiners) joiner.wake();
    }
    if (!futureInternals.failed(task)) return;
    const error = futureInternals.error(task);
    if (this.#scope?.fiber.ended) {
      // The owner has gone without leaving the group: nobody else would hear of this.
      Promise.reject(error);
      return;
    }
    this.#errors.push(error);
    (this.#sources ??= new Map()).set(error, `task ${JSON.stringify(task.name)}`);
    if (this.#stopping) return;
    const cause = cancelledError("A child of the task group failed");
    this.#stop(cause);
    this.#cancelBody(cause);
  }

  #cancelBody(error: CancelledError): void {
    if (this.#bodyCancelled) return;
    this.#bodyCancelled = true;
    this.#scope?.cancel(error);
  }

  #stop(error: CancelledError): void {
    this.#stopping = true;
    this.#stops?.abort(error);
    for (const child of this.#children) futureInternals.stop(child.task, error);
  }
}
