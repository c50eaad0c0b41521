import { InvalidStateError } from "../errors.ts";
import { exit, onSignal } from "../base/runtime.ts";
import { checkFunction, checkOptions, show } from "../base/validate.ts";
import { enclosingRun, RunContext, runContexts, runInScope } from "../core/context.ts";
import { Callback, futureInternals } from "../core/future.ts";
import { endShared } from "./run_end.ts";
import { cancelledError } from "../core/cancellation.ts";
import { type Coroutine, type Task, taskInternals } from "../core/task.ts";

/**
 * Options of `run`.
 *
 * @example
 * ```ts
 * import { run, type RunOptions, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // For a program that listens for Ctrl-C itself, such as a server with a way of its own to stop.
 * const embedded: RunOptions = { handleSignals: false };
 *
 * assertEquals(await run(() => sleep(1, "done"), embedded), "done");
 * ```
 */
export interface RunOptions {
  /** Whether Ctrl-C (SIGINT) cancels `main`. Default: `true` where signals exist. */
  handleSignals?: boolean;
}

/** The exit code of a program that SIGINT ended: 128 + 2. */
const INTERRUPTED = 130;

/** Turns Ctrl-C into a cancellation of `main`, and a second one into the end of the program. */
class Interrupts {
  /** Of runs side by side, those which were interrupted and have not ended yet. */
  static readonly #cleaningUp: Set<Interrupts> = new Set();
  readonly #ended: Promise<void>;
  #end!: () => void;
  readonly #main: Task<unknown>;
  #unlisten = () => {};
  /** Whether there was one. */
  seen = false;

  constructor(main: Task<unknown>) {
    this.#main = main;
    this.#ended = new Promise((resolve) => this.#end = resolve);
  }

  listen(): void {
    this.#unlisten = onSignal("SIGINT", () => this.#interrupt());
  }

  stop(): void {
    this.#unlisten();
    Interrupts.#cleaningUp.delete(this);
    this.#end();
  }

  /** End the program, once every run that was interrupted has cleaned up. */
  async exit(): Promise<void> {
    while (Interrupts.#cleaningUp.size > 0) {
      await Promise.all([...Interrupts.#cleaningUp].map((one) => one.#ended));
    }
    exit(INTERRUPTED);
  }

  #interrupt(): void {
    if (this.seen || this.#main.done()) exit(INTERRUPTED);
    this.seen = true;
    Interrupts.#cleaningUp.add(this);
    this.#main.cancel("Interrupted");
  }
}

/** Cancel and await every task of the runContext, those that come up meanwhile too. */
async function cancelAll(runContext: RunContext, main: Task<unknown>): Promise<void> {
  const asked = new Set<Task<unknown>>([main]);
  for (;;) {
    const rest = runContext.allTasks().filter((task) => !asked.has(task));
    if (rest.length === 0) return;
    const error = cancelledError("The program is ending");
    for (const task of rest) {
      asked.add(task);
      futureInternals.observe(task, new Callback(() => {}));
      futureInternals.stop(task, error);
    }
    await Promise.all(rest.map(ended));
  }
}

function ended(task: Task<unknown>): Promise<void> {
  return new Promise((resolve) => {
    futureInternals.observe(task, new Callback(resolve));
  });
}

/**
 * Run `main` as the main task of a program: the usual entry point.
 *
 * When `main` has ended, every task created under it that is still alive is cancelled and awaited,
 * so that their `finally` blocks run, and the idle workers of `toThread` are ended; then the call
 * settles.
 *
 * Ctrl-C cancels `main`, so that it can clean up, and the program then ends with exit code 130. A
 * second Ctrl-C ends it at once.
 *
 * CPython: `asyncio.run`.
 *
 * @typeParam T What `main` resolves with.
 * @param main Called once, with the main task's abort signal.
 * @param options `handleSignals`: whether Ctrl-C cancels `main`.
 * @returns What `main` resolves with.
 * @throws {TypeError} (as a rejection) If `main` is not a function, or an option of the wrong type.
 * @throws {InvalidStateError} (as a rejection) If called inside a running `run`.
 * @throws What `main` throws.
 *
 * @example
 * ```ts
 * import { run, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await run(async () => {
 *   await sleep(1);
 *   return 42;
 * });
 * assertEquals(answer, 42);
 * ```
 */
export async function run<T>(main: Coroutine<T>, options?: RunOptions): Promise<T> {
  checkFunction("run", "main", main);
  checkOptions("run", options);
  const handleSignals = options?.handleSignals ?? true;
  if (typeof handleSignals !== "boolean") {
    throw new TypeError(
      `Cannot run: handleSignals must be a boolean, received ${show(handleSignals)}`,
    );
  }
  if (enclosingRun().open) {
    throw new InvalidStateError("Cannot run: this is inside a running run");
  }
  const runContext = new RunContext(true);
  runContexts.add(runContext);
  const task = taskInternals.create(main, { name: "main" }, runContext);
  futureInternals.look(task);
  const interrupts = new Interrupts(task);
  if (handleSignals) interrupts.listen();
  try {
    await runInScope(undefined, () => ended(task));
    await cancelAll(runContext, task);
    await runInScope(undefined, endShared);
  } finally {
    runContext.open = false;
    runContexts.delete(runContext);
    runContext.numbers.end();
    interrupts.stop();
  }
  if (interrupts.seen && task.cancelled()) await interrupts.exit();
  return await runInScope(undefined, () => futureInternals.promise(task));
}
