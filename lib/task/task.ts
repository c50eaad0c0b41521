import { type CancelledError, InvalidStateError } from "../errors.ts";
import { checkFunction, checkOptions, show } from "../base/validate.ts";
import {
  currentRealm,
  currentScope,
  forget,
  type Home,
  type Inhabitant,
  runInScope,
} from "./context.ts";
import { groupFailure } from "./exception_group.ts";
import { Future, internals, type Stoppable } from "./future.ts";
import { callSoon, type Handle, parked, resumed } from "./ready_queue.ts";
import { isUnderWay, Scope } from "./scope.ts";

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
}

/** What the rest of the library may do with a task and its users may not. */
export interface TaskInternals {
  /** Make a task that lives in `home`; it starts in a turn of its own. */
  create<T>(coro: Coroutine<T>, options?: TaskOptions, home?: Home): Task<T>;
  /** Call its function. */
  begin<T>(task: Task<T>, coro: Coroutine<T>): void;
  /** The scope of the whole task. */
  scope(task: Task<unknown>): Scope;
}

/** Filled by the class below. */
export let taskInternals: TaskInternals;

let count = 0;

/**
 * The course of a task: it stands in the task's home from its creation to its end, takes its first
 * turn, and makes its scope when that is first needed, which is usually then. Where the home wants
 * to know, it takes a last turn when the task has ended.
 */
class Course<T> implements Inhabitant, Handle, Stoppable {
  place = -1;
  readonly task: Task<T>;
  readonly home: Home;
  #coro: Coroutine<T> | undefined;
  #scope: Scope | undefined = undefined;

  constructor(task: Task<T>, home: Home, coro: Coroutine<T>) {
    this.task = task;
    this.home = home;
    this.#coro = coro;
    home.tasks.append(this);
    if (home.ended !== undefined) internals.subscribe(task, this);
  }

  get scope(): Scope {
    return this.#scope ??= new Scope(this.task, this.home.realm);
  }

  get total(): number {
    return this.#scope?.total ?? 0;
  }

  run(): void {
    const coro = this.#coro;
    if (coro === undefined) {
      this.home.ended!(this);
      return;
    }
    this.#coro = undefined;
    taskInternals.begin(this.task, coro);
  }

  stop(error: CancelledError): boolean {
    if (this.task.done()) return false;
    this.scope.cancel(error);
    return true;
  }

  asked(): boolean {
    return this.#scope !== undefined && isUnderWay(this.#scope);
  }

  end(): void {
    if (this.home.ended === undefined) this.home.tasks.remove(this);
    const scope = this.#scope;
    if (scope === undefined) return;
    forget(scope);
    // A task that waited long for its turn is old to the garbage collector: it would keep alive
    // the young scope that it had for a moment, and all that hangs on it.
    if (scope.total === 0) this.#scope = undefined;
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
  readonly #course: Course<T>;

  static {
    taskInternals = {
      create: <R>(coro: Coroutine<R>, options?: TaskOptions, home: Home = currentRealm()) => {
        checkFunction("create a task", "coro", coro);
        checkOptions("create a task", options);
        const name = options?.name;
        if (name !== undefined && typeof name !== "string") {
          throw new TypeError(
            `Cannot create a task: name must be a string, received ${show(name)}`,
          );
        }
        const task = new Task<R>(making, { home, coro, name });
        callSoon(task.#course);
        return task;
      },
      begin: (task, coro) => task.#begin(coro),
      scope: (task) => task.#course.scope,
    };
  }

  /**
   * Not for use: `createTask` makes tasks.
   *
   * @throws {TypeError} Always, when called from outside.
   * @ignore
   */
  constructor(key: symbol, parts: unknown) {
    if (key !== making) {
      throw new TypeError("Cannot construct a task: use createTask or TaskGroup.createTask");
    }
    super();
    const { home, coro, name } = parts as Parts<T>;
    this.#name = name ?? ++count;
    this.#course = new Course(this, home, coro);
    internals.stopWith(this, this.#course);
  }

  /** Its name, `"Task-1"` … unless one was given. */
  get name(): string {
    return typeof this.#name === "string" ? this.#name : `Task-${this.#name}`;
  }

  set name(name: string) {
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
    return scope?.task === this ? scope.signal : this.#course.scope.signal;
  }

  /** How many times `cancel` was called and not taken back by `uncancel`. */
  cancelling(): number {
    return this.#course.total;
  }

  /**
   * Take back one cancellation request; for code that called `cancel` and handled it itself.
   *
   * When none is left, a cancellation that was not delivered yet is dropped.
   *
   * @returns How many requests remain.
   */
  uncancel(): number {
    this.#course.scope.uncancel(currentScope());
    return this.#course.total;
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

  /** The name of the class, for `Object.prototype.toString`. */
  override get [Symbol.toStringTag](): string {
    return "Task";
  }

  #begin(coro: Coroutine<T>): void {
    const scope = this.#course.scope;
    const cancelled = scope.pending;
    if (cancelled !== undefined) {
      this.#end();
      internals.abandon(this, cancelled);
      return;
    }
    resumed(this);
    runInScope(scope, () => {
      try {
        const result = coro(scope.signal);
        if (isThenable(result)) {
          result.then((value) => this.#finish(value), (error) => this.#fail(error));
        } else {
          this.#finish(result);
        }
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #finish(value: T): void {
    const cancelled = this.#course.scope.pending;
    this.#end();
    if (cancelled === undefined) internals.resolve(this as Future<T>, value);
    else internals.abandon(this, cancelled);
  }

  #fail(error: unknown): void {
    const cancelled = this.#course.scope.cancellation(error);
    this.#end();
    if (cancelled === undefined) internals.reject(this, groupFailure(error));
    else internals.abandon(this, cancelled);
  }

  #end(): void {
    this.#course.end();
    parked(this);
  }
}

interface Parts<T> {
  home: Home;
  coro: Coroutine<T>;
  name: string | undefined;
}

const making = Symbol("making a task");

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}
