import { type CancelledError, InvalidStateError } from "../task_errors.ts";
import { inspect } from "../base/inspect.ts";
import { checkFunction, checkOptions, show } from "../base/validate.ts";
import { currentRunContext, currentScope, type TaskOwner } from "./context.ts";
import { Fiber } from "./fiber.ts";
import { Future, futureInternals } from "./future.ts";

/**
 * What a task runs: a function that has not started yet, JavaScript's coroutine object.
 *
 * @typeParam T What it returns or resolves with.
 * @param signal The task's own abort signal, for `fetch` and the like.
 *
 * @example
 * ```ts
 * import { CancelledError, type Coroutine, createTask } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Tries again; unlike Python's coroutine object, a function can be started more than once.
 * async function retry<T>(work: Coroutine<T>, times: number): Promise<T> {
 *   for (let tried = 1;; tried++) {
 *     try {
 *       return await createTask(work);
 *     } catch (error) {
 *       if (error instanceof CancelledError || tried === times) throw error;
 *     }
 *   }
 * }
 *
 * let calls = 0;
 * const flaky = () => {
 *   if (++calls < 3) throw new Error("busy");
 *   return `answer ${calls}`;
 * };
 * assertEquals(await retry(flaky, 5), "answer 3");
 * ```
 */
export type Coroutine<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/**
 * What can be waited for: a function, which becomes a task, or a promise, future or task, which is
 * under way already.
 *
 * @typeParam T What it resolves with.
 *
 * @example
 * ```ts
 * import { type Awaitable, sleep, TimeoutError, waitFor } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Waits for anything, but not longer than `ms`.
 * async function orElse<T>(aw: Awaitable<T>, ms: number, fallback: T): Promise<T> {
 *   try {
 *     return await waitFor(aw, ms);
 *   } catch (error) {
 *     if (error instanceof TimeoutError) return fallback;
 *     throw error;
 *   }
 * }
 *
 * assertEquals(await orElse(Promise.resolve("quick"), 60_000, "nothing"), "quick");
 * assertEquals(await orElse(() => sleep(60_000, "slow"), 1, "nothing"), "nothing"); // and is stopped
 * ```
 */
export type Awaitable<T> = Coroutine<T> | PromiseLike<T>;

/**
 * Options of `createTask`.
 *
 * @example
 * ```ts
 * import { type Coroutine, createTask, sleep, type Task, type TaskOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 *
 * // Creates a task that leaves a line in the log when it has ended.
 * function logged<T>(work: Coroutine<T>, options?: TaskOptions): Task<T> {
 *   const task = createTask(work, options);
 *   task.addDoneCallback(({ name }) => log.push(`${name} has ended`));
 *   return task;
 * }
 *
 * await logged(() => sleep(1), { name: "backup" });
 * assertEquals(log, ["backup has ended"]);
 * ```
 */
export interface TaskOptions {
  /** The task's name; `"Task-1"`, `"Task-2"` … by default. */
  name?: string;
  /** Aborting it cancels the task, with the signal's reason; aborted already, the task never runs. */
  signal?: AbortSignal;
}

/** What the rest of the library may do with a task and its users may not. */
export interface TaskInternals {
  /** Make a task that lives in `owner`; it starts in a turn of its own. */
  create<T>(coro: Coroutine<T>, options?: TaskOptions, owner?: TaskOwner): Task<T>;
  /** The number of a task that has no name. */
  number(): number;
  /** Make the task that users see of a fiber which has none; who runs the fiber settles it. */
  show(fiber: Fiber, name: string | number): Task<unknown>;
}

/** Filled by the class below. */
export let taskInternals: TaskInternals;

/** What a task that lives is doing, in words; more of them once the tree of tasks is loaded. */
let describeFiber: (fiber: Fiber) => string = () => "pending";

/** Say from now on what tasks do as `describe` does. */
export function describeTasks(describe: (fiber: Fiber) => string): void {
  describeFiber = describe;
}

let count = 0;

/** The fiber of a task that was created as such. */
class TaskFiber<T> extends Fiber {
  override readonly task: Task<T>;
  #coro: Coroutine<T> | undefined;

  constructor(owner: TaskOwner, coro: Coroutine<T>, name: string | number) {
    super(owner);
    this.#coro = coro;
    this.task = new Task<T>(this, name);
    if (owner.ended !== undefined) futureInternals.subscribe(this.task, this);
  }

  // Where the owner wants to know, it takes a last turn when the task has ended.
  override run(): void {
    if (this.ended) this.owner.ended!(this);
    else super.run();
  }

  protected call(): T | PromiseLike<T> {
    const coro = this.#coro!;
    this.#coro = undefined;
    return coro(this.scope.signal);
  }

  protected onValue(value: T): void {
    futureInternals.resolve(this.task as Future<T>, value);
  }

  protected onFailure(error: unknown): void {
    futureInternals.reject(this.task, error);
  }

  protected onCancelled(error: CancelledError): void {
    this.#coro = undefined;
    futureInternals.settleCancelled(this.task, error);
  }
}

/**
 * A function under way, which can be awaited and cancelled. Made by `createTask` and
 * `TaskGroup.createTask`.
 *
 * - It starts in a later microtask; cancelled before that, it never runs.
 * - `cancel` makes the wait it is in reject with `CancelledError`, once. The task may clean up with
 *   further waits; it ends as cancelled unless it swallows the error.
 * - `await task` in another task links the two: cancelling the waiter cancels this one.
 * - A failure that nobody looks at surfaces as an unhandled rejection.
 *
 * CPython: `asyncio.Task`.
 *
 * @typeParam T What it resolves with.
 *
 * @example
 * ```ts
 * import { createTask, sleep, type Task } from "@strand/strand";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const downloads = new Map<string, Task<string>>();
 * const start = (name: string, ms: number) => {
 *   downloads.set(name, createTask(() => sleep(ms, `${name} is here`), { name }));
 * };
 * start("photo", 1);
 * start("film", 60_000);
 * assertEquals(await downloads.get("photo"), "photo is here");
 *
 * const film = downloads.get("film")!;
 * assert(film.cancel("nobody wants to see it"));
 * await Promise.allSettled([film]); // until it has really ended
 * assert(film.cancelled());
 * ```
 */
export class Task<T> extends Future<T> {
  #name: string | number;
  readonly #fiber: Fiber;

  static {
    taskInternals = {
      create: <R>(
        coro: Coroutine<R>,
        options?: TaskOptions,
        owner: TaskOwner = currentRunContext(),
      ) => {
        checkFunction("create a task", "coro", coro);
        checkOptions("create a task", options);
        const name = options?.name;
        if (name !== undefined) checkName("create a task", name);
        const fiber = new TaskFiber<R>(owner, coro, name ?? ++count);
        fiber.enter();
        return fiber.task;
      },
      number: () => ++count,
      show: (fiber, name) => new Task(fiber, name),
    };
  }

  /**
   * Not for use: `createTask` makes tasks.
   *
   * @throws {TypeError} Always, when called from outside.
   * @ignore
   */
  constructor(fiber: unknown, name?: unknown) {
    if (!(fiber instanceof Fiber)) {
      throw new TypeError("Cannot construct a task: use createTask or TaskGroup.createTask");
    }
    super();
    this.#name = name as string | number;
    this.#fiber = fiber;
    futureInternals.stopWith(this, fiber);
  }

  /**
   * Its name, `"Task-1"` … unless one was given.
   *
   * @throws {TypeError} When it is set to what is not a string.
   */
  get name(): string {
    return typeof this.#name === "string" ? this.#name : `Task-${this.#name}`;
  }

  set name(name: string) {
    checkName("name a task", name);
    this.#name = name;
  }

  /**
   * Aborted when the task is asked to stop, with the `CancelledError` as reason.
   *
   * Read inside the body of a timeout or group of this task, it is that body's own: aborted also
   * when only that is cancelled, while signals read outside of it stay live.
   */
  get signal(): AbortSignal {
    const scope = currentScope();
    return scope?.task === this ? scope.signal : this.#fiber.scope.signal;
  }

  /** How many times `cancel` was called and not taken back by `uncancel`. */
  cancelling(): number {
    return this.#fiber.cancelsRequested;
  }

  /**
   * Take back one cancellation request; for code that called `cancel` and handled it itself.
   *
   * When none is left, a cancellation that was not delivered yet is dropped.
   *
   * @returns How many requests remain.
   */
  uncancel(): number {
    this.#fiber.scope.uncancel(currentScope());
    return this.#fiber.cancelsRequested;
  }

  /**
   * Not for tasks: their result comes from the function.
   *
   * @throws {InvalidStateError} Always.
   */
  override setResult(_value: T): void {
    throw new InvalidStateError("Cannot set the result of a task: its function does that");
  }

  /**
   * Not for tasks: their failure comes from the function.
   *
   * @throws {InvalidStateError} Always.
   */
  override setException(_error: unknown): void {
    throw new InvalidStateError("Cannot set the exception of a task: its function does that");
  }

  /**
   * Cancel the task and wait for its end: for `await using task = createTask(…)`.
   *
   * @throws What the task failed with, as a rejection, if nobody has looked at that.
   * @throws {CancelledError} (as a rejection) If the current task is cancelled meanwhile; the task has
   *   ended then, too.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const around = currentScope();
    const before = around?.requested() ?? 0;
    this.cancel("The block that owns the task was left");
    const looked = futureInternals.retrieved(this);
    try {
      await this;
    } catch (error) {
      if ((around?.requested() ?? 0) > before) throw error;
      if (!this.cancelled() && !looked) throw error;
    }
  }

  /** What `console.log` shows. */
  override [inspect](): string {
    const state = this.done() ? futureInternals.show(this) : describeFiber(this.#fiber);
    return `Task ${JSON.stringify(this.name)} (${state})`;
  }

  /** The name of the class, for `Object.prototype.toString`. */
  override get [Symbol.toStringTag](): string {
    return "Task";
  }
}

function checkName(what: string, name: unknown): void {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot ${what}: name must be a string, received ${show(name)}`);
  }
}
