import { InvalidStateError } from "../task_errors.ts";
import { startTimer, type Timer } from "../base/clock.ts";
import { hideFromListeners } from "../base/hide_from_listeners.ts";
import { exit, onSignal, readEnv, type Signal } from "../base/runtime.ts";
import { checkFunction, checkOptions, checkSignal, checkSpan, show } from "../base/validate.ts";
import { whenAborted } from "../core/when_aborted.ts";
import { enclosingRun, RunContext, runContexts, runInScope } from "../core/context.ts";
import { Callback, futureInternals } from "../core/future.ts";
import { DebugMode } from "./debug_mode.ts";
import { formatTaskTree } from "./format_task_tree.ts";
import { printTaskTree } from "./print_task_tree.ts";
import { endShared } from "./at_run_end.ts";
import { StuckRun } from "./stuck_run.ts";
import { taskTree } from "./task_tree.ts";
import { cancelledError, isDelivered, isHeardLate } from "../core/cancellation.ts";
import { type Coroutine, type Task, taskInternals } from "../core/task.ts";
import { hearRaces } from "../core/race_entry.ts";

hearRaces();

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
  /**
   * Which signals cancel `main`: `true` for SIGINT and SIGTERM (the default, where signals exist),
   * `false` for none, or a list.
   */
  handleSignals?: boolean | Signal[];
  /**
   * How long, in milliseconds, the program may clean up after the first signal before it is ended; 0
   * or more, `Infinity` for as long as it takes. Default: `Infinity`.
   */
  gracePeriod?: number;
  /** Aborting it cancels `main`, with the signal's reason; aborted already, `main` never runs. */
  signal?: AbortSignal;
  /**
   * Say on stderr what hides in a program, once for each place and with the place at which the task
   * was created: a step that held the event loop for more than 100 ms, a limit or a cancellation that a
   * promise which is not the library's has not heard for a second, locks and tasks that wait for each
   * other in a circle, and the tasks that the end of the run cuts off.
   * Default: whether the environment variable `STRAND_DEBUG` is 1, where it may be read.
   */
  debug?: boolean;
}

// Here and not where the errors of cancellations are made: pages that need no more than those have no
// use for it.
hideFromListeners(isDelivered, isHeardLate);

const OPTIONS = ["handleSignals", "gracePeriod", "signal", "debug"];

/** What a program that a signal ended has as its exit code: 128 and the number of the signal. */
const EXIT_CODES: Record<Signal, number> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGTERM: 143,
  SIGBREAK: 149,
};

/** Turns signals into a cancellation of `main`, and a second one into the end of the program. */
class Interrupts {
  /** Of runs side by side, those which were interrupted and have not ended yet. */
  static readonly #cleaningUp: Set<Interrupts> = new Set();
  readonly #ended: Promise<void>;
  #end!: () => void;
  readonly #main: Task<unknown>;
  readonly #gracePeriod: number;
  #unlisten: (() => void)[] = [];
  #grace: Timer | undefined;
  /** The first one, if there was one. */
  seen: Signal | undefined;

  constructor(main: Task<unknown>, gracePeriod: number) {
    this.#main = main;
    this.#gracePeriod = gracePeriod;
    this.#ended = new Promise((resolve) => this.#end = resolve);
  }

  listen(signals: Signal[], showsTasks: boolean): void {
    this.#unlisten = signals.map((signal) => onSignal(signal, () => this.#interrupt(signal)));
    if (showsTasks) this.#unlisten.push(onSignal("SIGQUIT", printTaskTree));
  }

  /** Listen to no signal any more. */
  unlisten(): void {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
  }

  stop(): void {
    this.#grace?.stop();
    this.unlisten();
    Interrupts.#cleaningUp.delete(this);
    this.#end();
  }

  /** End the program, once every run that was interrupted has cleaned up. */
  async exit(): Promise<void> {
    while (Interrupts.#cleaningUp.size > 0) {
      await Promise.all([...Interrupts.#cleaningUp].map((one) => one.#ended));
    }
    exit(EXIT_CODES[this.seen!]);
  }

  #interrupt(signal: Signal): void {
    if (this.seen !== undefined || this.#main.done()) return this.#endAtOnce(signal);
    this.seen = signal;
    Interrupts.#cleaningUp.add(this);
    this.#main.cancel("Interrupted");
    if (this.#gracePeriod < Infinity) {
      this.#grace = startTimer(this.#gracePeriod, () => this.#endAtOnce(signal));
    }
  }

  // What could not be stopped is what the person at the terminal wants to know.
  #endAtOnce(signal: Signal): void {
    printTaskTree();
    exit(EXIT_CODES[signal]);
  }
}

function readSignals(handleSignals: unknown): Signal[] {
  if (handleSignals === undefined || handleSignals === true) return ["SIGINT", "SIGTERM"];
  if (handleSignals === false) return [];
  if (!Array.isArray(handleSignals)) {
    throw new TypeError(
      `Cannot run: handleSignals must be a boolean or an array of signals, received ${
        show(handleSignals)
      }`,
    );
  }
  for (const signal of handleSignals) {
    if (typeof signal !== "string" || !Object.hasOwn(EXIT_CODES, signal)) {
      throw new TypeError(
        `Cannot run: handleSignals must hold names of signals (${
          Object.keys(EXIT_CODES).join(", ")
        }), received ${show(signal)}`,
      );
    }
  }
  return handleSignals;
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
      futureInternals.subscribeQuietly(task, new Callback(() => {}));
      futureInternals.stop(task, error);
    }
    await Promise.all(rest.map(ended));
  }
}

function ended(task: Task<unknown>): Promise<void> {
  return new Promise((resolve) => {
    futureInternals.subscribeQuietly(task, new Callback(resolve));
  });
}

/**
 * Run `main` as the main task of a program: the usual entry point.
 *
 * When `main` has ended, every task created under it that is still alive is cancelled and awaited,
 * so that their `finally` blocks run, and the idle workers of `toThread` are ended; then the call
 * settles.
 *
 * SIGINT (Ctrl-C) and SIGTERM cancel `main`, so that it can clean up, and the program then ends with
 * exit code 130 or 143. A second one ends it at once, and so does the end of `gracePeriod`; both print
 * on stderr what was still waiting. SIGQUIT prints that and goes on.
 *
 * A program that can never go on, because its tasks wait for each other or for what nothing is left to
 * bring, says so on stderr and fails with exit code 1. While the main module awaits the run, Deno and
 * Bun keep such a program alive; it then says so after half a second in which nothing happened, and
 * Deno ends it if the tasks wait in a circle.
 *
 * CPython: `asyncio.run`.
 *
 * @typeParam T What `main` resolves with.
 * @param main Called once, with the main task's abort signal.
 * @param options `handleSignals`: which signals cancel `main`; `gracePeriod`: how long it may clean up
 *   then; `signal`: to cancel it from elsewhere; `debug`: say what hides in the program.
 * @returns What `main` resolves with.
 * @throws {TypeError} (as a rejection) If `main` is not a function, or an option of the wrong type.
 * @throws {RangeError} (as a rejection) If `gracePeriod` is `NaN` or negative.
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
  checkOptions("run", options, OPTIONS);
  const { handleSignals, gracePeriod = Infinity, signal, debug } = options ?? {};
  const signals = readSignals(handleSignals);
  checkSpan("run", "gracePeriod", gracePeriod);
  checkSignal("run", signal);
  if (debug !== undefined && typeof debug !== "boolean") {
    throw new TypeError(`Cannot run: debug must be a boolean, received ${show(debug)}`);
  }
  if (enclosingRun().open) {
    throw new InvalidStateError("Cannot run: this is inside a running run");
  }
  const debugs = debug ?? readEnv("STRAND_DEBUG") === "1";
  const debugMode = debugs ? DebugMode.start() : undefined;
  const runContext = new RunContext(true);
  runContexts.add(runContext);
  const task = taskInternals.create(main, { name: "main" }, runContext);
  futureInternals.markRetrieved(task);
  const subscription = signal && whenAborted(signal, () => task.cancel(signal.reason));
  const interrupts = new Interrupts(task, gracePeriod);
  interrupts.listen(signals, handleSignals === undefined || handleSignals === true);
  const stuck = new StuckRun(runContext, signals.length > 0, () => interrupts.unlisten());
  try {
    await runInScope(undefined, () => ended(task));
    if (debugs) reportCutOff(runContext);
    await cancelAll(runContext, task);
    await runInScope(undefined, endShared);
  } finally {
    stuck.stop();
    subscription?.end();
    debugMode?.stop();
    runContext.open = false;
    runContexts.delete(runContext);
    runContext.numbers.end();
    interrupts.stop();
  }
  if (interrupts.seen !== undefined && task.cancelled()) await interrupts.exit();
  return await runInScope(undefined, () => futureInternals.promise(task));
}

/** Debug mode: name the tasks that the end of the run cuts off. */
function reportCutOff(runContext: RunContext): void {
  const rest = taskTree().find(({ kind, name }) => kind === "run" && name === runContext.name);
  if (rest === undefined || rest.children.length === 0) return;
  console.error(
    `Strand: the end of run cuts off what still runs:\n${formatTaskTree(rest.children)}`,
  );
}
